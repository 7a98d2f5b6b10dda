#include "server/commands/info_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eviction/access_clock.h"
#include "server/commands/version.h"
#include "server/config/options.h"
#include "server/dispatch/command_table.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

template <class Value>
void field(std::string& text, View name, const Value& value) {
  fmt::format_to(std::back_inserter(text), "{}:{}\r\n", name, value);
}
void real_field(std::string& text, View name, double value) {
  fmt::format_to(std::back_inserter(text), "{}:{:.2f}\r\n", name, value);
}
void percent_field(std::string& text, View name, double value) {
  fmt::format_to(std::back_inserter(text), "{}:{:.2f}%\r\n", name, value);
}
void bytes_field(std::string& text, View name, std::int64_t bytes) {
  field(text, name, bytes);
  field(text, fmt::format("{}_human", name),
        human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes))));
}

void excess_fields(std::string& text, View name, const MemoryFigures::Excess& excess) {
  real_field(text, fmt::format("{}_ratio", name), excess.ratio);
  field(text, fmt::format("{}_bytes", name), excess.bytes);
}

void write_counters(const InfoSource& source, metrics::CounterSection section, std::string& text) {
  const auto rows = metrics::counter_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].section == section) field(text, rows[i].name, source.figures.counters[i]);
  }
}

// ---- server, clients

void write_server(const InfoSource& source, std::string& text) {
  const Micros now_us = source.core.wall_clock_fresh();
  const Millis now = now_us / 1000;
  const std::int64_t uptime_seconds = (now - source.server.started_at()) / 1000;
  const config::Settings& settings = source.server.settings();
  field(text, "redis_version", kEmulatedVersion);
  field(text, "server_name", "shoal");
  field(text, "shoal_version", SHOAL_VERSION);
  field(text, "redis_build_id", fmt::format("{}-gcc-{}", SHOAL_VERSION, __GNUC__));
  field(text, "redis_mode", "standalone");
  field(text, "os", source.process.operating_system);
  field(text, "arch_bits", 64);
  field(text, "monotonic_clock", "POSIX clock_gettime");
  field(text, "multiplexing_api", "io_uring");
  field(text, "atomicvar_api", "c++20-builtin");
  field(text, "gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
  field(text, "process_id", source.process.process_id);
  field(text, "process_supervised", "no");
  field(text, "run_id", source.server.run_id());
  field(text, "tcp_port", settings.network.port);
  field(text, "server_time_usec", now_us);
  field(text, "uptime_in_seconds", uptime_seconds);
  field(text, "uptime_in_days", uptime_seconds / 86'400);
  field(text, "hz", config::value_of(settings, "hz"));
  field(text, "configured_hz", config::value_of(settings, "hz"));
  field(text, "lru_clock", eviction::AccessClock::recency(now).of_new_key());
  field(text, "executable", source.server.executable());
  field(text, "config_file", settings.config_file);
  field(text, "threads", source.server.core_count());
}

void write_clients(const InfoSource& source, std::string& text) {
  field(text, "connected_clients", source.figures.clients);
  field(text, "maxclients", source.server.settings().network.maxclients);
  field(text, "client_recent_max_input_buffer", source.figures.largest_input_bytes);
  field(text, "client_recent_max_output_buffer", source.figures.largest_output_bytes);
  field(text, "blocked_clients", source.figures.blocked);
  field(text, "monitor_clients", source.figures.monitors);
}

// ---- memory

void write_memory(const InfoSource& source, std::string& text) {
  const MemoryFigures& memory = source.memory;
  const config::Settings& settings = source.server.settings();
  bytes_field(text, "used_memory", memory.used);
  bytes_field(text, "used_memory_rss", memory.resident);
  bytes_field(text, "used_memory_peak", memory.peak);
  percent_field(text, "used_memory_peak_perc", memory.peak_percent());
  field(text, "used_memory_overhead", memory.overhead());
  field(text, "used_memory_startup", memory.startup);
  field(text, "used_memory_dataset", memory.dataset());
  percent_field(text, "used_memory_dataset_perc", memory.dataset_percent());
  bytes_field(text, "total_system_memory", memory.system);
  bytes_field(text, "maxmemory", static_cast<std::int64_t>(settings.memory.maxmemory_bytes));
  field(text, "maxmemory_policy", config::value_of(settings, "maxmemory-policy"));
  field(text, "allocator_allocated", memory.used);
  field(text, "allocator_active", memory.resident);
  field(text, "allocator_resident", memory.resident);
  excess_fields(text, "allocator_frag", memory.allocator_fragmentation());
  excess_fields(text, "allocator_rss", memory.allocator_rss());
  excess_fields(text, "rss_overhead", memory.rss_overhead());
  excess_fields(text, "mem_fragmentation", memory.fragmentation());
  field(text, "mem_clients_normal", memory.clients);
#ifdef SHOAL_SYSTEM_MALLOC
  field(text, "mem_allocator", "libc");
#else
  field(text, "mem_allocator", "mimalloc");
#endif
  write_counters(source, metrics::CounterSection::kMemory, text);
}

// ---- persistence, replication, cluster, modules

// The value of one counter, summed over the cores.
std::uint64_t counter(const InfoFigures& figures, metrics::Counter metrics::CounterFields::*field) {
  const auto rows = metrics::counter_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].field == field) return figures.counters[i];
  }
  check_failed(__FILE__, __LINE__, "a counter without a row");
}

void write_persistence(const InfoSource& source, std::string& text) {
  field(text, "rdb_changes_since_last_save", counter(source.figures, &metrics::CounterFields::changes));
  field(text, "rdb_last_save_time", source.server.started_at() / 1000);  // what there was then is all on disk
}

