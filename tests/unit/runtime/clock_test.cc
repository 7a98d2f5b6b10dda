#include "server/runtime/clock.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal::runtime {
namespace {

/// Clocks that an interruption of so many microseconds hits at every reading in turn; the last goes on.
struct InterruptedClocks {
  std::vector<Micros> interruptions;
  Micros now = 1'000'000;
  std::size_t readings = 0;

  Micros read() {
    now += interruptions[std::min(readings++, interruptions.size() - 1)];
    return now;
  }
  Micros offset() {
    return wall_clock_offset([this] { return read(); }, [this] { return read() + 500'000; });
  }
};

TEST(Clock, ItsWallClockDoesNotJumpWhenTheThreadWasInterrupted) {
  EXPECT_EQ((InterruptedClocks{{0}}).offset(), 500'000);
  EXPECT_EQ((InterruptedClocks{{0, 8000, 0, 0}}).offset(), 500'000);
  EXPECT_EQ((InterruptedClocks{{0, 0, 8000, 0}}).offset(), 500'000);
  EXPECT_EQ((InterruptedClocks{{0, 8000, 0, 0, 8000, 0, 0, 8000, 0, 0}}).offset(), 500'000);
}

TEST(Clock, ItsWallClockIsTheClosestReadingWhereNoneIsClose) {
  InterruptedClocks clocks{{1000, 1000, 1000, 1000, 100, 100, 1000}};
  EXPECT_EQ(clocks.offset(), 500'000);
  EXPECT_EQ(clocks.readings, 15u) << "it gives up after a few tries";
}

}  // namespace
}  // namespace shoal::runtime
