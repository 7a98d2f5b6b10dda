#include "storage/change.h"

#include <array>

namespace shoal {

View event_name(Event event) {
  constexpr auto kNames = std::to_array<View>(
      {"set", "append", "incrby", "incrbyfloat", "setrange", "del", "expire", "persist", "rename_from",
       "rename_to", "copy_to", "move_from", "move_to", "expired", "evicted", "flushed", "swapped"});
  return kNames[static_cast<std::size_t>(event)];
}

void Effects::keep(const Change& change) {
  Record record{change.slot, change.database, change.event, std::string(change.key), {}};
  record.effect.assign(change.effect.begin(), change.effect.end());
  records_.push_back(std::move(record));
}

void Effects::clear() {
  change_count_ = 0;
  expired_count_ = 0;
  timers_.clear();
  records_.clear();
}

}  // namespace shoal
