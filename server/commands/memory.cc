// MEMORY: where the bytes are.
#include <fmt/format.h>

#include <functional>

#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/memory_figures.h"
#include "server/commands/subcommands.h"
#include "storage/base/heap.h"
#include "storage/base/numbers.h"
#include "storage/types/value.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

struct MemoryAnswer {
  std::uint64_t client_bytes = 0;
  std::vector<metrics::KeyCounts> databases;
};

MemoryAnswer collect_memory(CoreServices& core) {
  return {client_heap_bytes(core), core.count_keys()};
}

struct MemoryTotals {
  MemoryFigures figures;
  std::vector<metrics::KeyCounts> databases;
  std::uint64_t key_count = 0;
};

MemoryTotals total(const Server& server, const Answers<MemoryAnswer>& answers) {
  MemoryTotals totals;
  std::uint64_t client_bytes = 0;
  totals.databases.resize(answers[0]->databases.size());
  for (const auto& answer : answers) {
    client_bytes += answer->client_bytes;
    for (std::size_t i = 0; i < totals.databases.size(); ++i) {
      totals.databases[i].add(answer->databases[i]);
      totals.key_count += answer->databases[i].keys;
    }
  }
  totals.figures = memory_figures(server, client_bytes, table_bytes(totals.databases));
  return totals;
}

void usage(Context& ctx) {
  for (std::size_t i = 3; i < ctx.args.size(); i += 2) {
    if (!is_option(ctx.args[i], "SAMPLES") || i + 1 == ctx.args.size()) return ctx.fail(Error::kSyntax);
    // Accepted and not needed: a value knows its bytes.
    const auto samples = ctx.integer(i + 1);
    if (!samples) return;
    if (*samples < 0) return ctx.fail(Error::kSyntax);
  }
  const types::Entry* entry = ctx.keys.peek(ctx.key());
  if (entry == nullptr) return ctx.reply.null_bulk();
  ctx.reply.integer(static_cast<std::int64_t>(types::memory_bytes(*entry)));
}

// Rows of MEMORY STATS before the databases' and after them, by Redis' names. Exactly one of the two is set.
struct StatRow {
  View name;
  std::int64_t (*integer)(const MemoryTotals&);
  double (*real)(const MemoryTotals&);
};

// What this server does not have, or not yet.
std::int64_t nothing(const MemoryTotals&) {
  return 0;
}
std::int64_t key_count(const MemoryTotals& totals) {
  return static_cast<std::int64_t>(totals.key_count);
}
std::int64_t bytes_per_key(const MemoryTotals& totals) {
  return totals.key_count == 0 ? 0 : totals.figures.dataset() / key_count(totals);
}

template <auto kFigure>
std::int64_t bytes_of(const MemoryTotals& totals) {
  return std::invoke(kFigure, totals.figures);
}
template <auto kFigure>
double share_of(const MemoryTotals& totals) {
  return std::invoke(kFigure, totals.figures);
}
template <auto kExcess>
std::int64_t excess_bytes(const MemoryTotals& totals) {
  return std::invoke(kExcess, totals.figures).bytes;
}
template <auto kExcess>
double excess_ratio(const MemoryTotals& totals) {
  return std::invoke(kExcess, totals.figures).ratio;
}

