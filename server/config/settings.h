// Settings: what the configuration says, as plain values, grouped by subject. A Settings is a value: main
// makes one from the command line and the file, CONFIG SET makes a changed copy (options.h), and the server
// hands the new one to every core. So a core reads its copy without locks, and nobody changes one in place.
//
// The member initialisers are the defaults. Options without an effect in Shoal have no member here: their
// text is kept in `kept`, so that CONFIG GET and CONFIG REWRITE still tell what the user wrote.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/units.h"

namespace shoal::config {

/// Where and how clients reach the server.
struct NetworkSettings {
  std::vector<std::string> binds = {"*", "-::*"};  // A leading '-' means: skip it if it is not available.
  std::int64_t port = 6379;                        // 0: no TCP.
  std::string unixsocket;                          // Empty: none.
  std::int64_t unixsocketperm = 0;                 // Mode bits; 0: as the umask says.
  std::int64_t tcp_backlog = 511;
  std::int64_t tcp_keepalive_seconds = 300;  // 0: off.
  std::int64_t timeout_seconds = 0;          // Idle time before a client is closed; 0: never.
  std::int64_t maxclients = 10000;           // At least 1.
  bool protected_mode = true;
};

/// Zero means no limit, for each of the three. The soft limit closes a client that stays above it for longer.
struct OutputBufferLimit {
  std::uint64_t hard_bytes = 0;
  std::uint64_t soft_bytes = 0;
  std::int64_t soft_seconds = 0;
  bool operator==(const OutputBufferLimit&) const = default;
};

enum class ClientClass : std::uint8_t { kNormal, kReplica, kPubsub };
constexpr std::size_t kClientClassCount = 3;

/// How much one client may hold.
struct ClientSettings {
  std::uint64_t query_buffer_bytes_max = kGiB;      // At least 1 MiB.
  std::uint64_t proto_max_bulk_bytes = 512 * kMiB;  // At least 1 MiB.
  std::array<OutputBufferLimit, kClientClassCount> output_buffer_limits = {{
      {0, 0, 0},
      {256 * kMiB, 64 * kMiB, 60},
      {32 * kMiB, 8 * kMiB, 60},
  }};  // By ClientClass.

  const OutputBufferLimit& output_buffer_limit(ClientClass c) const {
    return output_buffer_limits[static_cast<std::size_t>(c)];
  }
};

/// How the keyspace is laid out over threads.
struct CoreSettings {
  std::int64_t threads = 0;            // 1 to 256; 0: one for each CPU the process may use.
  std::int64_t databases = 16;         // At least 1.
  bool strict_pipeline_order = false;  // A connection's commands never overlap, whatever cores they go to.
};

enum class EvictionPolicy : std::uint8_t {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllkeysLru,
  kAllkeysLfu,
  kAllkeysRandom,
  kNoEviction,
};

struct MemorySettings {
  std::uint64_t maxmemory_bytes = 0;  // 0: no limit.
  EvictionPolicy policy = EvictionPolicy::kNoEviction;
  std::int64_t samples = 5;
  std::int64_t lfu_log_factor = 10;
  std::int64_t lfu_decay_minutes = 1;
};

/// Up to which size a value keeps its compact encoding.
struct EncodingSettings {
  std::int64_t hash_max_listpack_entries = 512;
  std::uint64_t hash_max_listpack_value_bytes = 64;
  std::int64_t zset_max_listpack_entries = 128;
  std::uint64_t zset_max_listpack_value_bytes = 64;
  std::int64_t set_max_intset_entries = 512;
  /// Above 0: entries a node. -1 to -5: 4, 8, 16, 32, 64 KiB a node.
  std::int64_t list_max_listpack_size = -2;
  std::int64_t list_compress_depth = 0;
  std::int64_t stream_node_max_entries = 100;
  std::uint64_t stream_node_max_bytes = 4096;
  std::uint64_t hll_sparse_max_bytes = 3000;
};

struct SavePoint {
  std::int64_t seconds = 0;
  std::int64_t changes = 0;
  bool operator==(const SavePoint&) const = default;
};

struct PersistenceSettings {
  std::vector<SavePoint> save_points;
  std::string dbfilename = "dump.rdb";
};

/// SLOWLOG and LATENCY.
struct LatencySettings {
  std::int64_t slowlog_slower_than_us = 10000;  // -1: nothing is logged, 0: everything.
  std::int64_t slowlog_entries_max = 128;
  std::int64_t monitor_threshold_ms = 0;  // 0: off.
  bool tracking = true;
  std::vector<double> tracking_percentiles = {50, 99, 99.9};  // Each from 0 to 100.
};

/// Who may use a dangerous command or option.
enum class Permission : std::uint8_t { kNo, kYes, kLocal };

struct SecuritySettings {
  std::string requirepass;  // Empty: none.
  Permission debug_command = Permission::kNo;
  Permission protected_configs = Permission::kNo;
  /// (command, new name), in the order given. An empty new name removes the command. Whether the names exist
  /// is for the command table to check: "No such command in rename-command", "Target command name already
  /// exists".
  std::vector<std::pair<std::string, std::string>> renamed_commands;
};

/// From most to least talkative. kNothing silences the log.
enum class LogLevel : std::uint8_t { kDebug, kVerbose, kNotice, kWarning, kNothing };

struct LogSettings {
  LogLevel level = LogLevel::kNotice;
  std::string file;  // Empty: standard output.
};

/// How the process behaves among others.
struct ProcessSettings {
  std::string dir;  // Absolute; empty before command_line.h or the first `dir` filled it: where it started.
  bool daemonize = false;
  std::string pidfile;  // Empty: none.
  bool set_proc_title = true;
  std::string proc_title_template = "{title} {listen-addr} {server-mode}";
};

struct Settings {
  NetworkSettings network;
  ClientSettings clients;
  CoreSettings cores;
  MemorySettings memory;
  EncodingSettings encodings;
  PersistenceSettings persistence;
  LatencySettings latency;
  SecuritySettings security;
  LogSettings log;
  ProcessSettings process;
  /// Options without effect that were set: name to the text CONFIG GET answers.
  std::map<std::string, std::string, std::less<>> kept;
  /// The configuration file, absolute, as INFO and CONFIG REWRITE want it. Empty: none.
  std::string config_file;
};

}  // namespace shoal::config
