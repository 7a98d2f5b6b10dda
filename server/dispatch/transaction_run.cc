#include "server/dispatch/transaction_run.h"

#include "server/dispatch/admission.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/watch.h"

namespace shoal::dispatch {

void ReadyCommand::load(const QueuedCommand& queued) {
  args.assign(queued.args.begin(), queued.args.end());
  keys.clear();
  append_keys(*queued.command, args, keys);
}

TransactionRun::Progress TransactionRun::run(const Invocation& exec, KeyAccess& keys) {
  if (running_ || begin(exec, keys)) {
    for (; next_ < session_.transaction.queue.size(); ++next_) {
      if (run_next(keys) == Call::Outcome::kDeferred) return Progress::kWaiting;
      ticks_ += call_.ticks();
    }
    dispatcher_.runner().record(*exec.command, ticks_, {});
    leave();
  }
  feed_monitors(*exec.command, exec.args);  // behind the commands it ran
  return Progress::kDone;
}

// Whether the transaction is to run; if not, EXEC has been answered.
bool TransactionRun::begin(const Invocation& exec, KeyAccess& keys) {
  if (!session_.is_queueing() && !session_.transaction.must_abort) {
    refuse(exec, error_text(Error::kExecWithoutMulti));
    return false;
  }
  const ExecVerdict verdict = exec_verdict(session_, keys);
  forget_watches(session_, keys);
  dispatcher_.reach().settle();
  if (verdict == ExecVerdict::kRun) {
    protocol::ReplyWriter(replies_, session_.resp).array(session_.transaction.queue.size());
    running_ = true;
    next_ = 0;
    ticks_ = 0;
    return true;
  }
  if (verdict == ExecVerdict::kAborted) {
    const std::string& reason = session_.transaction.abort_reason;
    refuse(exec, reason.empty() ? error_text(Error::kExecAborted) : View(reason));
  } else {
    protocol::ReplyWriter(replies_, session_.resp).null_array();
    dispatcher_.runner().record(*exec.command, 0, {});
  }
  leave();
  return false;
}

void TransactionRun::refuse(const Invocation& exec, View error) {
  protocol::ReplyWriter(replies_, session_.resp).error(error);
  dispatcher_.runner().record(*exec.command, 0, error_code(error));
}

void TransactionRun::leave() {
  running_ = false;
  session_.state &= ~static_cast<std::uint32_t>(kQueueing);
  session_.transaction = {};
}

Call::Outcome TransactionRun::run_next(KeyAccess& keys) {
  ready_.load(session_.transaction.queue[next_]);
  keys.set_database(session_.database);  // a SELECT before it counts
  keys.set_touch(session_.no_touch ? KeyAccess::Touch::kNo : KeyAccess::Touch::kYes);
  feed_monitors(*session_.transaction.queue[next_].command, ready_.args);
  return call_.run(next_invocation(), keys, replies_);
}

void TransactionRun::resume(const Deferral::WriteReply& write_reply, KeyAccess& keys) {
  call_.resume(next_invocation(), write_reply, keys, replies_);
  ticks_ += call_.ticks();
  ++next_;
}

Invocation TransactionRun::next_invocation() const {
  Invocation invocation;
  invocation.command = session_.transaction.queue[next_].command;
  invocation.args = ready_.args;
  invocation.keys = ready_.keys;
  invocation.in_exec = true;
  return invocation;
}

void TransactionRun::feed_monitors(const Command& command, std::span<const View> args) {
  if ((dispatcher_.state() & states_forbidding(command, session_) & kMonitored) != 0) [[unlikely]]
    dispatcher_.services().feed_monitors(session_, args);
}

}  // namespace shoal::dispatch
