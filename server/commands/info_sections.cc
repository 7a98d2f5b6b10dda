#include "server/commands/info_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eviction/recency.h"
#include "server/commands/lower_case.h"
#include "server/commands/version.h"
#include "server/config/options.h"

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

/// Fields that clients look for and whose subject this server does not have, or not yet.
struct FixedField {
  View name;
  View value;
};
void fixed_fields(std::string& text, std::span<const FixedField> fields) {
  for (const FixedField& row : fields) field(text, row.name, row.value);
}

// ---- server, clients
// ----------------------------------------------------------------------------------------

void write_server(const InfoSource& source, std::string& text) {
  const Millis now = source.core.wall_clock();
  const std::int64_t uptime_seconds = (now - source.server.started_at()) / 1000;
  const config::Settings& settings = source.server.settings();
  field(text, "redis_version", kEmulatedVersion);
  field(text, "server_name", "shoal");
  field(text, "shoal_version", SHOAL_VERSION);
  field(text, "redis_git_sha1", "00000000");
  field(text, "redis_git_dirty", 0);
  field(text, "redis_build_id", "0");
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
  field(text, "server_time_usec", now * 1000);
  field(text, "uptime_in_seconds", uptime_seconds);
  field(text, "uptime_in_days", uptime_seconds / 86'400);
  field(text, "hz", config::value_of(settings, "hz"));
  field(text, "configured_hz", config::value_of(settings, "hz"));
  field(text, "lru_clock", eviction::access_clock(now));
  field(text, "executable", source.server.executable());
  field(text, "config_file", settings.config_file);
  field(text, "io_threads_active", 0);
  field(text, "threads", source.server.core_count());
}

void write_clients(const InfoSource& source, std::string& text) {
  field(text, "connected_clients", source.figures.clients);
  field(text, "cluster_connections", 0);
  field(text, "maxclients", source.server.settings().network.maxclients);
  field(text, "client_recent_max_input_buffer", source.figures.largest_input_bytes);
  field(text, "client_recent_max_output_buffer", source.figures.largest_output_bytes);
  field(text, "blocked_clients", source.figures.blocked);
  field(text, "tracking_clients", 0);
  field(text, "clients_in_timeout_table", 0);
  field(text, "monitor_clients", source.figures.monitors);
}

// ---- memory
// -------------------------------------------------------------------------------------------------

constexpr FixedField kScriptMemory[] = {
    {"used_memory_lua", "0"},
    {"used_memory_vm_eval", "0"},
    {"used_memory_lua_human", "0B"},
    {"used_memory_scripts_eval", "0"},
    {"number_of_cached_scripts", "0"},
    {"number_of_functions", "0"},
    {"number_of_libraries", "0"},
    {"used_memory_vm_functions", "0"},
    {"used_memory_vm_total", "0"},
    {"used_memory_vm_total_human", "0B"},
    {"used_memory_functions", "0"},
    {"used_memory_scripts", "0"},
    {"used_memory_scripts_human", "0B"},
};
constexpr FixedField kReplicationMemory[] = {
    {"mem_not_counted_for_evict", "0"},
    {"mem_replication_backlog", "0"},
    {"mem_total_replication_buffers", "0"},
    {"mem_clients_slaves", "0"},
};

void write_allocator(const MemoryFigures& memory, std::string& text) {
  real_field(text, "allocator_frag_ratio", memory.fragmentation_ratio());
  field(text, "allocator_frag_bytes", memory.fragmentation_bytes());
  real_field(text, "allocator_rss_ratio", 1);
  field(text, "allocator_rss_bytes", 0);
  real_field(text, "rss_overhead_ratio", 1);
  field(text, "rss_overhead_bytes", 0);
  real_field(text, "mem_fragmentation_ratio", memory.fragmentation_ratio());
  field(text, "mem_fragmentation_bytes", memory.fragmentation_bytes());
}

void write_memory(const InfoSource& source, std::string& text) {
  const MemoryFigures& memory = source.memory;
  const config::Settings& settings = source.server.settings();
  bytes_field(text, "used_memory", memory.used);
  bytes_field(text, "used_memory_rss", memory.resident);
  bytes_field(text, "used_memory_peak", memory.peak);
  percent_field(text, "used_memory_peak_perc", memory.peak_percent());
  field(text, "used_memory_overhead", memory.clients);
  field(text, "used_memory_startup", 0);
  field(text, "used_memory_dataset", memory.dataset());
  percent_field(text, "used_memory_dataset_perc", memory.dataset_percent());
  field(text, "allocator_allocated", memory.used);
  field(text, "allocator_active", memory.resident);
  field(text, "allocator_resident", memory.resident);
  bytes_field(text, "total_system_memory", memory.system);
  fixed_fields(text, kScriptMemory);
  bytes_field(text, "maxmemory", static_cast<std::int64_t>(settings.memory.maxmemory_bytes));
  field(text, "maxmemory_policy", config::value_of(settings, "maxmemory-policy"));
  write_allocator(memory, text);
  fixed_fields(text, kReplicationMemory);
  field(text, "mem_clients_normal", memory.clients);
  field(text, "mem_cluster_links", 0);
  field(text, "mem_aof_buffer", 0);
#ifdef SHOAL_SYSTEM_MALLOC
  field(text, "mem_allocator", "libc");
#else
  field(text, "mem_allocator", "mimalloc");
#endif
  field(text, "active_defrag_running", 0);
  field(text, "lazyfree_pending_objects", 0);
  field(text, "lazyfreed_objects", 0);
}

// ---- persistence, replication, cluster, modules
// -------------------------------------------------------------

constexpr FixedField kPersistence[] = {
    {"loading", "0"},
    {"async_loading", "0"},
    {"current_cow_peak", "0"},
    {"current_cow_size", "0"},
    {"current_cow_size_age", "0"},
    {"current_fork_perc", "0.00"},
    {"current_save_keys_processed", "0"},
    {"current_save_keys_total", "0"},
};
constexpr FixedField kSaves[] = {
    {"rdb_bgsave_in_progress", "0"},
    {"rdb_last_save_time", "0"},
    {"rdb_last_bgsave_status", "ok"},
    {"rdb_last_bgsave_time_sec", "-1"},
    {"rdb_current_bgsave_time_sec", "-1"},
    {"rdb_saves", "0"},
    {"rdb_last_cow_size", "0"},
    {"rdb_last_load_keys_expired", "0"},
    {"rdb_last_load_keys_loaded", "0"},
    {"aof_enabled", "0"},
    {"aof_rewrite_in_progress", "0"},
    {"aof_rewrite_scheduled", "0"},
    {"aof_last_rewrite_time_sec", "-1"},
    {"aof_current_rewrite_time_sec", "-1"},
    {"aof_last_bgrewrite_status", "ok"},
    {"aof_rewrites", "0"},
    {"aof_rewrites_consecutive_failures", "0"},
    {"aof_last_write_status", "ok"},
    {"aof_last_cow_size", "0"},
    {"module_fork_in_progress", "0"},
    {"module_fork_last_cow_size", "0"},
};

// The value of one counter, summed over the cores.
std::uint64_t counter(const InfoFigures& figures, metrics::Counter metrics::CounterFields::*field) {
  const auto rows = metrics::counter_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].field == field) return figures.counters[i];
  }
  check_failed(__FILE__, __LINE__, "a counter without a row");
}

