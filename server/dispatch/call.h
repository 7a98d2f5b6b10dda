// Call: how a pipeline calls the handlers of its session's commands, one at a time; with what belongs to a
// call beside the reply: its statistics, the slow log, and the patience that a deferred reply needs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/dispatch/context.h"
#include "server/dispatch/runner.h"

namespace shoal::dispatch {

class Dispatcher;

class Call {
 public:
  enum class Outcome : std::uint8_t { kReplied, kDeferred };

  Call(Dispatcher& dispatcher, Session& session, std::function<Deferral()> make_deferral)
      : dispatcher_(dispatcher), session_(session), make_deferral_(std::move(make_deferral)) {}

  /// Calls the handler, which appends its reply to `to`, or says that it replies later: then nothing else is
  /// called until resume().
  Outcome run(const Invocation& invocation, KeyAccess& keys, protocol::Output& to);
  bool is_deferred() const { return deferred_; }
  /// Appends to `to` the reply of the command that deferred it, the same `invocation`.
  void resume(const Invocation& invocation, const Deferral::WriteReply& write_reply, KeyAccess& keys,
              protocol::Output& to);
  /// How long the last command took that replied, in processor ticks.
  std::uint64_t ticks() const { return ticks_; }

 private:
  void report_if_slow(const Invocation& invocation);

  Dispatcher& dispatcher_;
  Session& session_;
  std::function<Deferral()> make_deferral_;
  std::uint64_t ticks_ = 0;
  bool deferred_ = false;
};

/// The arguments as the slow log keeps them: secrets hidden, long ones cut.
std::vector<std::string> slowlog_args(const Invocation& invocation);

}  // namespace shoal::dispatch
