// Counting the keys of a core's slots.
#pragma once

#include <vector>

#include "server/dispatch/node.h"
#include "server/metrics/key_counts.h"
#include "storage/base/random.h"

namespace shoal::core {

/// The keys in the slots of `domain`, by database, but for those in slots that are lent; `random` chooses
/// which deadlines are looked at. One pass over the slots, and a bounded number of keys: O(slots).
std::vector<metrics::KeyCounts> count_keys(const Keyspace& keyspace, const dispatch::Domain& domain,
                                           Millis now, Random& random);

}  // namespace shoal::core
