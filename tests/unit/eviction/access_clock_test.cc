#include "eviction/access_clock.h"

#include <gtest/gtest.h>

namespace shoal::eviction {
namespace {

constexpr Millis kNow = 1'700'000'000'000;
constexpr Millis kMinute = 60'000;
constexpr Millis kDay = 24 * 60 * kMinute;

TEST(AccessClock, RecencyIsTheTimeSinceTheLastUse) {
  const std::uint32_t word = AccessClock::recency(kNow).of_new_key();
  EXPECT_EQ(AccessClock::recency(kNow).idle_ms(word), 0);
  EXPECT_EQ(AccessClock::recency(kNow + 10'000).idle_ms(word), 10'000);
  EXPECT_EQ(AccessClock::recency(kNow + 20 * kDay).idle_ms(word), 20 * kDay) << "also where the word wraps";
  const AccessClock later = AccessClock::recency(kNow + 5000);
  EXPECT_EQ(later.idle_ms(later.after_use(word)), 0);
}

class FrequencyTest : public testing::Test {
 protected:
  AccessClock at(Millis now) { return AccessClock::frequency(now, frequency_); }
  // What the count becomes by so many uses at one moment.
  int count_after(int uses, std::uint32_t log_factor) {
    frequency_.configure(log_factor, 1);
    std::uint32_t word = at(kNow).of_new_key();
    for (int i = 0; i < uses; ++i) word = at(kNow).after_use(word);
    return at(kNow).frequency_of(word);
  }

  Random random_{20240117};
  Frequency frequency_{random_};
};

TEST_F(FrequencyTest, ANewKeyBeginsWithFiveAndItsFirstUseCounts) {
  EXPECT_EQ(count_after(0, 10), 5);
  EXPECT_EQ(count_after(1, 10), 6);
}

TEST_F(FrequencyTest, WithoutAFactorEveryUseCountsUpToTheLargest) {
  EXPECT_EQ(count_after(7, 0), 12);
  EXPECT_EQ(count_after(1000, 0), 255);
}

// What Redis' configuration file says of its default factor: 10 at 100 hits, 18 at 1000, 142 at 100K.
TEST_F(FrequencyTest, GrowsWithTheLogarithmOfUses) {
  EXPECT_NEAR(count_after(100, 10), 10, 3);
  EXPECT_NEAR(count_after(1000, 10), 18, 5);
  EXPECT_NEAR(count_after(100'000, 10), 142, 15);
  EXPECT_EQ(count_after(1'000'000, 1), 255);
}

TEST_F(FrequencyTest, FallsByOneForEachDecayTime) {
  frequency_.configure(0, 10);
  std::uint32_t word = at(kNow).of_new_key();
  for (int i = 0; i < 15; ++i) word = at(kNow).after_use(word);
  EXPECT_EQ(at(kNow).frequency_of(word), 20);
  EXPECT_EQ(at(kNow + 9 * kMinute).frequency_of(word), 20);
  EXPECT_EQ(at(kNow + 30 * kMinute).frequency_of(word), 17);
  EXPECT_EQ(at(kNow + 10 * kDay).frequency_of(word), 0);
  EXPECT_EQ(at(kNow + 30 * kMinute).frequency_of(at(kNow + 30 * kMinute).after_use(word)), 18);
  frequency_.configure(0, 0);
  EXPECT_EQ(at(kNow + 10 * kDay).frequency_of(word), 20) << "decay time 0: never";
}

TEST_F(FrequencyTest, TheSameSeedCountsTheSame) {
  const int count = count_after(10'000, 10);
  random_ = Random(20240117);
  EXPECT_EQ(count_after(10'000, 10), count);
}

}  // namespace
}  // namespace shoal::eviction