void write_replication(const InfoSource& source, std::string& text) {
  // A history of its own, which nobody else shares.
  field(text, "master_replid", source.server.run_id());
  field(text, "repl_backlog_size", config::value_of(source.server.settings(), "repl-backlog-size"));
}

// Sections that have constants, or nothing at all.
void write_nothing(const InfoSource&, std::string&) {}

// ---- stats

void write_stats(const InfoSource& source, std::string& text) {
  const InfoFigures& figures = source.figures;
  write_counters(source, metrics::CounterSection::kStats, text);
  field(text, "instantaneous_ops_per_sec", std::llround(figures.commands_per_second));
  real_field(text, "instantaneous_input_kbps", figures.input_bytes_per_second / kKiB);
  real_field(text, "instantaneous_output_kbps", figures.output_bytes_per_second / kKiB);
  field(text, "total_error_replies", figures.statistics.error_count());
}

// How the cores work together: this server's own section.
void write_cores(const InfoSource& source, std::string& text) {
  field(text, "cores", source.server.core_count());
  write_counters(source, metrics::CounterSection::kCores, text);
}

void write_cpu(const InfoSource& source, std::string& text) {
  const auto seconds = [&text](View name, Micros time) {
    fmt::format_to(std::back_inserter(text), "{}:{}.{:06}\r\n", name, time / 1'000'000, time % 1'000'000);
  };
  seconds("used_cpu_sys", source.process.process.system);
  seconds("used_cpu_user", source.process.process.user);
  seconds("used_cpu_sys_children", source.process.children.system);
  seconds("used_cpu_user_children", source.process.children.user);
  seconds("used_cpu_sys_main_thread", source.process.this_thread.system);
  seconds("used_cpu_user_main_thread", source.process.this_thread.user);
}

// ---- commands

void write_command_statistics(const InfoSource& source, std::string& text) {
  const CommandTable& table = source.server.commands();
  for (std::size_t i = 0; i < table.row_count(); ++i) {
    const metrics::CommandFigures& figures = source.figures.statistics.figures(i);
    if (figures.calls == 0 && figures.rejected == 0) continue;
    const std::uint64_t micros = source.core.ticks_to_nanos(figures.ticks) / 1000;
    const double mean =
        figures.calls == 0 ? 0 : static_cast<double>(micros) / static_cast<double>(figures.calls);
    fmt::format_to(std::back_inserter(text),
                   "cmdstat_{}:calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}\r\n",
                   shown_name(table.row(i)), figures.calls, micros, mean, figures.rejected, figures.failed);
  }
}

void write_error_statistics(const InfoSource& source, std::string& text) {
  std::vector<metrics::ErrorFigures> errors = source.figures.statistics.errors();
  std::sort(errors.begin(), errors.end(),
            [](const auto& one, const auto& other) { return one.code < other.code; });
  for (const metrics::ErrorFigures& error : errors) {
    fmt::format_to(std::back_inserter(text), "errorstat_{}:count={}\r\n", error.code, error.count);
  }
}

void write_latency_statistics(const InfoSource& source, std::string& text) {
  const CommandTable& table = source.server.commands();
  for (std::size_t i = 0; i < table.row_count(); ++i) {
    const metrics::Histogram* ticks = source.figures.statistics.distribution(i);
    if (ticks == nullptr) continue;
    std::string percentiles;
    for (const double percent : source.server.settings().latency.tracking_percentiles) {
      const std::uint64_t nanos = source.core.ticks_to_nanos(ticks->percentile(percent));
      fmt::format_to(std::back_inserter(percentiles), "{}p{}={:.3f}", percentiles.empty() ? "" : ",", percent,
                     static_cast<double>(nanos) / 1000);
    }
    field(text, fmt::format("latency_percentiles_usec_{}", shown_name(table.row(i))), percentiles);
  }
}

void write_keyspace(const InfoSource& source, std::string& text) {
  const auto& databases = source.figures.databases;
  for (std::size_t i = 0; i < databases.size(); ++i) {
    if (databases[i].keys == 0) continue;
    fmt::format_to(std::back_inserter(text), "db{}:keys={},expires={},avg_ttl={}\r\n", i, databases[i].keys,
                   databases[i].expiring, databases[i].average_ttl());
  }
}

// clang-format off
constexpr InfoSection kSections[] = {
    {"server",       "Server",       true,  write_server, kServerConstants},
    {"clients",      "Clients",      true,  write_clients, kClientsConstants},
    {"memory",       "Memory",       true,  write_memory, kMemoryConstants},
    {"persistence",  "Persistence",  true,  write_persistence, kPersistenceConstants},
    {"stats",        "Stats",        true,  write_stats, kStatsConstants},
    {"replication",  "Replication",  true,  write_replication, kReplicationConstants},
    {"cpu",          "CPU",          true,  write_cpu},
    {"cores",        "Cores",        true,  write_cores},
    {"modules",      "Modules",      true,  write_nothing},
    {"commandstats", "Commandstats", false, write_command_statistics},
    {"errorstats",   "Errorstats",   true,  write_error_statistics},
    {"latencystats", "Latencystats", false, write_latency_statistics},
    {"cluster",      "Cluster",      true,  write_nothing, kClusterConstants},
    {"keyspace",     "Keyspace",     true,  write_keyspace},
};
// clang-format on

}  // namespace

std::span<const InfoSection> info_sections() {
  return kSections;
}

}  // namespace shoal::commands
