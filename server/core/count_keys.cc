#include "server/core/count_keys.h"

#include <algorithm>

#include "storage/types/entry.h"

namespace shoal::core {

namespace {

// For each database: slots whose deadlines are looked at, and keys in each.
constexpr std::size_t kSampledSlots = 128;
constexpr std::size_t kSampledKeysPerSlot = 16;
constexpr unsigned kCursorBits = 48;  // as EntryTable::scan takes them

void sample_deadlines(const Dictionary& dictionary, Millis now, Random& random, metrics::KeyCounts& counts) {
  double left_ms = 0;
  std::size_t found = 0;
  const auto look_at = [&](const types::Entry& entry) {
    if (!entry.has_expiry()) return;
    left_ms += static_cast<double>(std::max<Millis>(0, entry.expiry() - now));
    ++found;
  };
  dictionary.entries.scan(random.next() >> (64 - kCursorBits), kSampledKeysPerSlot, look_at);
  if (found == 0) dictionary.entries.scan(0, kSampledKeysPerSlot, look_at);  // the place was behind the last
  if (found == 0) return;
  counts.ttl_ms_sum += left_ms / static_cast<double>(found) * dictionary.expiring;
  counts.ttl_weight += dictionary.expiring;
}

}  // namespace

std::vector<metrics::KeyCounts> count_keys(const Keyspace& keyspace, const dispatch::Domain& domain,
                                           Millis now, Random& random) {
  std::vector<metrics::KeyCounts> all(keyspace.database_count());
  std::vector<std::size_t> sampled(all.size());
  const SlotRange slots = domain.shard.slots();
  const std::uint32_t slot_count = slots.end - slots.begin;
  // From a random slot on, for the first with deadlines are the sample.
  const std::uint64_t start = random.below(slot_count);
  for (std::uint32_t i = 0; i < slot_count; ++i) {
    const auto id = static_cast<SlotId>(slots.begin + (start + i) % slot_count);
    // A lent slot is its borrower's to look at; INFO is an estimate for that moment.
    if (domain.loans.is_held(id)) continue;
    const Slot& slot = keyspace.slot(id);
    for (DatabaseId database = 0; database < slot.database_end(); ++database) {
      const Dictionary& dictionary = *slot.find(database);
      all[database].keys += dictionary.entries.size();
      all[database].expiring += dictionary.expiring;
      all[database].table_bytes += dictionary.entries.memory_bytes();
      if (dictionary.expiring != 0 && sampled[database]++ < kSampledSlots)
        sample_deadlines(dictionary, now, random, all[database]);
    }
  }
  return all;
}

}  // namespace shoal::core
