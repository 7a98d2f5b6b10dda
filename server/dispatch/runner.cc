#include "server/dispatch/runner.h"

#include <utility>

namespace shoal::dispatch {

Runner::Outcome Runner::run(const Invocation& invocation, protocol::ReplyWriter& reply, KeyAccess& keys,
                            Session* session, std::function<Deferral()>* make_deferral) {
  Context context(invocation, reply, keys, services_, session);
  context.set_deferrer(make_deferral);
  invocation.command->handler(context);
  const std::uint64_t begin = std::exchange(clock_, runtime_.ticks());
  const std::uint64_t ticks = clock_ - begin;
  runtime_.keep_clock_fresh(clock_);
  if (!context.deferred()) record(*invocation.command, ticks, context.error_code());
  return {ticks, context.deferred()};
}

void Runner::record(const Command& command, std::uint64_t ticks, View error_code) {
  services_.statistics().record_call(table_.index_of(command), ticks);
  if (!error_code.empty()) [[unlikely]]
    services_.statistics().record_failure(table_.index_of(command), error_code);
}

void Runner::record_rejected(const Command* command, View error_text) {
  const View code = error_code(error_text);
  if (command == nullptr) {
    services_.statistics().record_error(code);
  } else {
    services_.statistics().record_rejection(table_.index_of(*command), code);
  }
}

}  // namespace shoal::dispatch
