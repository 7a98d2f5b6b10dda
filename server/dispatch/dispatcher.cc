#include "server/dispatch/dispatcher.h"

#include "eviction/recency.h"

namespace shoal::dispatch {

Dispatcher::Dispatcher(Node& node, runtime::Runtime& runtime, CoreServices& services)
    : node_(node),
      runtime_(runtime),
      services_(services),
      runner_(runtime, services, node.table()),
      reach_(node, runtime) {}

Moment Dispatcher::moment() const {
  const Millis now = runtime_.wall_clock();
  return {now, eviction::access_clock(now)};
}

void Dispatcher::count_lookups(KeyAccess& keys) {
  LookupCounts& lookups = keys.lookups();
  if (lookups.hits != 0) services_.counters().keyspace_hits.add(lookups.hits);
  if (lookups.misses != 0) services_.counters().keyspace_misses.add(lookups.misses);
  lookups = {};
}

// Only what this core may read: lent slots change under their borrower, so with loans about nothing is looked
// at ahead.
void Dispatcher::fetch_noted_keys(const Domain& domain) {
  if (domain.loans.any()) return key_fetch_.clear();
  key_fetch_.run(node_.keyspace());
}

void Dispatcher::deliver(runtime::Message& message) {
  switch (message.kind) {
    case kPartToRun: return static_cast<RemotePart&>(message).run(*this);
    case kPartDone: {
      auto& part = static_cast<RemotePart&>(message);
      return part.home().on_part_home(part);
    }
    case kLoanAsked: return static_cast<Loan&>(message).ask(*this);
    case kLoanAnswered: {
      auto& loan = static_cast<Loan&>(message);
      return loan.home().on_answered(loan);
    }
    case kLoanReturned: return static_cast<Loan&>(message).settle(*this);
    case kLoanSettled: {
      auto& loan = static_cast<Loan&>(message);
      return loan.home().on_settled(loan);
    }
    case kVisit: {
      auto& visit = static_cast<Visit&>(message);
      visit.group->visit(services_);
      visit.kind = kVisitDone;
      return runtime_.post(visit.home, visit);
    }
    case kVisitDone: return on_visit_done(static_cast<Visit&>(message));
    default: check_failed(__FILE__, __LINE__, "a message of an unknown kind");
  }
}

void Dispatcher::visit_every_core(std::function<void(CoreServices&)> visit, std::function<void()> then) {
  auto group = std::make_shared<VisitGroup>();
  group->visit = std::move(visit);
  group->then = std::move(then);
  group->outstanding = node_.core_count();
  for (CoreId core = 0; core < node_.core_count(); ++core) {
    // Owned by the message system until it is home again (on_visit_done).
    auto* message = new Visit(group);
    message->home = runtime_.core();
    runtime_.post(core, *message);
  }
}

void Dispatcher::on_visit_done(Visit& visit) {
  const std::shared_ptr<VisitGroup> group = std::move(visit.group);
  delete &visit;
  if (--group->outstanding == 0) group->then();
}

}  // namespace shoal::dispatch
