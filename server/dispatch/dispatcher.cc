#include "server/dispatch/dispatcher.h"

namespace shoal::dispatch {

Dispatcher::Dispatcher(Node& node, runtime::Runtime& runtime, CoreServices& services)
    : node_(node),
      runtime_(runtime),
      services_(services),
      runner_(runtime, services, node.table()),
      reach_(node, runtime, services.counters()),
      frequency_(runtime.random()) {}

void Dispatcher::make_moment(Millis now) {
  const config::MemorySettings& settings = services_.server().settings().memory;
  const bool by_frequency = settings.policy == config::EvictionPolicy::kAllkeysLfu ||
                            settings.policy == config::EvictionPolicy::kVolatileLfu;
  frequency_.configure(static_cast<std::uint32_t>(settings.lfu_log_factor),
                       static_cast<std::uint32_t>(settings.lfu_decay_minutes));
  moment_ = {now, by_frequency ? eviction::AccessClock::frequency(now, frequency_)
                               : eviction::AccessClock::recency(now)};
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
      const std::unique_ptr<Visit> visit(&static_cast<Visit&>(message));
      visit->run(services_);
      moment_.now = kNoMoment;  // Settings change in visits, and with them the policy's clock.
      return;
    }
    default: check_failed(__FILE__, __LINE__, "a message of an unknown kind");
  }
}

// Parts and loans belong to their pipelines.
void Dispatcher::discard(runtime::Message& message) {
  if (message.kind == kVisit) delete &static_cast<Visit&>(message);
}

void Dispatcher::visit_core(CoreId core, std::function<void(CoreServices&)> visit) {
  runtime_.post(core, *new Visit(std::move(visit)));  // The receiver frees it.
}

void Dispatcher::visit_every_core(std::function<void(CoreServices&)> visit, std::function<void()> then) {
  struct Round {
    std::function<void(CoreServices&)> visit;
    std::function<void()> then;
    std::size_t outstanding;  // counted at home
  };
  const auto round = std::make_shared<Round>(Round{std::move(visit), std::move(then), node_.core_count()});
  const auto call_and_report = [round, home = runtime_.core()](CoreServices& there) {
    round->visit(there);
    there.server().on_core(home, [round](CoreServices&) {
      if (--round->outstanding == 0) round->then();
    });
  };
  for (CoreId core = 0; core < node_.core_count(); ++core) visit_core(core, call_and_report);
}

}  // namespace shoal::dispatch
