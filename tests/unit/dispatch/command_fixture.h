// Runs commands in process: one keyspace, virtual time, and a core of which only what these commands ask for
// exists.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/dispatch/admission.h"
#include "server/dispatch/context.h"
#include "server/dispatch/core_services.h"
#include "storage/base/random.h"
#include "storage/types/value.h"

namespace shoal::dispatch {

class FakeCore final : public CoreServices, public Server {
 public:
  config::Settings settings_;
  Random random_{20240117};
  std::vector<Dictionary> freed_later;
  /// How long work seems to take between two looks at the clock.
  Micros clock_step = 0;

  ~FakeCore() {
    for (Dictionary& dictionary : freed_later) {
      while (dictionary.entries.drain(1000, types::destroy)) {
      }
    }
  }

  const config::Settings& settings() const override { return settings_; }
  Server& server() override { return *this; }
  std::uint64_t random() override { return random_.next(); }
  void free_later(Dictionary detached) override { freed_later.push_back(std::move(detached)); }

  // Nothing below is for the commands under test.
  void change_settings(SettingsChange, Report) override { unused(); }
  void rewrite_config_file(Report) override { unused(); }
  const CommandTable& commands() const override { return unused<const CommandTable&>(); }
  config::Log& log() override { return unused<config::Log&>(); }
  CoreId core_count() const override { return 1; }
  void on_every_core(std::function<void(CoreServices&)>, std::function<void()>) override { unused(); }
  void on_core(CoreId, std::function<void(CoreServices&)>) override { unused(); }
  CoreId owner(SlotId) const override { return 0; }
  void shut_down() override { unused(); }
  View run_id() const override { return {}; }
  Millis started_at() const override { return 0; }
  std::string executable() const override { return {}; }
  std::int64_t used_memory_bytes() const override { return 0; }
  std::int64_t used_memory_peak_bytes() const override { return 0; }
  std::int64_t used_memory_startup_bytes() const override { return 0; }
  metrics::ProcessFacts process_facts() const override { return {}; }
  CoreId id() const override { return 0; }
  Micros now() const override { return 0; }
  Micros now_fresh() const override { return clock_ += clock_step; }
  Millis wall_clock() const override { return 0; }
  Micros wall_clock_fresh() const override { return 0; }
  std::uint64_t ticks_to_nanos(std::uint64_t ticks) const override { return ticks; }
  metrics::Counters& counters() override { return unused<metrics::Counters&>(); }
  metrics::CommandStatistics& statistics() override { return unused<metrics::CommandStatistics&>(); }
  metrics::Slowlog& slowlog() override { return unused<metrics::Slowlog&>(); }
  metrics::LatencyMonitor& latency() override { return unused<metrics::LatencyMonitor&>(); }
  void for_each_client(const std::function<void(ClientHandle&)>&) override { unused(); }
  void set_pause(Pause) override { unused(); }
  Pause pause() const override { return {}; }
  void set_active_expire(bool) override { unused(); }
  void add_monitor(Monitor) override { unused(); }
  void remove_monitor(std::uint64_t) override { unused(); }
  void feed_monitors(const Session&, std::span<const View>) override { unused(); }
  void report_slow(const Session&, const Command&, std::vector<std::string>, std::uint64_t) override {
    unused();
  }
  void run_in_slices(std::unique_ptr<SlicedJob>) override { unused(); }
  Domain& domain() override { return unused<Domain&>(); }
  void sleep_blocking(Micros) override { unused(); }
  std::vector<metrics::KeyCounts> count_keys() override { return {}; }

 private:
  mutable Micros clock_ = 0;

  template <class T = void>
  static T unused() {
    check_failed(__FILE__, __LINE__, "a service that the commands under test do not use");
  }
};

class CommandTest : public testing::Test {
 protected:
  static constexpr Millis kNow = 1'700'000'000'000;

  CommandTest() { effects_.set_listening(true); }

  /// Runs a request and returns its reply, with spaces for line ends: "$1 a", "*2 :1 $-1".
  std::string run(const std::vector<View>& args, protocol::RequestBatch* batch = nullptr) {
    const Command* command = table_.find(args);
    if (command == nullptr) return "unknown command";
    if (!arity_fits(*command, args.size())) return "wrong arity";
    std::vector<Key> key_list;
    if (const auto error = append_keys(*command, args, key_list)) return std::string(*error);
    protocol::Output output(pool_);
    protocol::ReplyWriter reply(output, session_.resp);
    KeyAccess access(keyspace_, effects_, Moment{now_}, session_.database, KeyAccess::Touch::kYes);
    // As within EXEC, so that walks too have all slots in hand.
    const Invocation invocation{command, args, key_list, batch, 0, true};
    Context context(invocation, reply, access, core_, &session_);
    command->handler(context);
    lookups_.hits += access.lookups().hits;
    lookups_.misses += access.lookups().misses;
    return text_of(output);
  }

  /// What commands said since the last call: "0 SET a 1", one line each, database first.
  std::string changes() {
    std::string text;
    for (const Effects::Record& record : effects_.records()) {
      EXPECT_TRUE(record.key.empty() || record.slot == key_slot(record.key));
      if (!text.empty()) text += "\n";
      text += std::to_string(record.database);
      for (const std::string& word : record.effect) text += " " + word;
    }
    effects_.clear();
    return text;
  }

  std::size_t expiring(View key) {
    return keyspace_.slot(key_slot(key)).database(session_.database).expiring;
  }

  static std::string text_of(const protocol::Output& output) {
    std::vector<iovec> vectors(1024);
    const std::size_t count = output.gather(vectors);
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i)
      bytes.append(static_cast<char*>(vectors[i].iov_base), vectors[i].iov_len);
    std::string text;
    for (const char c : bytes) {
      if (c != '\n') text += c == '\r' ? ' ' : c;
    }
    if (!text.empty()) text.pop_back();
    return text;
  }

  Millis now_ = kNow;
  Session session_;
  Keyspace keyspace_{16};
  Effects effects_;
  LookupCounts lookups_;
  FakeCore core_;
  protocol::ChunkPool pool_;
  const std::vector<Family> families_ = commands::all_families();
  const CommandTable table_{families_};
};

}  // namespace shoal::dispatch
