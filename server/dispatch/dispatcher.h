// Dispatcher: one core's part in running commands. It knows the shards within reach, runs what other cores
// send, and carries the messages of pipelines, borrowings and visits. One per core; never blocks.
#pragma once

#include <functional>
#include <memory>

#include "eviction/access_clock.h"
#include "server/dispatch/borrowing.h"
#include "server/dispatch/core_services.h"
#include "server/dispatch/node.h"
#include "server/dispatch/pipeline.h"
#include "server/dispatch/reach.h"
#include "server/dispatch/remote_part.h"
#include "server/dispatch/runner.h"
#include "storage/prefetch.h"

namespace shoal::dispatch {

/// A function on its way to one core, which runs and frees it.
struct Visit final : runtime::Message {
  explicit Visit(std::function<void(CoreServices&)> visit) : Message(kVisit), run(std::move(visit)) {}
  std::function<void(CoreServices&)> run;
};

class Dispatcher {
 public:
  Dispatcher(Node& node, runtime::Runtime& runtime, CoreServices& services);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  Node& node() { return node_; }
  runtime::Runtime& runtime() { return runtime_; }
  CoreServices& services() { return services_; }
  Runner& runner() { return runner_; }
  Reach& reach() { return reach_; }
  Domain& own() { return reach_.own(); }
  protocol::ChunkPool& chunks() { return chunks_; }

  /// Bits of State that hold for every session of this core.
  std::uint32_t state() const { return state_; }
  void set_state(std::uint32_t bits, bool on) { state_ = on ? state_ | bits : state_ & ~bits; }
  void set_strict_pipeline_order(bool strict) { strict_pipeline_order_ = strict; }
  bool strict_pipeline_order() const { return strict_pipeline_order_; }
  /// Commands that ran at least so long (Runtime::ticks) are reported to the slow log.
  void set_slow_ticks(std::uint64_t ticks) { slow_ticks_ = ticks; }
  std::uint64_t slow_ticks() const { return slow_ticks_; }

  /// This turn's moment for commands. Made once for all that run within a millisecond.
  Moment moment() {
    const Millis now = runtime_.wall_clock();
    if (now != moment_.now) [[unlikely]]
      make_moment(now);
    return moment_;
  }
  /// Access to the keys of a shard in hand.
  KeyAccess access(Effects& effects, const Choices& choices) {
    return KeyAccess(node_.keyspace(), effects, moment(), choices.database, choices.touch);
  }
  void count_lookups(KeyAccess& keys);

  /// Notes that a command is about to touch this key; fetch_ahead() fetches what was noted, all of one shard
  /// in hand.
  void will_touch(DatabaseId database, const Key& key) { key_fetch_.add(database, key); }
  bool fetches_enough() const { return key_fetch_.full(); }
  void fetch_ahead() { fetch_ahead(own()); }
  void fetch_ahead(const Domain& domain) {
    if (!key_fetch_.empty()) fetch_noted_keys(domain);
  }

  void deliver(runtime::Message& message);
  /// As CoreLogic::discard().
  static void discard(runtime::Message& message);
  void visit_core(CoreId core, std::function<void(CoreServices&)> visit);
  void visit_every_core(std::function<void(CoreServices&)> visit, std::function<void()> then);

 private:
  static constexpr Millis kNoMoment = -1;

  void make_moment(Millis now);
  void fetch_noted_keys(const Domain& domain);

  Node& node_;
  runtime::Runtime& runtime_;
  CoreServices& services_;
  Runner runner_;
  Reach reach_;
  protocol::ChunkPool chunks_;
  KeyFetch key_fetch_;
  std::uint32_t state_ = 0;
  bool strict_pipeline_order_ = false;
  std::uint64_t slow_ticks_ = ~std::uint64_t{0};
  eviction::Frequency frequency_;
  Moment moment_{kNoMoment};
};

}  // namespace shoal::dispatch
