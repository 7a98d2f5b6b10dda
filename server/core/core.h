// Core: one thread's server. It owns its connections, drives its dispatcher and its shard's clockwork, and
// offers commands what they may ask of a core (CoreServices) and of the server (Server). Runs under any
// runtime::Runtime.
#pragma once

#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "server/client/connection.h"
#include "server/core/count_keys.h"
#include "server/core/monitor_feed.h"
#include "server/core/process.h"
#include "server/core/process_facts.h"
#include "server/dispatch/core_services.h"
#include "server/dispatch/dispatcher.h"
#include "server/runtime/runtime.h"

namespace shoal::core {

class Core final : public runtime::CoreLogic,
                   public dispatch::CoreServices,
                   public dispatch::Server,
                   public client::ConnectionHost {
 public:
  Core(Process& process, runtime::Runtime& runtime);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  // runtime::CoreLogic
  void on_start() override;
  runtime::WireEvents* on_accept(runtime::Wire& wire) override;
  void deliver(runtime::Message& message) override { dispatcher_.deliver(message); }
  runtime::TurnResult turn() override;
  void on_stop_requested() override;
  void discard(runtime::Message& message) override { dispatch::Dispatcher::discard(message); }

  // dispatch::CoreServices
  CoreId id() const override { return runtime_.core(); }
  dispatch::Server& server() override { return *this; }
  Micros now() const override { return runtime_.now(); }
  Micros now_fresh() const override { return runtime_.now_fresh(); }
  Millis wall_clock() const override { return runtime_.wall_clock(); }
  Micros wall_clock_fresh() const override { return runtime_.wall_clock_fresh(); }
  std::uint64_t ticks_to_nanos(std::uint64_t ticks) const override { return runtime_.ticks_to_nanos(ticks); }
  std::uint64_t random() override { return runtime_.random().next(); }
  metrics::Counters& counters() override { return counters_; }
  metrics::CommandStatistics& statistics() override { return statistics_; }
  metrics::Slowlog& slowlog() override { return slowlog_; }
  metrics::LatencyMonitor& latency() override { return latency_; }
  void for_each_client(const std::function<void(dispatch::ClientHandle&)>& visit) override;
  void set_pause(dispatch::Pause pause) override;
  dispatch::Pause pause() const override { return pause_; }
  void set_active_expire(bool active) override { dispatcher_.own().shard.set_active_expire(active); }
  void add_monitor(dispatch::Monitor monitor) override;
  void remove_monitor(std::uint64_t session_id) override;
  void feed_monitors(const dispatch::Session& session, std::span<const View> args) override;
  void report_slow(const dispatch::Session& session, const dispatch::Command& command,
                   std::vector<std::string> args, std::uint64_t ticks) override;
  void run_in_slices(std::unique_ptr<dispatch::SlicedJob> job) override { jobs_.add(std::move(job)); }
  dispatch::Domain& domain() override { return dispatcher_.own(); }
  void free_later(Dictionary detached) override { dispatcher_.own().shard.free_later(std::move(detached)); }
  void sleep_blocking(Micros duration) override { runtime_.sleep_blocking(duration); }
  std::vector<metrics::KeyCounts> count_keys() override {
    return core::count_keys(process_.node.keyspace(), dispatcher_.own(), runtime_.wall_clock(),
                            runtime_.random());
  }

  // dispatch::Server
  const config::Settings& settings() const override { return *settings_; }
  void change_settings(SettingsChange change, Report report) override;
  void rewrite_config_file(Report report) override;
  const dispatch::CommandTable& commands() const override { return process_.table; }
  config::Log& log() override { return process_.log; }
  CoreId core_count() const override { return process_.node.core_count(); }
  void on_every_core(std::function<void(dispatch::CoreServices&)> visit, std::function<void()> then) override;
  void on_core(CoreId core, std::function<void(dispatch::CoreServices&)> visit) override;
  CoreId owner(SlotId slot) const override { return process_.node.owner(slot); }
  void shut_down() override { runtime_.stop(); }
  View run_id() const override { return process_.run_id; }
  Millis started_at() const override { return process_.started_at; }
  std::string executable() const override { return process_.executable; }
  std::int64_t used_memory_bytes() const override;
  std::int64_t used_memory_peak_bytes() const override;
  std::int64_t used_memory_startup_bytes() const override {
    return process_.used_memory_startup.load(std::memory_order_relaxed);
  }
  metrics::ProcessFacts process_facts() const override { return read_process_facts(); }

  // client::ConnectionHost
  dispatch::Dispatcher& dispatcher() override { return dispatcher_; }
  const protocol::ParserLimits& parser_limits() const override { return parser_limits_; }
  void schedule(client::Connection& connection) override;
  void schedule_after_pause(client::Connection& connection) override;
  void forget(client::Connection& connection) override;
  client::Connection* find(std::uint64_t session_id) override;

 private:
  // How much of each kind of work one turn takes: together well under a millisecond.
  static constexpr std::size_t kExpiriesPerTurn = 256;
  static constexpr std::size_t kFreedPerTurn = 512;
  static constexpr std::size_t kStaleTimersPerTurn = 2048;
  static constexpr Micros kSlicesPerTurn = 500;
  static constexpr Micros kHousekeepingPeriod = 100'000;
  /// Every client's limits are looked at once in so many periods.
  static constexpr std::size_t kLimitCheckPeriods = 10;
  static constexpr std::size_t kLimitChecksPerTurn = 512;

  void adopt(std::shared_ptr<const config::Settings> settings);
  void decide_settings(const SettingsChange& change, const Report& report);
  Report report_on(CoreId core, Report report);
  void apply_settings();
  void run_ready();
  void count_turn();
  template <class Work>
  bool timed(View event, Work&& work);
  bool keep_house();
  bool check_client_limits();
  void end_pause_if_over();
  void send_monitor_lines();
  void show_monitors(const MonitorFeed::Parcel& parcel);
  client::Welcome welcome(const runtime::Wire& wire) const;
  Micros next_deadline();

  Process& process_;
  runtime::Runtime& runtime_;
  std::shared_ptr<const config::Settings> settings_;
  protocol::ParserLimits parser_limits_;
  metrics::Counters counters_;
  metrics::CommandStatistics statistics_;
  metrics::Slowlog slowlog_;
  metrics::LatencyMonitor latency_;
  dispatch::Dispatcher dispatcher_;
  dispatch::SlicedJobs jobs_;

  std::unordered_map<std::uint64_t, std::unique_ptr<client::Connection>> connections_;  // by session id
  std::vector<client::Connection*> ready_;
  std::vector<client::Connection*> working_;  // the ready ones of this turn
  std::set<std::uint64_t> paused_;            // sessions that wait for the end of CLIENT PAUSE
  std::vector<std::uint64_t> forgotten_;
  dispatch::Pause pause_;
  MonitorFeed monitors_;
  Micros next_housekeeping_ = 0;
  std::size_t limit_check_at_ = 0;    // the bucket of connections_ that is next
  std::size_t limit_checks_due_ = 0;  // how many buckets still in this period
};

}  // namespace shoal::core