void write_persistence(const InfoSource& source, std::string& text) {
  fixed_fields(text, kPersistence);
  field(text, "rdb_changes_since_last_save", counter(source.figures, &metrics::CounterFields::changes));
  fixed_fields(text, kSaves);
}

void write_replication(const InfoSource& source, std::string& text) {
  field(text, "role", "master");
  field(text, "connected_slaves", 0);
  field(text, "master_failover_state", "no-failover");
  field(text, "master_replid", source.server.run_id());
  field(text, "master_replid2", std::string(40, '0'));
  field(text, "master_repl_offset", 0);
  field(text, "second_repl_offset", -1);
  field(text, "repl_backlog_active", 0);
  field(text, "repl_backlog_size", config::value_of(source.server.settings(), "repl-backlog-size"));
  field(text, "repl_backlog_first_byte_offset", 0);
  field(text, "repl_backlog_histlen", 0);
}

void write_cluster(const InfoSource&, std::string& text) {
  field(text, "cluster_enabled", 0);
}

void write_modules(const InfoSource&, std::string&) {}

// ---- stats
// --------------------------------------------------------------------------------------------------

constexpr FixedField kStatsOfOthers[] = {
    {"total_net_repl_input_bytes", "0"},
    {"total_net_repl_output_bytes", "0"},
    {"instantaneous_input_repl_kbps", "0.00"},
    {"instantaneous_output_repl_kbps", "0.00"},
    {"sync_full", "0"},
    {"sync_partial_ok", "0"},
    {"sync_partial_err", "0"},
    {"expired_stale_perc", "0.00"},
    {"expired_time_cap_reached_count", "0"},
    {"expire_cycle_cpu_milliseconds", "0"},
    {"evicted_clients", "0"},
    {"total_eviction_exceeded_time", "0"},
    {"current_eviction_exceeded_time", "0"},
    {"pubsub_channels", "0"},
    {"pubsub_patterns", "0"},
    {"pubsubshard_channels", "0"},
    {"latest_fork_usec", "0"},
    {"total_forks", "0"},
    {"migrate_cached_sockets", "0"},
    {"slave_expires_tracked_keys", "0"},
    {"active_defrag_hits", "0"},
    {"active_defrag_misses", "0"},
    {"active_defrag_key_hits", "0"},
    {"active_defrag_key_misses", "0"},
    {"total_active_defrag_time", "0"},
    {"current_active_defrag_time", "0"},
    {"tracking_total_keys", "0"},
    {"tracking_total_items", "0"},
    {"tracking_total_prefixes", "0"},
    {"dump_payload_sanitizations", "0"},
    {"io_threaded_reads_processed", "0"},
    {"io_threaded_writes_processed", "0"},
    {"reply_buffer_shrinks", "0"},
    {"reply_buffer_expands", "0"},
    {"unexpected_error_replies", "0"},
};

