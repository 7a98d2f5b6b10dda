// What container commands (CLIENT, CONFIG...) have in common.
#pragma once

#include <span>

#include "server/dispatch/context.h"

namespace shoal::commands {

/// HELP: `lines` between the usual first and last ones, as simple strings. `container` is the name, such as
/// "CLIENT".
void reply_help(dispatch::Context& ctx, View container, std::span<const View> lines);

/// A subcommand whose arguments make no sense: "unknown subcommand or wrong number of arguments for 'X'. Try
/// Y HELP."
void fail_subcommand(dispatch::Context& ctx, View container);

}  // namespace shoal::commands
