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
  if (!context.deferred()) record(*invocation.command, ticks, context);
  return {ticks, context.deferred()};
}

void Runner::record(const Command& command, std::uint64_t ticks, const Context& context) {
  services_.statistics().record_call(table_.index_of(command), ticks);
  if (context.failed()) [[unlikely]]
    services_.statistics().record_failure(table_.index_of(command), context.error_code());
}

void Runner::record_call(const Command& command, std::uint64_t ticks) {
  services_.statistics().record_call(table_.index_of(command), ticks);
}

void Runner::record_rejected(const Command* command, View error_text) {
  const View code = error_text.substr(0, error_text.find(' '));
  if (command == nullptr) {
    services_.statistics().record_error(code);
  } else {
    services_.statistics().record_rejection(table_.index_of(*command), code);
  }
}

}  // namespace shoal::dispatch
