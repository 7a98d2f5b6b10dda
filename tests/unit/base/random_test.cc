#include "storage/base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace shoal {
namespace {

TEST(Random, RepeatsItselfFromTheSameSeedOnly) {
  Random first(1);
  Random second(1);
  Random other(2);
  bool differs = false;
  for (int round = 0; round < 100; ++round) {
    const std::uint64_t number = first.next();
    ASSERT_EQ(number, second.next());
    differs |= number != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, BelowIsEvenOverItsRange) {
  Random random(42);
  std::array<int, 6> counts{};
  for (int round = 0; round < 60000; ++round) ++counts.at(random.below(counts.size()));
  // Five standard deviations of a fair die are about 456.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 456);
}

TEST(Random, BelowStaysInRangeAtTheExtremes) {
  Random random(9);
  EXPECT_EQ(random.below(1), 0U);
  for (int round = 0; round < 1000; ++round) ASSERT_LT(random.below((1ULL << 63) + 1), (1ULL << 63) + 1);
}

}  // namespace
}  // namespace shoal
