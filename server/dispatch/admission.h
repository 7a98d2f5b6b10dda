// Admission: whether a request may run in the state its core and its session are in. States are bits, a
// command's flags say which of them forbid it, and each has a row with what the client is told.
#pragma once

#include <string>

#include "server/dispatch/command_table.h"
#include "server/dispatch/session.h"

namespace shoal::dispatch {

inline bool arity_fits(const Command& command, std::size_t arg_count) {
  const auto count = static_cast<std::ptrdiff_t>(arg_count);
  return command.arity >= 0 ? count == command.arity : count >= -command.arity;
}

/// The states that refuse, hold back, queue or report this command.
std::uint32_t states_forbidding(const Command& command, const Session& session);
/// What to answer when one of these states refuses a command; empty when none does.
View refusal_text(std::uint32_t states);

/// Redis' error lines for requests that name no command, or give it the wrong number of arguments.
std::string unknown_command_text(const CommandTable& table, std::span<const View> args);
std::string wrong_arity_text(const Command& command);
/// What EXEC answers when it is itself refused with `error`.
std::string abort_text(View error);
/// The first word of a POST request, or of its Host line: a browser made to send requests here, not a client.
bool looks_like_http(View command_name);

}  // namespace shoal::dispatch
