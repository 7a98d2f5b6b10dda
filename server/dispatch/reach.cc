#include "server/dispatch/reach.h"

namespace shoal::dispatch {

Reach::Reach(Node& node, runtime::Runtime& runtime, metrics::Counters& counters)
    : node_(node),
      runtime_(runtime),
      counters_(counters),
      self_(runtime.core()),
      own_(&node.domain(runtime.core())),
      is_held_(node.core_count(), false) {}

Domain* Reach::borrow(CoreId core) {
  if (is_held_[core]) return &node_.domain(core);
  if (!runtime_.try_borrow(core)) return nullptr;
  counters_.shards_borrowed_asleep.add();
  is_held_[core] = true;
  held_.push_back(core);
  return &node_.domain(core);
}

void Reach::settle() {
  own_->shard.settle();
  for (const CoreId core : held_) node_.domain(core).shard.settle();
}

void Reach::give_all_back() {
  for (const CoreId core : held_) {
    Domain& domain = node_.domain(core);
    domain.shard.settle();
    is_held_[core] = false;
    const bool due_before_it_wakes = domain.shard.next_expiry() < domain.wakes_at;
    runtime_.give_back(
        core, due_before_it_wakes ? runtime::AfterBorrow::kWorkLeft : runtime::AfterBorrow::kNothingLeft);
  }
  held_.clear();
}

Effects& Reach::effects_of(SlotId slot) {
  const CoreId core = node_.owner(slot);
  DCHECK(core == self_ || is_held_[core]);
  return node_.domain(core).shard.effects();
}

}  // namespace shoal::dispatch
