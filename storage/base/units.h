// The words for sizes, times and bytes that every layer shares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace shoal {

/// Borrowed bytes: never owned, never zero-terminated.
using View = std::string_view;

/// Milliseconds: since the Unix epoch when it names a moment, plain when it names a duration.
using Millis = std::int64_t;
/// Microseconds, under the same rule.
using Micros = std::int64_t;

constexpr std::int64_t kNanosPerMicro = 1000;
constexpr Micros kMicrosPerMilli = 1000;
constexpr Micros kMicrosPerSecond = 1'000'000;

/// Sum and product of numbers that are not negative; the largest number if they are too large for the type.
constexpr std::int64_t sum_or_max(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}
constexpr std::int64_t product_or_max(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kGiB = 1024 * kMiB;

/// A core's number, from 0.
using CoreId = std::uint16_t;
constexpr CoreId kCoreCountMax = 256;

/// A hash slot's number: CRC16 of the key (or of its {hash tag}), modulo kSlotCount, as Redis Cluster counts.
using SlotId = std::uint16_t;
constexpr SlotId kSlotCount = 16384;

/// A logical database's number, from 0 (SELECT).
using DatabaseId = std::uint16_t;
constexpr std::int64_t kDatabasesMax = std::numeric_limits<DatabaseId>::max();

}  // namespace shoal
