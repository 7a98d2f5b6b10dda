// Runner: calls a command's handler, counts it and times it. One per core; every command of whatever route
// ends here.
#pragma once

#include "server/dispatch/context.h"
#include "server/dispatch/core_services.h"
#include "server/runtime/runtime.h"

namespace shoal::dispatch {

class Runner {
 public:
  Runner(runtime::Runtime& runtime, CoreServices& services, const CommandTable& table)
      : runtime_(runtime), services_(services), table_(table) {}

  /// Before the first of some commands that run one after another. Each of them is then timed from the end of
  /// the one before, which spares one reading of the clock of two: 3 % of a pipelined GET.
  void start_clock() { clock_ = runtime_.ticks(); }
  struct Outcome {
    std::uint64_t ticks;  // how long it took
    bool deferred;
  };
  /// Runs one command and counts it; its reply is complete when this returns, unless deferred: then the
  /// caller counts. `session` is null when the command runs away from its client's core, or must not see it.
  Outcome run(const Invocation& invocation, protocol::ReplyWriter& reply, KeyAccess& keys, Session* session,
              std::function<Deferral()>* make_deferral = nullptr);

  /// Counts a command that replied otherwise: one that was deferred, or that the pipeline itself carries out
  /// (EXEC). `error_code` is empty when it succeeded.
  void record(const Command& command, std::uint64_t ticks, View error_code);
  /// Counts a request that was refused before it ran; `command` is null when it names none.
  void record_rejected(const Command* command, View error_text);

 private:
  runtime::Runtime& runtime_;
  CoreServices& services_;
  const CommandTable& table_;
  std::uint64_t clock_ = 0;  // when the last command ended
};

}  // namespace shoal::dispatch
