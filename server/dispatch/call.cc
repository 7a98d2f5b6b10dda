#include "server/dispatch/call.h"

#include <utility>

#include "server/dispatch/dispatcher.h"
#include "server/dispatch/redaction.h"

namespace shoal::dispatch {

Call::Outcome Call::run(const Invocation& invocation, KeyAccess& keys, protocol::Output& to) {
  CHECK(!deferred_);
  // Rows of that route may run on another core than the session's.
  const bool sees_session = invocation.command->route != Route::kKeys;
  protocol::ReplyWriter reply(to, session_.resp);
  const Runner::Outcome outcome =
      sees_session ? dispatcher_.runner().run(invocation, reply, keys, &session_, &make_deferral_)
                   : dispatcher_.runner().run(invocation, reply, keys, nullptr);
  dispatcher_.count_lookups(keys);
  dispatcher_.reach().settle();
  ticks_ = outcome.ticks;
  if (outcome.deferred) [[unlikely]] {
    deferred_ = true;
    return Outcome::kDeferred;
  }
  report_if_slow(invocation);
  return Outcome::kReplied;
}

void Call::resume(const Invocation& invocation, const Deferral::WriteReply& write_reply, KeyAccess& keys,
                  protocol::Output& to) {
  CHECK(deferred_);
  deferred_ = false;
  protocol::ReplyWriter reply(to, session_.resp);
  Context context(invocation, reply, keys, dispatcher_.services(), &session_);
  write_reply(context);
  ticks_ += dispatcher_.runtime().nanos_to_ticks(static_cast<std::uint64_t>(context.work()) * 1000);
  dispatcher_.runner().record(*invocation.command, ticks_, context.error_code());
  report_if_slow(invocation);
}

void Call::report_if_slow(const Invocation& invocation) {
  if (ticks_ < dispatcher_.slow_ticks()) [[likely]]
    return;
  dispatcher_.services().report_slow(session_, *invocation.command, slowlog_args(invocation), ticks_);
}

std::vector<std::string> slowlog_args(const Invocation& invocation) {
  return metrics::Slowlog::clip(without_secrets(*invocation.command, invocation.args));
}

}  // namespace shoal::dispatch