using F = MemoryFigures;
// clang-format off
constexpr StatRow kBeforeDatabases[] = {
    {"peak.allocated",                bytes_of<&F::peak>,                         nullptr},
    {"total.allocated",               bytes_of<&F::used>,                         nullptr},
    {"startup.allocated",             bytes_of<&F::startup>,                      nullptr},
    {"replication.backlog",           nothing,                                    nullptr},
    {"clients.slaves",                nothing,                                    nullptr},
    {"clients.normal",                bytes_of<&F::clients>,                      nullptr},
    {"cluster.links",                 nothing,                                    nullptr},
    {"aof.buffer",                    nothing,                                    nullptr},
    {"lua.caches",                    nothing,                                    nullptr},
    {"functions.caches",              nothing,                                    nullptr},
};
constexpr StatRow kAfterDatabases[] = {
    {"overhead.total",                bytes_of<&F::overhead>,                     nullptr},
    {"keys.count",                    key_count,                                  nullptr},
    {"keys.bytes-per-key",            bytes_per_key,                              nullptr},
    {"dataset.bytes",                 bytes_of<&F::dataset>,                      nullptr},
    {"dataset.percentage",            nullptr,                                    share_of<&F::dataset_percent>},
    {"peak.percentage",               nullptr,                                    share_of<&F::peak_percent>},
    {"allocator.allocated",           bytes_of<&F::used>,                         nullptr},
    {"allocator.active",              bytes_of<&F::resident>,                     nullptr},
    {"allocator.resident",            bytes_of<&F::resident>,                     nullptr},
    {"allocator-fragmentation.ratio", nullptr,                                    excess_ratio<&F::allocator_fragmentation>},
    {"allocator-fragmentation.bytes", excess_bytes<&F::allocator_fragmentation>,  nullptr},
    {"allocator-rss.ratio",           nullptr,                                    excess_ratio<&F::allocator_rss>},
    {"allocator-rss.bytes",           excess_bytes<&F::allocator_rss>,            nullptr},
    {"rss-overhead.ratio",            nullptr,                                    excess_ratio<&F::rss_overhead>},
    {"rss-overhead.bytes",            excess_bytes<&F::rss_overhead>,             nullptr},
    {"fragmentation",                 nullptr,                                    excess_ratio<&F::fragmentation>},
    {"fragmentation.bytes",           excess_bytes<&F::fragmentation>,            nullptr},
};
// clang-format on

void write_rows(Context& ctx, std::span<const StatRow> rows, const MemoryTotals& totals) {
  for (const StatRow& row : rows) {
    ctx.reply.bulk(row.name);
    row.integer != nullptr ? ctx.reply.integer(row.integer(totals)) : ctx.reply.real(row.real(totals));
  }
}

// Deadlines lie in the entries, and a slot's keys are a table of their own.
void write_database(Context& ctx, std::size_t database, const metrics::KeyCounts& counts) {
  ctx.reply.bulk(fmt::format("db.{}", database));
  ctx.reply.map(3);
  ctx.reply.bulk("overhead.hashtable.main");
  ctx.reply.integer(static_cast<std::int64_t>(counts.table_bytes));
  ctx.reply.bulk("overhead.hashtable.expires");
  ctx.reply.integer(0);
  ctx.reply.bulk("overhead.hashtable.slot-to-keys");
  ctx.reply.integer(0);
}

void stats(Context& ctx) {
  gather(ctx, collect_memory, [](Context& context, const Answers<MemoryAnswer>& answers) {
    const MemoryTotals totals = total(context.core.server(), answers);
    const auto map = context.reply.begin_array();
    write_rows(context, kBeforeDatabases, totals);
    std::size_t shown = 0;
    for (std::size_t database = 0; database < totals.databases.size(); ++database) {
      if (totals.databases[database].keys == 0) continue;
      ++shown;
      write_database(context, database, totals.databases[database]);
    }
    write_rows(context, kAfterDatabases, totals);
    context.reply.end_map(map, std::size(kBeforeDatabases) + shown + std::size(kAfterDatabases));
  });
}

std::string diagnose(const MemoryTotals& totals, std::uint64_t limit) {
  constexpr std::int64_t kTooLittleBytes = 5 * kMiB;
  if (totals.figures.used < kTooLittleBytes) {
    return "The shoal is nearly empty: below 5 MiB the figures say little about how memory is used.\n";
  }
  std::string found;
  if (totals.figures.peak > totals.figures.used + totals.figures.used / 2) {
    found +=
        "* Peak: memory in use was more than 1.5 times what it is now, so the process may hold pages it no "
        "longer "
        "needs. MEMORY PURGE gives them back.\n";
  }
  if (totals.figures.fragmentation().ratio > 1.4) {
    found += fmt::format("* Fragmentation: the process holds {:.2f} times the memory in use.\n",
                         totals.figures.fragmentation().ratio);
  }
  if (totals.figures.clients > totals.figures.used / 4) {
    found +=
        "* Clients: connections hold more than a quarter of the memory in use; look at qbuf and omem in "
        "CLIENT "
        "LIST.\n";
  }
  if (limit == 0 && totals.figures.used > totals.figures.system / 4 * 3) {
    found +=
        "* Limit: more than three quarters of the machine's memory are in use, and maxmemory is not set.\n";
  }
  return found.empty() ? "No problem with memory was found.\n" : "Problems with memory:\n\n" + found;
}

