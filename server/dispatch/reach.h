// Reach: the shards this core may touch right now: its own, and those of sleeping cores that it has borrowed
// for the length of a run of commands (design: "a sleeping core can be borrowed from without waking it").
#pragma once

#include <vector>

#include "server/dispatch/node.h"
#include "server/metrics/counters.h"
#include "server/runtime/runtime.h"

namespace shoal::dispatch {

class Reach final : public EffectsRouter {
 public:
  Reach(Node& node, runtime::Runtime& runtime, metrics::Counters& counters);

  /// The domain of a core, if it is ours or can be had without waiting; else null. Held until let_go().
  Domain* domain(CoreId core) {
    if (core == self_) [[likely]]
      return own_;
    return borrow(core);
  }
  /// Whether domain(core) would give it without a borrowing.
  bool holds(CoreId core) const { return core == self_ || is_held_[core]; }
  Domain& own() { return *own_; }
  CoreId self() const { return self_; }

  /// Settles what commands left in every borrowed shard and gives them all back. Before anything that waits,
  /// and at the end of every run. Idempotent.
  void let_go() {
    if (!held_.empty()) [[unlikely]]
      give_all_back();
  }

  /// Where the effects of a command go that touches several reachable shards.
  Effects& effects_of(SlotId slot) override;
  /// Settles the own shard and every borrowed one.
  void settle();

 private:
  Domain* borrow(CoreId core);
  void give_all_back();

  Node& node_;
  runtime::Runtime& runtime_;
  metrics::Counters& counters_;
  CoreId self_;
  Domain* own_;
  std::vector<CoreId> held_;
  std::vector<bool> is_held_;  // by core
};

}  // namespace shoal::dispatch
