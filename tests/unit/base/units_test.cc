#include "storage/base/units.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(Units, SumsAndProductsBeyondTheLargestNumberAreThat) {
  EXPECT_EQ(sum_or_max(kMost - 3, 3), kMost);
  EXPECT_EQ(sum_or_max(kMost - 3, 4), kMost);
  EXPECT_EQ(sum_or_max(2, 3), 5);
  EXPECT_EQ(product_or_max(kMost / 1000, 1000), kMost / 1000 * 1000);
  EXPECT_EQ(product_or_max(kMost / 1000 + 1, 1000), kMost);
  EXPECT_EQ(product_or_max(kMost, 0), 0);
}

}  // namespace
}  // namespace shoal