void doctor(Context& ctx) {
  gather(ctx, collect_memory, [](Context& context, const Answers<MemoryAnswer>& answers) {
    const Server& server = context.core.server();
    context.reply.verbatim(diagnose(total(server, answers), server.settings().memory.maxmemory_bytes));
  });
}

void purge(Context& ctx) {
  everywhere_then_ok(ctx, [](CoreServices&) {
#ifndef SHOAL_SYSTEM_MALLOC
    mi_collect(true);  // Each thread's own pages.
#endif
  });
}

void malloc_stats(Context& ctx) {
  std::string text;
#ifndef SHOAL_SYSTEM_MALLOC
  mi_stats_print_out([](const char* part, void* to) { static_cast<std::string*>(to)->append(part); }, &text);
#endif
  ctx.reply.verbatim(text.empty() ? View("Stats not supported for the current allocator") : View(text));
}

void help(Context& ctx) {
  constexpr View kLines[] = {
      "DOCTOR",
      "    Problems with memory, in words.",
      "MALLOC-STATS",
      "    What the allocator reports about itself.",
      "PURGE",
      "    Give free pages back to the system.",
      "STATS",
      "    Memory by what it is used for.",
      "USAGE <key> [SAMPLES <count>]",
      "    Bytes that a key and its value take. SAMPLES is accepted, but values know their size.",
  };
  reply_help(ctx, "MEMORY", kLines);
}

constexpr Route kHere = Route::kAnywhere;
constexpr Group kServer = Group::kServer;

constexpr View kOfEachShard = "nondeterministic_output request_policy:all_shards response_policy:special";

// clang-format off
constexpr Command kSubcommands[] = {
    Command{"MEMORY|DOCTOR", 2, kMayDefer, kHere, kNoKeys, doctor, kServer, "4.0.0", "O(1)", "Names problems with memory", ""}
         .with_tips(kOfEachShard),
    {"MEMORY|HELP", 2, kLoadingOk | kStaleOk, kHere, kNoKeys, help, kServer, "4.0.0", "O(1)",
     "Returns a text about the subcommands", ""},
    Command{"MEMORY|MALLOC-STATS", 2, 0, kHere, kNoKeys, malloc_stats, kServer, "4.0.0",
     "O(N) for N pages of memory", "Returns the allocator's own report", ""}.with_tips(kOfEachShard),
    Command{"MEMORY|PURGE", 2, kMayDefer, kHere, kNoKeys, purge, kServer, "4.0.0",
     "O(N) for N pages of memory", "Gives free memory back to the system", ""}
         .with_tips("request_policy:all_shards response_policy:all_succeeded"),
    Command{"MEMORY|STATS", 2, kMayDefer, kHere, kNoKeys, stats, kServer, "4.0.0", "O(1)", "Tells what memory is used for", ""}
         .with_tips(kOfEachShard),
    {"MEMORY|USAGE", -3, kReadOnly, Route::kKeys, second_key(KeySpec::kRO), usage, kServer, "4.0.0",
     "O(1)", "Returns the bytes a key takes", "key [SAMPLES count]"},
};

constexpr Command kRows[] = {
    {"MEMORY", -2, kContainer, kHere, kNoKeys, nullptr, kServer, "4.0.0", "As the subcommand says",
     "Commands about memory", "", kNoExtraCategory, kSubcommands},
};
// clang-format on

}  // namespace

Family memory_family() {
  return kRows;
}

}  // namespace shoal::commands
