// How many keys there are, and what is known of them all together, for INFO and MEMORY. A plain value.
#pragma once

#include <cmath>
#include <cstdint>

#include "storage/base/units.h"

namespace shoal::metrics {

struct KeyCounts {
  std::uint64_t keys = 0;
  std::uint64_t expiring = 0;     // those with a deadline
  std::uint64_t table_bytes = 0;  // of the tables that find them, not of the keys themselves
  // Of a sample of deadlines: what was left until them, each weighted with the keys that it stands for.
  double ttl_ms_sum = 0;
  double ttl_weight = 0;

  void add(const KeyCounts& other) {
    keys += other.keys;
    expiring += other.expiring;
    table_bytes += other.table_bytes;
    ttl_ms_sum += other.ttl_ms_sum;
    ttl_weight += other.ttl_weight;
  }
  /// An estimate; 0 without keys that have a deadline.
  Millis average_ttl() const { return ttl_weight == 0 ? 0 : std::llround(ttl_ms_sum / ttl_weight); }
};

}  // namespace shoal::metrics
