#include "server/dispatch/node.h"

namespace shoal::dispatch {

SlotRange initial_slots(CoreId core, CoreId core_count) {
  const auto bound = [core_count](std::uint32_t n) {
    return static_cast<SlotId>(n * kSlotCount / core_count);
  };
  return {bound(core), bound(core + 1u)};
}

Node::Node(CoreId core_count, DatabaseId database_count, const CommandTable& table, Millis now)
    : keyspace_(database_count), table_(table) {
  CHECK(core_count >= 1 && core_count <= kCoreCountMax);
  for (CoreId core = 0; core < core_count; ++core) {
    const SlotRange slots = initial_slots(core, core_count);
    for (SlotId slot = slots.begin; slot < slots.end; ++slot) owners_[slot] = static_cast<std::uint8_t>(core);
    domains_.push_back(std::make_unique<Domain>(keyspace_, slots, now));
  }
}

}  // namespace shoal::dispatch
