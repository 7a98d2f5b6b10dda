#include "server/metrics/histogram.h"

#include <algorithm>
#include <cmath>

namespace shoal::metrics {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

std::uint64_t Histogram::bucket_end(std::size_t bucket) {
  if (bucket < 2 * kSubBuckets) return bucket;
  const std::size_t exponent = (bucket >> kSubBits) - 1;
  const std::uint64_t mantissa = (bucket & (kSubBuckets - 1)) + kSubBuckets;
  return ((mantissa + 1) << exponent) - 1;
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(percent / 100 * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  for (; bucket < kBuckets - 1; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) break;
  }
  return bucket_end(bucket);
}

}  // namespace shoal::metrics
