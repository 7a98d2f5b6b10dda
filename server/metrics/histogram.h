// A histogram of durations with a fixed relative precision: each power of two is cut into kSubBuckets equal
// parts, so that a bucket is at most 1/8 wider than the values in it. Recording is one bit scan and one
// addition; merging and reading are for INFO and LATENCY. The unit is the user's (processor ticks,
// nanoseconds).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "storage/base/units.h"

namespace shoal::metrics {

class Histogram {
 public:
  static constexpr unsigned kSubBits = 3;
  static constexpr unsigned kSubBuckets = 1u << kSubBits;
  /// Values from here on (two hours and more of ticks) share the last bucket.
  static constexpr unsigned kValueBits = 44;
  static constexpr std::size_t kBuckets = (kValueBits - kSubBits + 1) * kSubBuckets;

  void record(std::uint64_t value) {
    ++buckets_[bucket_of(value)];
    ++count_;
  }
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  /// The value that `percent` percent (0 to 100) of the recorded values do not exceed: the upper end of its
  /// bucket. 0 when nothing was recorded. Cost: a pass over the buckets.
  std::uint64_t percentile(double percent) const;
  std::uint64_t bucket_count(std::size_t bucket) const { return buckets_[bucket]; }

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < kSubBuckets) return value;
    if (value >> kValueBits != 0) [[unlikely]]
      return kBuckets - 1;
    const unsigned exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return (exponent << kSubBits) + (value >> exponent);
  }
  /// The largest value of a bucket.
  static std::uint64_t bucket_end(std::size_t bucket);

 private:
  std::array<std::uint64_t, kBuckets> buckets_ = {};
  std::uint64_t count_ = 0;
};

}  // namespace shoal::metrics
