// SLOWLOG: the commands that took long, of all cores together.
#include <algorithm>

#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/subcommands.h"
#include "storage/base/numbers.h"

namespace shoal::commands {

namespace {

using namespace dispatch;
using metrics::SlowlogEntry;
using Entries = std::vector<SlowlogEntry>;

Entries collect_entries(CoreServices& core) {
  const auto& entries = core.slowlog().entries();
  return {entries.begin(), entries.end()};
}

// The newest first. Each core may keep as many as the whole server shows.
Entries newest_first(const Answers<Entries>& answers, std::size_t count_max) {
  Entries all;
  for (const auto& entries : answers) all.insert(all.end(), entries->begin(), entries->end());
  std::sort(all.begin(), all.end(),
            [](const SlowlogEntry& one, const SlowlogEntry& other) { return one.id > other.id; });
  if (all.size() > count_max) all.resize(count_max);
  return all;
}

std::size_t entries_max(const Context& ctx) {
  return static_cast<std::size_t>(ctx.core.server().settings().latency.slowlog_entries_max);
}

void write_entry(Context& ctx, const SlowlogEntry& entry) {
  ctx.reply.array(6);
  ctx.reply.integer(static_cast<std::int64_t>(entry.id));
  ctx.reply.integer(entry.unix_seconds);
  ctx.reply.integer(entry.duration);
  ctx.reply.array(entry.args.size());
  for (const std::string& arg : entry.args) ctx.reply.bulk(arg);
  ctx.reply.bulk(entry.client_address);
  ctx.reply.bulk(entry.client_name);
}

void get(Context& ctx) {
  if (ctx.args.size() > 3) return fail_subcommand(ctx, "SLOWLOG");
  constexpr std::size_t kDefaultCount = 10;
  std::size_t count_max = std::min(kDefaultCount, entries_max(ctx));
  if (ctx.args.size() == 3) {
    const auto count = parse_integer(ctx.args[2]);
    if (!count || *count < -1) return ctx.fail("ERR count should be greater than or equal to -1");
    count_max =
        *count == -1 ? entries_max(ctx) : std::min(static_cast<std::size_t>(*count), entries_max(ctx));
  }
  gather(ctx, collect_entries, [count_max](Context& context, const Answers<Entries>& answers) {
    const Entries entries = newest_first(answers, count_max);
    context.reply.array(entries.size());
    for (const SlowlogEntry& entry : entries) write_entry(context, entry);
  });
}

void len(Context& ctx) {
  const auto collect = [](CoreServices& core) { return core.slowlog().entries().size(); };
  gather(ctx, collect, [](Context& context, const Answers<std::size_t>& answers) {
    std::size_t length = 0;
    for (const auto& count : answers) length += *count;
    context.reply.integer(static_cast<std::int64_t>(std::min(length, entries_max(context))));
  });
}

void reset(Context& ctx) {
  everywhere_then_ok(ctx, [](CoreServices& core) { core.slowlog().reset(); });
}

void help(Context& ctx) {
  constexpr View kLines[] = {
      "GET [<count>]",
      "    The newest entries (default: 10, -1 for all). Each is an id, a Unix time,",
      "    the microseconds it took, the arguments, the client's address and its name.",
      "LEN",
      "    How many entries there are.",
      "RESET",
      "    Forget all entries.",
  };
  reply_help(ctx, "SLOWLOG", kLines);
}

constexpr Route kHere = Route::kAnywhere;
constexpr Group kServer = Group::kServer;
constexpr std::uint32_t kAdministration = kAdmin | kLoadingOk | kStaleOk | kMayDefer;

// clang-format off
constexpr Command kSubcommands[] = {
    Command{"SLOWLOG|GET", -2, kAdministration, kHere, kNoKeys, get, kServer, "2.2.12",
     "O(N) for N entries", "Returns the commands that took long", "[count]"}
         .with({.tips = "nondeterministic_output request_policy:all_nodes",
           .history = {{"4.0.0", "Shows the client's address and name"}}}),
    {"SLOWLOG|HELP", 2, kLoadingOk | kStaleOk, kHere, kNoKeys, help, kServer, "6.2.0", "O(1)",
     "Returns a text about the subcommands", ""},
    Command{"SLOWLOG|LEN", 2, kAdministration, kHere, kNoKeys, len, kServer, "2.2.12", "O(1)",
     "Counts the commands that took long", ""}.with_tips("nondeterministic_output request_policy:all_nodes response_policy:agg_sum"),
    Command{"SLOWLOG|RESET", 2, kAdministration, kHere, kNoKeys, reset, kServer, "2.2.12",
     "O(N) for N entries", "Forgets the commands that took long", ""}
         .with_tips("request_policy:all_nodes response_policy:all_succeeded"),
};

constexpr Command kRows[] = {
    {"SLOWLOG", -2, kContainer, kHere, kNoKeys, nullptr, kServer, "2.2.12", "As the subcommand says",
     "Commands about the commands that took long", "", kNoExtraCategory, kSubcommands},
};
// clang-format on

}  // namespace

Family slowlog_family() {
  return kRows;
}

}  // namespace shoal::commands