void write_counters(const InfoSource& source, metrics::CounterSection section, std::string& text) {
  const auto rows = metrics::counter_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].section == section) field(text, rows[i].name, source.figures.counters[i]);
  }
}

void write_stats(const InfoSource& source, std::string& text) {
  const InfoFigures& figures = source.figures;
  write_counters(source, metrics::CounterSection::kStats, text);
  field(text, "instantaneous_ops_per_sec", std::llround(figures.commands_per_second));
  real_field(text, "instantaneous_input_kbps", figures.input_bytes_per_second / kKiB);
  real_field(text, "instantaneous_output_kbps", figures.output_bytes_per_second / kKiB);
  field(text, "total_error_replies", figures.statistics.error_count());
  fixed_fields(text, kStatsOfOthers);
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
// -----------------------------------------------------------------------------------------------

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
                   lower_case(table.row(i).name), figures.calls, micros, mean, figures.rejected,
                   figures.failed);
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
    field(text, fmt::format("latency_percentiles_usec_{}", lower_case(table.row(i).name)), percentiles);
  }
}

void write_keyspace(const InfoSource& source, std::string& text) {
  const auto& databases = source.figures.databases;
  for (std::size_t i = 0; i < databases.size(); ++i) {
    if (databases[i].keys == 0) continue;
    fmt::format_to(std::back_inserter(text), "db{}:keys={},expires={},avg_ttl=0\r\n", i, databases[i].keys,
                   databases[i].expiring);
  }
}

// clang-format off
constexpr InfoSection kSections[] = {
    {"server",       "Server",       true,  write_server},
    {"clients",      "Clients",      true,  write_clients},
    {"memory",       "Memory",       true,  write_memory},
    {"persistence",  "Persistence",  true,  write_persistence},
    {"stats",        "Stats",        true,  write_stats},
    {"replication",  "Replication",  true,  write_replication},
    {"cpu",          "CPU",          true,  write_cpu},
    {"cores",        "Cores",        true,  write_cores},
    {"modules",      "Modules",      true,  write_modules},
    {"commandstats", "Commandstats", false, write_command_statistics},
    {"errorstats",   "Errorstats",   true,  write_error_statistics},
    {"latencystats", "Latencystats", false, write_latency_statistics},
    {"cluster",      "Cluster",      true,  write_cluster},
    {"keyspace",     "Keyspace",     true,  write_keyspace},
};
// clang-format on

}  // namespace

std::span<const InfoSection> info_sections() {
  return kSections;
}

}  // namespace shoal::commands
