// LATENCY: moments at which clients had to wait, and how long commands take.
#include <fmt/format.h>

#include <algorithm>

#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/latency_report.h"
#include "server/commands/subcommands.h"
#include "server/dispatch/command_table.h"

namespace shoal::commands {

namespace {

using namespace dispatch;
using metrics::CommandStatistics;
using metrics::LatencyEvent;
using metrics::LatencyMonitor;

LatencyMonitor collect_monitor(CoreServices& core) {
  return core.latency();
}

LatencyMonitor merge(const Answers<LatencyMonitor>& answers) {
  LatencyMonitor all;
  for (const auto& answer : answers) all.merge(*answer);
  return all;
}

void latest(Context& ctx) {
  gather(ctx, collect_monitor, [](Context& context, const Answers<LatencyMonitor>& answers) {
    const LatencyMonitor all = merge(answers);
    context.reply.array(all.events().size());
    for (const LatencyEvent& event : all.events()) {
      context.reply.array(4);
      context.reply.bulk(event.name);
      context.reply.integer(event.samples.back().unix_seconds);
      context.reply.integer(event.samples.back().latency);
      context.reply.integer(event.worst);
    }
  });
}

void history(Context& ctx) {
  gather(ctx, collect_monitor, [](Context& context, const Answers<LatencyMonitor>& answers) {
    const LatencyMonitor all = merge(answers);
    const LatencyEvent* event = all.find(context.args[2]);
    if (event == nullptr) return context.reply.array(0);
    context.reply.array(event->samples.size());
    for (const metrics::LatencySample& sample : event->samples) {
      context.reply.array(2);
      context.reply.integer(sample.unix_seconds);
      context.reply.integer(sample.latency);
    }
  });
}

void graph(Context& ctx) {
  gather(ctx, collect_monitor, [](Context& context, const Answers<LatencyMonitor>& answers) {
    const LatencyMonitor all = merge(answers);
    const LatencyEvent* event = all.find(context.args[2]);
    if (event == nullptr) {
      const View name = context.args[2];
      return context.fail(
          fmt::format("ERR No samples available for event '{}'", name.substr(0, name.find('\0'))));
    }
    context.reply.verbatim(latency_graph(*event, context.core.wall_clock() / 1000));
  });
}

void doctor(Context& ctx) {
  gather(ctx, collect_monitor, [](Context& context, const Answers<LatencyMonitor>& answers) {
    context.reply.verbatim(latency_diagnosis(merge(answers), context.core.server().settings().latency,
                                             context.core.wall_clock() / 1000));
  });
}

// Counts events rather than cores' records of them.
void reset(Context& ctx) {
  std::vector<std::string> events(ctx.args.begin() + 2, ctx.args.end());
  const auto collect = [events](CoreServices& core) {
    std::vector<std::string> forgotten;
    for (const LatencyEvent& event : core.latency().events()) {
      const bool named =
          events.empty() || std::find(events.begin(), events.end(), event.name) != events.end();
      if (named) forgotten.push_back(event.name);
    }
    for (const std::string& event : forgotten) core.latency().reset(event);
    return forgotten;
  };
  gather(ctx, collect, [](Context& context, const Answers<std::vector<std::string>>& answers) {
    std::vector<std::string> all;
    for (const auto& forgotten : answers) all.insert(all.end(), forgotten->begin(), forgotten->end());
    std::sort(all.begin(), all.end());
    const auto distinct = std::unique(all.begin(), all.end()) - all.begin();
    context.reply.integer(distinct);
  });
}

// ---- HISTOGRAM

// Calls that took at most 1, 2, 4... microseconds, as far as that number still grows.
void write_histogram(Context& ctx, const metrics::Histogram& ticks) {
  ctx.reply.map(2);
  ctx.reply.bulk("calls");
  ctx.reply.integer(static_cast<std::int64_t>(ticks.count()));
  ctx.reply.bulk("histogram_usec");
  const auto map = ctx.reply.begin_array();
  std::size_t pairs = 0;
  std::uint64_t shown = 0;
  std::size_t bucket = 0;
  std::uint64_t up_to_here = 0;
  for (std::uint64_t micros = 1; shown < ticks.count(); micros *= 2) {
    for (; bucket < metrics::Histogram::kBuckets; ++bucket) {
      const std::uint64_t nanos = ctx.core.ticks_to_nanos(metrics::Histogram::bucket_end(bucket));
      // The last bucket has no end.
      if (nanos > micros * 1000 && bucket + 1 < metrics::Histogram::kBuckets) break;
      up_to_here += ticks.bucket_count(bucket);
    }
    if (up_to_here == shown) continue;
    shown = up_to_here;
    ctx.reply.integer(static_cast<std::int64_t>(micros));
    ctx.reply.integer(static_cast<std::int64_t>(shown));
    ++pairs;
  }
  ctx.reply.end_map(map, pairs);
}

// The rows asked for that have been called: a container's name stands for all its subcommands.
std::vector<std::size_t> rows_of(const CommandTable& table, std::span<const View> names,
                                 const CommandStatistics& all) {
  std::vector<const Command*> wanted;
  if (names.empty()) wanted.assign(table.commands().begin(), table.commands().end());
  for (const View name : names) {
    if (const Command* command = table.find_name(name)) wanted.push_back(command);
  }
  std::vector<std::size_t> rows;
  const auto add = [&](const Command& command) {
    const std::size_t index = table.index_of(command);
    if (all.distribution(index) != nullptr) rows.push_back(index);
  };
  for (const Command* command : wanted) {
    add(*command);
    for (const Command& subcommand : command->subcommands) add(subcommand);
  }
  return rows;
}

void histogram(Context& ctx) {
  const auto collect = [](CoreServices& core) { return core.statistics(); };
  gather(ctx, collect, [](Context& context, const Answers<CommandStatistics>& answers) {
    const CommandTable& table = context.core.server().commands();
    CommandStatistics all(table.row_count());
    for (const auto& answer : answers) all.merge(*answer);
    const std::vector<std::size_t> rows = rows_of(table, context.args.subspan(2), all);
    context.reply.map(rows.size());
    for (const std::size_t index : rows) {
      context.reply.bulk(shown_name(table.row(index)));
      write_histogram(context, *all.distribution(index));
    }
  });
}

void help(Context& ctx) {
  constexpr View kLines[] = {
      "DOCTOR",
      "    What was slow, and what to do about it, in words.",
      "GRAPH <event>",
      "    A drawing of an event's samples.",
      "HISTOGRAM [<command> ...]",
      "    How many calls of each command took at most 1, 2, 4... microseconds.",
      "HISTORY <event>",
      "    An event's samples: Unix time and milliseconds.",
      "LATEST",
      "    For each event: the last sample, and the worst.",
      "RESET [<event> ...]",
      "    Forget the samples of these events, or of all.",
  };
  reply_help(ctx, "LATENCY", kLines);
}

constexpr Route kHere = Route::kAnywhere;
constexpr Group kServer = Group::kServer;
constexpr std::uint32_t kAdministration = kAdmin | kNoScript | kLoadingOk | kStaleOk | kMayDefer;

constexpr View kOfEachNode = "nondeterministic_output request_policy:all_nodes response_policy:special";

// clang-format off
constexpr Command kSubcommands[] = {
    Command{"LATENCY|DOCTOR", 2, kAdministration, kHere, kNoKeys, doctor, kServer, "2.8.13", "O(1)", "Says what was slow", ""}.with_tips(kOfEachNode),
    Command{"LATENCY|GRAPH", 3, kAdministration, kHere, kNoKeys, graph, kServer, "2.8.13", "O(1)",
     "Draws the samples of an event", "event"}.with_tips(kOfEachNode),
    {"LATENCY|HELP", 2, kLoadingOk | kStaleOk, kHere, kNoKeys, help, kServer, "2.8.13", "O(1)",
     "Returns a text about the subcommands", ""},
    Command{"LATENCY|HISTOGRAM", -2, kAdministration, kHere, kNoKeys, histogram, kServer, "7.0.0",
     "O(N) for N commands",
     "Tells how long commands take", "[command [command ...]]"}.with_tips(kOfEachNode),
    Command{"LATENCY|HISTORY", 3, kAdministration, kHere, kNoKeys, history, kServer, "2.8.13", "O(1)",
     "Returns the samples of an event", "event"}.with_tips(kOfEachNode),
    Command{"LATENCY|LATEST", 2, kAdministration, kHere, kNoKeys, latest, kServer, "2.8.13", "O(1)",
     "Returns the last sample of each event", ""}.with_tips(kOfEachNode),
    Command{"LATENCY|RESET", -2, kAdministration, kHere, kNoKeys, reset, kServer, "2.8.13", "O(1)",
     "Forgets the samples of events", "[event [event ...]]"}.with_tips("request_policy:all_nodes response_policy:all_succeeded"),
};

constexpr Command kRows[] = {
    {"LATENCY", -2, kContainer, kHere, kNoKeys, nullptr, kServer, "2.8.13", "As the subcommand says",
     "Commands about waiting", "", kNoExtraCategory, kSubcommands},
};
// clang-format on

}  // namespace

Family latency_family() {
  return kRows;
}

}  // namespace shoal::commands
