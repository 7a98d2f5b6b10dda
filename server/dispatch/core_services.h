// What commands may ask of the core they run on, and of the server around it. Interfaces only: server/core
// implements them, so that no command includes the runtime, a connection or a service.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/config/log.h"
#include "server/config/settings.h"
#include "server/dispatch/command_table.h"
#include "server/dispatch/session.h"
#include "server/dispatch/sliced_jobs.h"
#include "server/metrics/command_statistics.h"
#include "server/metrics/counters.h"
#include "server/metrics/key_counts.h"
#include "server/metrics/latency_monitor.h"
#include "server/metrics/process_facts.h"
#include "server/metrics/slowlog.h"
#include "storage/base/result.h"
#include "storage/keyspace.h"

namespace shoal::dispatch {

class CoreServices;
struct Domain;

/// Bytes that a connection holds.
struct ClientMemory {
  std::size_t input = 0;       // received and not yet executed
  std::size_t input_room = 0;  // of its buffers for that, unused
  std::size_t arguments = 0;   // of requests parsed, or being parsed
  std::size_t queue = 0;       // between MULTI and EXEC
  std::size_t output = 0;      // replies not yet sent
  std::size_t output_heap = 0;
  std::size_t total = 0;  // all of it that is the connection's own, with its structures
};

/// A client as other clients see it, and the way to end it.
class ClientHandle {
 public:
  virtual Session& session() = 0;
  /// Closes the connection; replies already written are dropped.
  virtual void kill() = 0;
  virtual ClientMemory memory() const = 0;

 protected:
  ~ClientHandle() = default;
};

/// CLIENT PAUSE: which commands wait, and until when (monotonic clock; 0: none wait).
struct Pause {
  bool all = false;
  Micros until = 0;
};

/// A session that watches every request (MONITOR).
struct Monitor {
  CoreId core;
  std::uint64_t session_id;
};

/// The whole server, as seen from any core. Settings are this core's copy.
class Server {
 public:
  virtual const config::Settings& settings() const = 0;
  /// Makes new settings of those in force, or says why not. Runs on core 0, where changes from all cores come
  /// one after the other.
  using SettingsChange = std::function<Result<config::Settings>(const config::Settings& present)>;
  /// What became of it, told on the core that asked.
  using Report = std::function<void(const Status&)>;
  /// Changes the settings of every core, and reports when all have them. Fails, changing nothing, when an
  /// option cannot take effect (a port that cannot be bound, say).
  virtual void change_settings(SettingsChange change, Report report) = 0;
  /// CONFIG REWRITE, on a thread that may wait for the disk.
  virtual void rewrite_config_file(Report report) = 0;
  virtual const CommandTable& commands() const = 0;
  virtual config::Log& log() = 0;

  virtual CoreId core_count() const = 0;
  /// Runs `visit` on every core, on that core's thread, in no order; then `then` here. Neither may block.
  /// `visit` is called concurrently: it writes only to what belongs to its core.
  virtual void on_every_core(std::function<void(CoreServices&)> visit, std::function<void()> then) = 0;
  /// Runs `visit` on one core, on that core's thread. It may be this one: then in a turn to come.
  virtual void on_core(CoreId core, std::function<void(CoreServices&)> visit) = 0;
  /// The core that has a slot now.
  virtual CoreId owner(SlotId slot) const = 0;

  /// SHUTDOWN: ends the process cleanly after this turn.
  virtual void shut_down() = 0;
  virtual View run_id() const = 0;
  /// Wall clock at start, and where the executable and the configuration are.
  virtual Millis started_at() const = 0;
  virtual std::string executable() const = 0;
  /// Memory the allocator was asked for, by every core; and the most it ever was.
  virtual std::int64_t used_memory_bytes() const = 0;
  virtual std::int64_t used_memory_peak_bytes() const = 0;
  /// The same before the first client came.
  virtual std::int64_t used_memory_startup_bytes() const = 0;
  /// What the kernel says of this process; read afresh, some 20 us.
  virtual metrics::ProcessFacts process_facts() const = 0;

 protected:
  ~Server() = default;
};

class CoreServices {
 public:
  virtual CoreId id() const = 0;
  virtual Server& server() = 0;
  virtual Micros now() const = 0;        // monotonic
  virtual Micros now_fresh() const = 0;  // the same clock, read again
  virtual Millis wall_clock() const = 0;
  virtual Micros wall_clock_fresh() const = 0;  // the same clock, read again
  /// Lengths of commands, as CommandStatistics counts them, in nanoseconds.
  virtual std::uint64_t ticks_to_nanos(std::uint64_t ticks) const = 0;
  virtual std::uint64_t random() = 0;

  virtual metrics::Counters& counters() = 0;
  virtual metrics::CommandStatistics& statistics() = 0;
  virtual metrics::Slowlog& slowlog() = 0;
  virtual metrics::LatencyMonitor& latency() = 0;

  /// Every client connected to this core.
  virtual void for_each_client(const std::function<void(ClientHandle&)>& visit) = 0;
  virtual void set_pause(Pause pause) = 0;
  virtual Pause pause() const = 0;
  /// Whether expired keys are reclaimed without being touched (DEBUG SET-ACTIVE-EXPIRE).
  virtual void set_active_expire(bool active) = 0;
  /// From now on, or no longer, this core shows its requests to that session.
  virtual void add_monitor(Monitor monitor) = 0;
  virtual void remove_monitor(std::uint64_t session_id) = 0;
  /// Shows a request that is about to run to every monitor.
  virtual void feed_monitors(const Session& session, std::span<const View> args) = 0;
  /// Notes a command that took long enough for the slow log or the latency monitor; args as slowlog_args()
  /// made them.
  virtual void report_slow(const Session& session, const Command& command, std::vector<std::string> args,
                           std::uint64_t ticks) = 0;
  /// Takes over a job to be run between turns, together with the others about half a millisecond in each.
  virtual void run_in_slices(std::unique_ptr<SlicedJob> job) = 0;
  /// This core's slots and which of them are lent: for jobs, which run while no command does.
  virtual Domain& domain() = 0;
  /// Frees what `detached` holds in slices between turns.
  virtual void free_later(Dictionary detached) = 0;
  /// Blocks this core: DEBUG SLEEP, for tests of exactly that.
  virtual void sleep_blocking(Micros duration) = 0;

  /// Keys of this core's slots, by database; without those in lent slots. One pass over the slots, and a
  /// sample of the deadlines: O(slots).
  virtual std::vector<metrics::KeyCounts> count_keys() = 0;

 protected:
  ~CoreServices() = default;
};

}  // namespace shoal::dispatch
