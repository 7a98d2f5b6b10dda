#include "server/dispatch/pipeline.h"

#include <algorithm>
#include <utility>

#include "server/dispatch/admission.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/watch.h"

namespace shoal::dispatch {

Pipeline::Pipeline(Dispatcher& dispatcher, Session& session, protocol::Output& output, PipelineClient& client)
    : dispatcher_(dispatcher),
      session_(session),
      client_(client),
      window_(dispatcher),
      replies_(*this, session, output, dispatcher.chunks()),
      call_(dispatcher, session, [&client] { return client.make_deferral(); }),
      transaction_(dispatcher, session, call_, dispatcher.chunks()),
      borrowing_(dispatcher, *this) {}

void Pipeline::start(protocol::RequestBatch& batch) {
  CHECK(!has_batch_);
  has_batch_ = true;
  next_ = 0;
  admitted_ = false;
  window_.start(batch, session_.database);
}

Pipeline::Progress Pipeline::advance() {
  if (replies_.any_out() || loan_wait_ == LoanWait::kWaiting || call_.is_deferred() ||
      !(borrowing_.idle() || borrowing_.holding()))
    return Progress::kWaiting;
  session_.is_held_back = false;
  dispatcher_.fetch_ahead();
  dispatcher_.runner().start_clock();
  for (;;) {
    if (session_.close_now || session_.close_after_reply) [[unlikely]] {
      if (replies_.any_open()) return stop(Progress::kWaiting);
      break;  // What comes after a QUIT is not run.
    }
    if (next_ == window_.end()) {
      if (replies_.any_open()) return stop(Progress::kWaiting);
      if (window_.is_last()) break;
      window_.move_on(session_.database);
      dispatcher_.fetch_ahead();
      dispatcher_.runner().start_clock();
    }
    if (replies_.output().size() > kReplyBytesMax) [[unlikely]]
      return stop(Progress::kOutputFull);
    switch (step(next_)) {
      case Step::kNext: finish_request(); break;
      case Step::kWait: return stop(Progress::kWaiting);
      case Step::kPause: return stop(Progress::kPaused);
    }
  }
  dispatcher_.reach().let_go();
  has_batch_ = false;
  return Progress::kDone;
}

// Leaves the request at next_ for later. Those before it go their way meanwhile; until their replies are
// home, it is these that are waited for.
Pipeline::Progress Pipeline::stop(Progress progress) {
  dispatcher_.reach().let_go();
  if (!replies_.any_open()) return progress;
  replies_.send_off(dispatcher_.runtime());
  return Progress::kWaiting;
}

// ---- One request

Choices Pipeline::choices() const {
  return {session_.database, session_.resp,
          session_.no_touch ? KeyAccess::Touch::kNo : KeyAccess::Touch::kYes};
}

// To the keys of the own shard; with a router, to others that are in hand.
KeyAccess Pipeline::own_keys() const {
  return dispatcher_.access(dispatcher_.own().shard.effects(), choices());
}

Pipeline::Step Pipeline::step(std::size_t index) {
  if (!admitted_) {  // what had to wait for its turn was admitted before
    bool handled = false;
    const Step step = admit(index, handled);
    if (handled) return step;
    admitted_ = true;
  }
  const RequestWindow::Resolved& resolved = window_[index];
  const PlacedRequest request = window_.place(index, choices());
  switch (resolved.command->route) {
    case Route::kWalk:
      if (replies_.any_open()) return Step::kWait;  // it is to see what those write
      [[fallthrough]];
    case Route::kAnywhere: {
      KeyAccess keys = own_keys();
      return run(request, keys);
    }
    case Route::kKeys:
      return resolved.owner == RequestWindow::kSeveral ? run_over_cores(request) : run_in_one_shard(request);
    case Route::kSession:
    case Route::kWholeKeyspace: return run_over_cores(request);
  }
  return Step::kNext;
}

// Whether a request may run now. `handled`: it was answered, queued or held back instead.
Pipeline::Step Pipeline::admit(std::size_t index, bool& handled) {
  const RequestWindow::Resolved& resolved = window_[index];
  const std::span<const View> args = window_.args(index);
  handled = true;
  const Command* command = resolved.command;
  if (command == nullptr) [[unlikely]]
    return refuse_unknown(args);
  if (!arity_fits(*command, args.size())) [[unlikely]] {
    if (!command->has(kUsesQueue)) return refuse(command, wrong_arity_text(*command));
    // An EXEC that cannot be run ends transaction and watches all the same, also outside of one.
    session_.transaction.must_abort = true;
    session_.transaction.abort_reason = abort_text(wrong_arity_text(*command));
  }
  if (const std::uint32_t states = dispatcher_.state() | session_.state) [[unlikely]] {
    session_.last_command = command;  // Also of those that are queued or held back.
    const std::uint32_t forbidding = states & states_forbidding(*command, session_);
    session_.is_held_back = (forbidding & (kPausedForAll | kPausedForWrites)) != 0;
    if (session_.is_held_back) return Step::kPause;
    if (const View reason = refusal_text(forbidding); !reason.empty()) return refuse(command, reason);
    if (!resolved.key_error.empty()) return refuse(command, resolved.key_error);
    if ((forbidding & kQueueing) != 0) {
      if (command->has(kNoMulti)) return refuse(command, error_text(Error::kNotInTransaction));
      queue_command(*command, args);
      return Step::kNext;
    }
    // EXEC is shown behind the commands it ran.
    if ((forbidding & kMonitored) != 0 && !command->has(kUsesQueue))
      dispatcher_.services().feed_monitors(session_, args);
  }
  if (!resolved.key_error.empty()) [[unlikely]]
    return refuse(command, resolved.key_error);
  session_.last_command = command;
  ++session_.command_count;
  handled = false;
  return Step::kNext;
}

Pipeline::Step Pipeline::refuse_unknown(std::span<const View> args) {
  if (looks_like_http(args[0])) {
    dispatcher_.services().server().log().warning(
        "Closed a connection that spoke HTTP: somebody may be sending requests across protocols (id={} "
        "addr={})",
        session_.id, session_.peer_address);
    session_.close_now = true;
    return Step::kNext;
  }
  return refuse(nullptr, unknown_command_text(dispatcher_.node().table(), args));
}

Pipeline::Step Pipeline::refuse(const Command* command, View error) {
  if (session_.is_queueing()) session_.transaction.must_abort = true;
  const auto before = replies_.output().mark();
  protocol::ReplyWriter reply(replies_.output(), session_.resp);
  reply.error(error);
  dispatcher_.runner().record_rejected(command, error);
  replies_.add_local(before);
  return Step::kNext;
}

void Pipeline::queue_command(const Command& command, std::span<const View> args) {
  QueuedCommand queued{&command, {}};
  queued.args.assign(args.begin(), args.end());
  session_.transaction.queue_bytes += sizeof queued;
  for (const View arg : args) session_.transaction.queue_bytes += sizeof(std::string) + arg.size();
  session_.transaction.queue.push_back(std::move(queued));
  const auto before = replies_.output().mark();
  protocol::ReplyWriter(replies_.output(), session_.resp).simple_string("QUEUED");
  replies_.add_local(before);
}

// One shard has all it needs: ours, one that can be borrowed from its sleeping core, or else it is sent
// there.
Pipeline::Step Pipeline::run_in_one_shard(const PlacedRequest& request) {
  const CoreId owner = dispatcher_.node().owner(request.slot);
  const bool is_ours = owner == dispatcher_.reach().self();
  if (replies_.any_open()) [[unlikely]] {
    // A request must not overtake an earlier one of its connection to the same core.
    if (RemotePart* open = is_ours ? nullptr : replies_.open_part(owner)) return send_along(*open, request);
    if (dispatcher_.strict_pipeline_order()) return Step::kWait;
  }
  const bool was_in_hand = is_ours || dispatcher_.reach().holds(owner);
  Domain* domain = dispatcher_.reach().domain(owner);
  if (domain == nullptr) [[unlikely]]
    return send_along(replies_.part_for(owner), request);
  if (!was_in_hand) fetch_ahead_in(*domain, owner);
  if (domain->loans.any() || loan_wait_ != LoanWait::kNone) [[unlikely]]
    return run_among_loans(*domain, request);
  KeyAccess keys = dispatcher_.access(domain->shard.effects(), request.choices);
  return run(request, keys);
}

// The same when some of the shard's slots are lent, or this request has waited for one.
Pipeline::Step Pipeline::run_among_loans(Domain& domain, const PlacedRequest& request) {
  const bool is_ours = &domain == &dispatcher_.own();
  const LoanWait wait = std::exchange(loan_wait_, LoanWait::kNone);
  const bool has_its_turn = wait == LoanWait::kTurn || wait == LoanWait::kKeptTurn;
  const auto lent = has_its_turn ? held_slot(domain.loans, request) : lent_slot(domain.loans, request);
  if (lent && !is_ours) return send_along(replies_.part_for(dispatcher_.node().owner(request.slot)), request);
  Step step = Step::kWait;
  if (lent) {
    loan_wait_ = LoanWait::kWaiting;
    domain.loans.wait_for(*lent, *this);
  } else {
    KeyAccess keys = dispatcher_.access(domain.shard.effects(), request.choices);
    step = run(request, keys);
  }
  if (wait == LoanWait::kKeptTurn) domain.loans.end_turn(*this);
  return step;
}

// The keys of the window, from this request on, that are in a shard just borrowed.
void Pipeline::fetch_ahead_in(const Domain& domain, CoreId owner) {
  window_.note_keys_of(owner, next_, session_.database);
  dispatcher_.fetch_ahead(domain);
}

Pipeline::Step Pipeline::send_along(RemotePart& part, const PlacedRequest& request) {
  replies_.add_remote(part, static_cast<std::uint32_t>(next_), request.choices);
  return Step::kNext;
}

// ---- Several cores

Pipeline::Step Pipeline::run_over_cores(const PlacedRequest& request) {
  if (replies_.any_open()) return Step::kWait;  // everything before it first
  if (borrowing_.holding()) return run_holding_slots(request, borrowing_);
  if (!borrowing_.idle()) return Step::kWait;  // the last command's slots are still on their way home
  needs_.clear();
  collect_needs(*request.invocation.command, request.invocation.keys);
  if (slots_reachable()) return run_holding_slots(request, dispatcher_.reach());
  if (needs_.whole_keyspace) {
    borrowing_.ask_whole_keyspace();
  } else {
    borrowing_.ask(needs_.slots);
  }
  return Step::kWait;
}

void Pipeline::collect_needs(const Command& command, std::span<const Key> keys) {
  if (command.route == Route::kWholeKeyspace || command.route == Route::kWalk) needs_.whole_keyspace = true;
  for (const Key& key : keys) needs_.slots.push_back(key.slot);
  if (command.has(kUsesWatches)) {
    for (const WatchedKey& watched : session_.transaction.watches)
      needs_.slots.push_back(key_slot(watched.name));
  }
  if (!command.has(kUsesQueue) || session_.transaction.must_abort) return;
  for (const QueuedCommand& queued : session_.transaction.queue) {
    needs_.may_defer |= queued.command->has(kMayDefer);
    queued_.load(queued);
    collect_needs(*queued.command, queued_.keys);
  }
}

// Whether everything needed can be touched right now: no message, no waiting. A transaction in which a
// command may reply later cannot keep sleeping cores' shards that long, and takes the slots by loan.
bool Pipeline::slots_reachable() {
  const Node& node = dispatcher_.node();
  if (needs_.may_defer && (needs_.whole_keyspace || !needs_.slots.empty())) return false;
  if (needs_.whole_keyspace) {
    for (CoreId core = 0; core < node.core_count(); ++core) {
      Domain* domain = dispatcher_.reach().domain(core);
      if (domain == nullptr || domain->loans.any()) return false;
    }
    return true;
  }
  return std::all_of(needs_.slots.begin(), needs_.slots.end(), [this, &node](SlotId slot) {
    Domain* domain = dispatcher_.reach().domain(node.owner(slot));
    return domain != nullptr && !domain->loans.is_lent(slot);
  });
}

Pipeline::Step Pipeline::run_holding_slots(const PlacedRequest& request, EffectsRouter& router) {
  KeyAccess keys = own_keys();
  keys.set_router(&router);
  const Step step = request.invocation.command->has(kUsesQueue) ? run_transaction(request.invocation, keys)
                                                                : run(request, keys);
  if (step == Step::kNext && borrowing_.holding()) borrowing_.give_back();
  return step;
}

Pipeline::Step Pipeline::run_transaction(const Invocation& exec, KeyAccess& keys) {
  if (transaction_.run(exec, keys) == TransactionRun::Progress::kWaiting) return Step::kWait;
  const auto before = replies_.output().mark();
  replies_.output().append_chain(std::move(transaction_.replies()));
  replies_.add_local(before);
  return Step::kNext;
}

// ---- Replies

void Pipeline::finish_request() {
  ++next_;
  admitted_ = false;
}

Pipeline::Step Pipeline::run(const PlacedRequest& request, KeyAccess& keys) {
  const auto before = replies_.output().mark();
  if (call_.run(request.invocation, keys, replies_.output()) == Call::Outcome::kDeferred) [[unlikely]]
    return Step::kWait;
  replies_.add_local(before);
  return Step::kNext;
}

// ---- What others bring back

void Pipeline::on_part_home(RemotePart&) {
  if (!replies_.count_home()) return;
  replies_.merge([this](RemotePart::SlowCommand& slow) {
    dispatcher_.services().report_slow(session_, *slow.command, std::move(slow.args), slow.ticks);
  });
  client_.on_resumable();
}

LoanWaiter::Turn Pipeline::on_turn() {
  // With parts away it cannot run yet, and what holds those up might wait for this slot: then it is not kept.
  loan_wait_ = replies_.any_out() ? LoanWait::kTurn : LoanWait::kKeptTurn;
  client_.on_resumable();
  return loan_wait_ == LoanWait::kKeptTurn ? Turn::kKept : Turn::kOver;
}

void Pipeline::on_borrowed() {
  if (ending_ != Ending::kNo) wind_down();
  client_.on_resumable();
}

void Pipeline::on_returned() {
  if (ending_ != Ending::kNo) wind_down();
  client_.on_resumable();
}

void Pipeline::resume_deferred(const Deferral::WriteReply& write_reply) {
  KeyAccess keys = own_keys();
  if (transaction_.is_running()) {
    transaction_.resume(write_reply, keys);
  } else {
    const auto before = replies_.output().mark();
    const PlacedRequest request = window_.place(next_, choices());
    call_.resume(request.invocation, write_reply, keys, replies_.output());
    replies_.add_local(before);
    finish_request();
  }
  if (ending_ != Ending::kNo) wind_down();
  client_.on_resumable();
}

// ---- The end

void Pipeline::abandon() {
  ending_ = Ending::kAbandoned;
  has_batch_ = false;
  if (loan_wait_ == LoanWait::kWaiting || loan_wait_ == LoanWait::kKeptTurn)
    dispatcher_.own().loans.withdraw(*this);
  loan_wait_ = LoanWait::kNone;
  wind_down();
}

// One step after another, each when what it waits for has come: a transaction that has begun runs to its end,
// slots go back, the session's watches are ended.
void Pipeline::wind_down() {
  if (transaction_.is_running()) {
    if (call_.is_deferred() || !finish_transaction()) return;
  }
  if (borrowing_.holding()) {
    if (ending_ == Ending::kForgettingWatches) {
      KeyAccess keys = own_keys();
      keys.set_router(&borrowing_);
      forget_watches(session_, keys);
    }
    borrowing_.give_back();
  } else if (borrowing_.idle()) {
    forget_own_watches();
  }
}

// Nobody is there for its reply any more. Returns whether it is over.
bool Pipeline::finish_transaction() {
  KeyAccess keys = own_keys();
  if (borrowing_.holding()) keys.set_router(&borrowing_);
  const PlacedRequest exec = window_.place(next_, choices());
  const bool is_over = transaction_.run(exec.invocation, keys) == TransactionRun::Progress::kDone;
  dispatcher_.reach().let_go();
  return is_over;
}

void Pipeline::forget_own_watches() {
  if (session_.transaction.watches.empty()) return;
  needs_.clear();
  for (const WatchedKey& watched : session_.transaction.watches)
    needs_.slots.push_back(key_slot(watched.name));
  if (slots_reachable()) {
    KeyAccess keys = own_keys();
    keys.set_router(&dispatcher_.reach());
    forget_watches(session_, keys);
    return dispatcher_.reach().let_go();
  }
  dispatcher_.reach().let_go();
  ending_ = Ending::kForgettingWatches;
  borrowing_.ask(needs_.slots);
}

}  // namespace shoal::dispatch
