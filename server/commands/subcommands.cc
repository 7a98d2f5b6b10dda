#include "server/commands/subcommands.h"

#include <fmt/format.h>

namespace shoal::commands {

void reply_help(dispatch::Context& ctx, View container, std::span<const View> lines) {
  ctx.reply.array(lines.size() + 3);
  ctx.reply.simple_string(
      fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", container));
  for (const View line : lines) ctx.reply.simple_string(line);
  ctx.reply.simple_string("HELP");
  ctx.reply.simple_string("    Prints this help.");
}

void fail_subcommand(dispatch::Context& ctx, View container) {
  constexpr std::size_t kShownMax = 128;
  ctx.fail(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                       ctx.args[1].substr(0, kShownMax), container));
}

}  // namespace shoal::commands
