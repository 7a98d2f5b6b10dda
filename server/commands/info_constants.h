// Fields of INFO about what this server does not have, or not yet, under Redis' names: each with the value
// that is true as long as that is so. What gets a value of its own moves to info_sections.cc.
#pragma once

#include "storage/base/units.h"

namespace shoal::commands {

struct ConstantField {
  View name;
  View value;
};

constexpr ConstantField kServerConstants[] = {
    {"redis_git_sha1", "00000000"},
    {"redis_git_dirty", "0"},
    {"io_threads_active", "0"},  // every core does its own
};

constexpr ConstantField kClientsConstants[] = {
    {"cluster_connections", "0"},
    {"tracking_clients", "0"},
    {"clients_in_timeout_table", "0"},
};

constexpr ConstantField kMemoryConstants[] = {
    // Scripts and functions.
    {"used_memory_lua", "0"},
    {"used_memory_lua_human", "0B"},
    {"used_memory_vm_eval", "0"},
    {"used_memory_vm_functions", "0"},
    {"used_memory_vm_total", "0"},
    {"used_memory_vm_total_human", "0B"},
    {"used_memory_functions", "0"},
    {"used_memory_scripts", "0"},
    {"used_memory_scripts_human", "0B"},
    {"used_memory_scripts_eval", "0"},
    {"number_of_cached_scripts", "0"},
    {"number_of_functions", "0"},
    {"number_of_libraries", "0"},
    // Replication, cluster, files.
    {"mem_not_counted_for_evict", "0"},
    {"mem_replication_backlog", "0"},
    {"mem_total_replication_buffers", "0"},
    {"mem_clients_slaves", "0"},
    {"mem_cluster_links", "0"},
    {"mem_aof_buffer", "0"},
    {"active_defrag_running", "0"},
};

constexpr ConstantField kPersistenceConstants[] = {
    {"loading", "0"},
    {"async_loading", "0"},
    // Nothing forks.
    {"current_cow_peak", "0"},
    {"current_cow_size", "0"},
    {"current_cow_size_age", "0"},
    {"current_fork_perc", "0.00"},
    {"current_save_keys_processed", "0"},
    {"current_save_keys_total", "0"},
    {"rdb_bgsave_in_progress", "0"},
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

constexpr ConstantField kStatsConstants[] = {
    {"total_net_repl_input_bytes", "0"},
    {"total_net_repl_output_bytes", "0"},
    {"instantaneous_input_repl_kbps", "0.00"},
    {"instantaneous_output_repl_kbps", "0.00"},
    {"sync_full", "0"},
    {"sync_partial_ok", "0"},
    {"sync_partial_err", "0"},
    // A timer for each deadline reclaims keys as they expire: there is no sample of which some are stale.
    {"expired_stale_perc", "0.00"},
    {"evicted_keys", "0"},
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
    {"unexpected_error_replies", "0"},
    {"dump_payload_sanitizations", "0"},
    {"io_threaded_reads_processed", "0"},
    {"io_threaded_writes_processed", "0"},
};

constexpr ConstantField kReplicationConstants[] = {
    {"role", "master"},
    {"connected_slaves", "0"},
    {"master_failover_state", "no-failover"},
    {"master_replid2", "0000000000000000000000000000000000000000"},
    {"master_repl_offset", "0"},
    {"second_repl_offset", "-1"},
    {"repl_backlog_active", "0"},
    {"repl_backlog_first_byte_offset", "0"},
    {"repl_backlog_histlen", "0"},
};

constexpr ConstantField kClusterConstants[] = {
    {"cluster_enabled", "0"},
};

}  // namespace shoal::commands
