#include "server/dispatch/admission.h"

#include <fmt/format.h>
#include <algorithm>

#include "server/dispatch/errors.h"
#include "storage/base/ascii.h"

namespace shoal::dispatch {

namespace {

// Which flags excuse a command from a state; a state that no flag excuses from concerns everybody.
struct ForbidRow {
  State state;
  std::uint32_t only_with;  // 0: all commands; else only those that have one of these flags
  std::uint32_t except;     // not those that have one of these
};
// clang-format off
constexpr ForbidRow kForbids[] = {
    {kNotAuthenticated, 0,                      kNoAuth},
    {kQueueing,         0,                      kRunsInMulti},
    {kLoading,          0,                      kLoadingOk},
    {kOverMemory,       kGrows,                 0},
    {kReadOnlyReplica,  kWrite,                 0},
    {kPausedForWrites,  kWrite | kMayReplicate, 0},
    {kPausedForAll,     0,                      0},
    {kMonitored,        0,                      kSkipMonitor | kAdmin},
};

struct ReasonRow {
  State state;
  Error error;
};
constexpr ReasonRow kReasons[] = {  // in the order they are checked
    {kNotAuthenticated, Error::kNoAuth},
    {kOverMemory,       Error::kOutOfMemory},
    {kReadOnlyReplica,  Error::kReadOnlyReplica},
    {kLoading,          Error::kLoading},
};
// clang-format on

std::uint32_t states_for(std::uint32_t flags) {
  std::uint32_t states = 0;
  for (const ForbidRow& row : kForbids) {
    if (row.only_with != 0 && (flags & row.only_with) == 0) continue;
    if ((flags & row.except) != 0) continue;
    states |= row.state;
  }
  return states;
}

// Redis shows at most 128 bytes of what the client sent.
constexpr std::size_t kQuotedMax = 128;

// The beginning of an argument, as an error quotes it: up to a zero byte.
View quoted(View arg, std::size_t bytes_max = kQuotedMax) {
  return arg.substr(0, std::min(arg.find('\0'), bytes_max));
}

}  // namespace

std::uint32_t states_forbidding(const Command& command, const Session& session) {
  std::uint32_t flags = command.flags;
  // EXEC writes if one of its commands does.
  if (command.has(kUsesQueue)) {
    for (const QueuedCommand& queued : session.transaction.queue)
      flags |= queued.command->flags & (kWrite | kMayReplicate);
  }
  return states_for(flags);
}

View refusal_text(std::uint32_t states) {
  for (const ReasonRow& row : kReasons) {
    if ((states & row.state) != 0) return error_text(row.error);
  }
  return {};
}

std::string unknown_command_text(const CommandTable& table, std::span<const View> args) {
  const Command* container = table.find_name(args[0]);
  if (container != nullptr && container->has(kContainer) && args.size() >= 2) {
    // A row with flags of its own and nothing to run is a single command to Redis, which reads its arguments
    // itself.
    const bool is_single = container->flags != kContainer && container->handler == nullptr;
    return fmt::format("ERR unknown subcommand {}'{}'. Try {} HELP.",
                       is_single ? "or wrong number of arguments for " : "", quoted(args[1]),
                       container->name);
  }
  std::string shown;
  for (std::size_t i = 1; i < args.size() && shown.size() < kQuotedMax; ++i) {
    shown += fmt::format("'{}' ", quoted(args[i], kQuotedMax - shown.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}", quoted(args[0]), shown);
}

std::string abort_text(View error) {
  return fmt::format("EXECABORT Transaction discarded because of: {}", error.substr(error.find(' ') + 1));
}

bool looks_like_http(View command_name) {
  return equal_ignoring_case(command_name, "POST") || equal_ignoring_case(command_name, "Host:");
}

std::string wrong_arity_text(const Command& command) {
  return fmt::format("ERR wrong number of arguments for '{}' command", shown_name(command));
}

}  // namespace shoal::dispatch
