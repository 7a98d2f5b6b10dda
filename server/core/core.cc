#include "server/core/core.h"

#include <fmt/format.h>
#include <algorithm>

#include "server/config/config_file.h"
#include "server/core/process_facts.h"
#include "server/core/settings_effects.h"
#include "server/dispatch/redaction.h"
#include "storage/base/heap.h"

namespace shoal::core {

Core::Core(Process& process, runtime::Runtime& runtime)
    : process_(process),
      runtime_(runtime),
      settings_(process.initial_settings),
      statistics_(process.table.row_count()),
      dispatcher_(process.node, runtime, *this),
      monitors_(process.node.core_count()) {
  apply_settings();
}

Core::~Core() = default;

void Core::on_start() {
  if (id() == 0) process_.used_memory_startup.store(used_memory_bytes(), std::memory_order_relaxed);
  next_housekeeping_ = runtime_.now();
}

// ---- Connections

client::Welcome Core::welcome(const runtime::Wire& wire) const {
  if (runtime_.wire_count() > static_cast<std::uint64_t>(settings_->network.maxclients))
    return client::Welcome::kTooManyClients;
  const bool open_to_all = !settings_->network.protected_mode || !settings_->security.requirepass.empty();
  if (!open_to_all && !wire.is_loopback()) return client::Welcome::kProtectedMode;
  return client::Welcome::kAccepted;
}

runtime::WireEvents* Core::on_accept(runtime::Wire& wire) {
  const client::Welcome answer = welcome(wire);
  counters_.total_connections_received.add(1);
  if (answer != client::Welcome::kAccepted) counters_.rejected_connections.add(1);
  wire.set_keepalive(static_cast<int>(settings_->network.tcp_keepalive_seconds));
  const std::uint64_t id = process_.node.next_client_id();
  auto connection = std::make_unique<client::Connection>(*this, wire, id, answer);
  client::Connection* events = connection.get();
  connections_.emplace(id, std::move(connection));
  return events;
}

void Core::schedule(client::Connection& connection) {
  if (connection.is_scheduled()) return;
  connection.set_scheduled(true);
  ready_.push_back(&connection);
}

void Core::schedule_after_pause(client::Connection& connection) {
  paused_.insert(connection.session().id);
}

void Core::forget(client::Connection& connection) {
  forgotten_.push_back(connection.session().id);
  paused_.erase(connection.session().id);
  if (connection.session().is_monitor) {
    connection.session().is_monitor = false;
    on_every_core([id = connection.session().id](CoreServices& core) { core.remove_monitor(id); }, [] {});
  }
}

client::Connection* Core::find(std::uint64_t session_id) {
  const auto found = connections_.find(session_id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Core::for_each_client(const std::function<void(dispatch::ClientHandle&)>& visit) {
  for (const auto& [id, connection] : connections_) {
    if (!connection->closing()) visit(*connection);
  }
}

// ---- A turn

runtime::TurnResult Core::turn() {
  end_pause_if_over();
  run_ready();
  const bool more_work = keep_house();
  for (const std::uint64_t id : forgotten_) connections_.erase(id);
  forgotten_.clear();
  if (!monitors_.empty()) send_monitor_lines();
  count_turn();
  const Micros deadline = next_deadline();
  dispatcher_.own().wakes_at = runtime_.wall_clock() + std::max<Micros>(0, deadline - runtime_.now()) / 1000;
  return {more_work || !ready_.empty(), deadline};
}

void Core::count_turn() {
  Shard& shard = dispatcher_.own().shard;
  const Shard::Counts counts = shard.take_counts();
  counters_.changes.add(counts.changes);
  counters_.expired_keys.add(counts.expired);
  counters_.lazyfreed_objects.add(counts.freed);
  counters_.lazyfree_pending_objects.set(shard.pending_frees());
  counters_.messages_sent.add(runtime_.take_posted_count());
  counters_.turns.add(1);
  counters_.total_commands_processed.set(statistics_.call_count());
  counters_.sample(runtime_.now());
  const std::uint64_t micros = runtime_.ticks_to_nanos(runtime_.ticks_of_turn()) / 1000;
  counters_.longest_turn_us.raise_to(micros);
  latency_.end_turn(runtime_.wall_clock() / 1000, static_cast<Micros>(micros));
}

// Work of a turn that latency_ may have to tell of.
template <class Work>
bool Core::timed(View event, Work&& work) {
  const std::uint64_t begin = runtime_.ticks();
  const bool more = work();
  const std::uint64_t nanos = runtime_.ticks_to_nanos(runtime_.ticks() - begin);
  latency_.note(event, runtime_.wall_clock() / 1000, static_cast<Micros>(nanos / 1000));
  return more;
}

void Core::run_ready() {
  working_.swap(ready_);
  for (std::size_t next = 0, end = 0; next < working_.size();) {
    // As many connections as bring enough keys to be fetched ahead together.
    for (; end < working_.size() && !dispatcher_.fetches_enough(); ++end) working_[end]->prepare();
    dispatcher_.fetch_ahead();
    for (; next < end; ++next) {
      working_[next]->set_scheduled(false);
      working_[next]->work();
    }
  }
  working_.clear();
}

// The shard's clockwork, each in a slice. Returns whether one of them has more to do at once.
bool Core::keep_house() {
  dispatch::Domain& domain = dispatcher_.own();
  bool more = false;
  if (domain.shard.next_expiry() <= runtime_.wall_clock()) {
    more |= timed(metrics::LatencyMonitor::kExpireCycle, [this, &domain] {
      return domain.shard.expire(dispatcher_.moment(), kExpiriesPerTurn,
                                 [&domain](SlotId slot) { return domain.loans.is_lent(slot); });
    });
  }
  if (domain.shard.has_to_free()) {
    more |= timed(metrics::LatencyMonitor::kFreeCycle,
                  [&domain] { return domain.shard.free_some(kFreedPerTurn); });
  }
  more |= jobs_.run(*this, kSlicesPerTurn);
  if (runtime_.now() >= next_housekeeping_) {
    next_housekeeping_ = runtime_.now() + kHousekeepingPeriod;
    limit_checks_due_ = connections_.bucket_count() / kLimitCheckPeriods + 1;
    if (!domain.loans.any()) more |= domain.shard.sweep_stale_timers(kStaleTimersPerTurn);
    const std::int64_t used = used_memory_bytes();
    if (used > process_.used_memory_peak.load(std::memory_order_relaxed)) {
      process_.used_memory_peak.store(used, std::memory_order_relaxed);
    }
  }
  if (limit_checks_due_ > 0) more |= check_client_limits();
  return more;
}

Micros Core::next_deadline() {
  Micros deadline = next_housekeeping_;
  const Millis expiry = process_.node.domain(runtime_.core()).shard.next_expiry();
  if (expiry != structs::TimingWheel::kNever) {
    const Millis wait = std::max<Millis>(0, expiry - runtime_.wall_clock());
    deadline = std::min(deadline, sum_or_max(runtime_.now(), product_or_max(wait, kMicrosPerMilli)));
  }
  if (pause_.until != 0) deadline = std::min(deadline, pause_.until);
  return deadline;
}

// ---- Clients' limits

// What one turn takes of this period's buckets. Clients that come may move the others to other buckets: some
// are then looked at twice in this round, or not before the next.
bool Core::check_client_limits() {
  const std::size_t count = std::min(limit_checks_due_, kLimitChecksPerTurn);
  for (std::size_t i = 0; i < count; ++i) {
    if (limit_check_at_ >= connections_.bucket_count()) limit_check_at_ = 0;
    const std::size_t bucket = limit_check_at_++;
    for (auto client = connections_.begin(bucket); client != connections_.end(bucket); ++client)
      client->second->check_limits(runtime_.now());
  }
  limit_checks_due_ -= count;
  return limit_checks_due_ > 0;
}

void Core::set_pause(dispatch::Pause pause) {
  pause_ = pause;
  dispatcher_.set_state(dispatch::kPausedForAll, pause.until != 0 && pause.all);
  dispatcher_.set_state(dispatch::kPausedForWrites, pause.until != 0 && !pause.all);
  if (pause.until != 0) return;
  for (const std::uint64_t id : paused_) {
    if (client::Connection* connection = find(id)) schedule(*connection);
  }
  paused_.clear();
}

void Core::end_pause_if_over() {
  if (pause_.until != 0 && runtime_.now() >= pause_.until) set_pause({});
}

// ---- MONITOR

void Core::add_monitor(dispatch::Monitor monitor) {
  monitors_.add(monitor);
  dispatcher_.set_state(dispatch::kMonitored, true);
}

void Core::remove_monitor(std::uint64_t session_id) {
  monitors_.remove(session_id);
  dispatcher_.set_state(dispatch::kMonitored, !monitors_.empty());
}

void Core::feed_monitors(const dispatch::Session& session, std::span<const View> args) {
  const dispatch::Command* command = commands().find(args);
  CHECK(command != nullptr);
  if (command->has(dispatch::kSkipMonitor | dispatch::kAdmin)) return;
  monitors_.show(monitor_line(session, *command, args, runtime_.wall_clock_fresh()));
}

void Core::send_monitor_lines() {
  monitors_.send_off([this](CoreId to, MonitorFeed::Parcel&& parcel) {
    const auto shared = std::make_shared<const MonitorFeed::Parcel>(std::move(parcel));
    on_core(to, [shared, home = id()](dispatch::CoreServices& there) {
      static_cast<Core&>(there).show_monitors(*shared);
      there.server().on_core(home, [taker = there.id()](dispatch::CoreServices& back) {
        static_cast<Core&>(back).monitors_.taken(taker);
      });
    });
  });
}

// What another core sends to the monitors of this one.
void Core::show_monitors(const MonitorFeed::Parcel& parcel) {
  for (const dispatch::Monitor& monitor : monitors_.monitors()) {
    client::Connection* connection = monitor.core == id() ? find(monitor.session_id) : nullptr;
    if (connection == nullptr || connection->closing() || !connection->session().is_monitor) continue;
    if (parcel.has_gap) {
      log().warning("Closed the monitor id={} addr={}: more requests ran than could be shown",
                    monitor.session_id, connection->session().peer_address);
      connection->kill();
      continue;
    }
    connection->asides().append(parcel.lines);
    schedule(*connection);
  }
}

void Core::report_slow(const dispatch::Session& session, const dispatch::Command& command,
                       std::vector<std::string> args, std::uint64_t ticks) {
  const auto duration = static_cast<Micros>(runtime_.ticks_to_nanos(ticks) / 1000);
  const config::LatencySettings& limits = settings_->latency;
  const bool is_fast = command.has(dispatch::kFast);
  latency_.note(is_fast ? metrics::LatencyMonitor::kFastCommand : metrics::LatencyMonitor::kCommand,
                runtime_.wall_clock() / 1000, duration);
  if (limits.slowlog_slower_than_us < 0 || duration < limits.slowlog_slower_than_us) return;
  if (command.has(dispatch::kSkipSlowlog)) return;
  metrics::SlowlogEntry entry;
  entry.unix_seconds = runtime_.wall_clock_fresh() / 1'000'000;
  entry.id = process_.next_slowlog_id.fetch_add(1, std::memory_order_relaxed);
  entry.duration = duration;
  entry.args = std::move(args);
  entry.client_address = session.peer_address;
  entry.client_name = session.name;
  slowlog_.add(std::move(entry), static_cast<std::size_t>(limits.slowlog_entries_max));
}

// ---- Settings

void Core::apply_settings() {
  parser_limits_.bulk_bytes_max = settings_->clients.proto_max_bulk_bytes;
  dispatcher_.set_strict_pipeline_order(settings_->cores.strict_pipeline_order);
  // The hot path compares with one limit; report_slow() tells the slow log's from the latency monitor's.
  const auto ticks = [this](Micros limit) {
    return runtime_.nanos_to_ticks(static_cast<std::uint64_t>(product_or_max(limit, kNanosPerMicro)));
  };
  const config::LatencySettings& latency = settings_->latency;
  std::uint64_t limit =
      latency.slowlog_slower_than_us < 0 ? ~std::uint64_t{0} : ticks(latency.slowlog_slower_than_us);
  if (latency.monitor_threshold_ms > 0)
    limit = std::min(limit, ticks(product_or_max(latency.monitor_threshold_ms, kMicrosPerMilli)));
  dispatcher_.set_slow_ticks(limit);
  slowlog_.trim(static_cast<std::size_t>(settings_->latency.slowlog_entries_max));
  latency_.set_threshold(latency.monitor_threshold_ms);
  statistics_.set_tracks_distribution(settings_->latency.tracking);
}

void Core::adopt(std::shared_ptr<const config::Settings> settings) {
  settings_ = std::move(settings);
  if (settings_->security.requirepass.empty()) {
    // Whoever had not yet given the password no longer needs to.
    for (const auto& [id, connection] : connections_) connection->admit_without_password();
  }
  apply_settings();
}

// Core 0 has the last word on settings, so that two changes made at once do not leave cores with different
// ones.
void Core::change_settings(SettingsChange change, Report report) {
  const CoreId home = id();
  on_core(0, [change = std::move(change), report = std::move(report), home](CoreServices& first) {
    auto& core = static_cast<Core&>(first);
    core.decide_settings(change, core.report_on(home, report));
  });
}

void Core::decide_settings(const SettingsChange& change, const Report& report) {
  auto changed = change(*settings_);
  if (!changed) return report(changed.failure());
  if (const Status done = put_into_effect(*settings_, changed.value(), process_); !done) return report(done);
  const auto shared = std::make_shared<const config::Settings>(std::move(changed).value());
  adopt(shared);  // At once: the next change begins with these.
  on_every_core([shared](CoreServices& core) { static_cast<Core&>(core).adopt(shared); },
                [report] { report(success()); });
}

void Core::rewrite_config_file(Report report) {
  const CoreId home = id();
  on_core(0, [report = std::move(report), home](CoreServices& first) {
    auto& core = static_cast<Core&>(first);
    auto outcome = std::make_shared<Status>(success());
    core.runtime_.run_aside(
        [outcome, settings = core.settings_] { *outcome = config::rewrite_file(*settings); },
        [outcome, tell = core.report_on(home, report)] { tell(*outcome); });
  });
}

// Reports from this core, to where the answer is awaited.
dispatch::Server::Report Core::report_on(CoreId core, Report report) {
  return [this, core, report = std::move(report)](const Status& status) {
    on_core(core, [report, status](CoreServices&) { report(status); });
  };
}

void Core::on_every_core(std::function<void(dispatch::CoreServices&)> visit, std::function<void()> then) {
  dispatcher_.visit_every_core(std::move(visit), std::move(then));
}

void Core::on_core(CoreId core, std::function<void(dispatch::CoreServices&)> visit) {
  dispatcher_.visit_core(core, std::move(visit));
}

void Core::on_stop_requested() {
  process_.log.warning("Received a request to end, shutting down");
  runtime_.stop();
}

std::int64_t Core::used_memory_bytes() const {
  return heap::bytes_in_use();
}

std::int64_t Core::used_memory_peak_bytes() const {
  return std::max(process_.used_memory_peak.load(std::memory_order_relaxed), used_memory_bytes());
}

}  // namespace shoal::core
