// Asking every core a question and replying once all have answered.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "server/dispatch/context.h"
#include "server/dispatch/core_services.h"

namespace shoal::commands {

/// Runs `collect` on every core, then `reply` here with the answers, by core. Only for rows with kMayDefer.
/// `collect` is called concurrently, and must own what it reads besides its core.
template <class Collect, class Reply>
void gather(dispatch::Context& ctx, Collect collect, Reply reply) {
  using Answer = decltype(collect(std::declval<dispatch::CoreServices&>()));
  dispatch::Server& server = ctx.core.server();
  // Each core writes its own element only.
  auto answers = std::make_shared<std::vector<std::unique_ptr<Answer>>>(server.core_count());
  const dispatch::Deferral deferral = ctx.defer();
  server.on_every_core(
      [answers, collect = std::move(collect)](dispatch::CoreServices& core) {
        (*answers)[core.id()] = std::make_unique<Answer>(collect(core));
      },
      [answers, deferral, reply = std::move(reply)] {
        deferral.resume([answers, reply](dispatch::Context& context) { reply(context, *answers); });
      });
}

/// The answers of gather(), one for each core.
template <class Answer>
using Answers = std::vector<std::unique_ptr<Answer>>;

/// Runs `visit` on every core, then replies OK.
template <class Visit>
void everywhere_then_ok(dispatch::Context& ctx, Visit visit) {
  const dispatch::Deferral deferral = ctx.defer();
  ctx.core.server().on_every_core(std::move(visit), [deferral] {
    deferral.resume([](dispatch::Context& context) { context.reply.ok(); });
  });
}

}  // namespace shoal::commands
