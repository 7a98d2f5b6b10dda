#include "storage/structs/timing_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "storage/base/heap.h"

namespace shoal::structs {
namespace {

constexpr std::size_t kUnlimited = 1000000000;
constexpr Millis kSecond = 1000;
constexpr Millis kHour = 3600 * kSecond;
constexpr Millis kYear = 365 * 24 * kHour;
constexpr Millis kStart = 1700000000000;

std::vector<std::uint64_t> fired_at(TimingWheel& wheel, Millis now) {
  std::vector<std::uint64_t> fired;
  EXPECT_FALSE(wheel.advance(now, kUnlimited, [&](std::uint64_t reference) { fired.push_back(reference); }));
  return fired;
}

TEST(TimingWheel, AnEmptyWheelHasNoDeadlineAndNoMemory) {
  TimingWheel wheel(kStart);
  EXPECT_EQ(wheel.next_deadline(), TimingWheel::kNever);
  EXPECT_EQ(wheel.memory_bytes(), 0u);
  EXPECT_TRUE(fired_at(wheel, kStart + kYear).empty());
}

TEST(TimingWheel, FiresNotBeforeTheDeadlineAndWithinATickOfIt) {
  for (const Millis distance :
       {Millis{1}, Millis{15}, Millis{16}, Millis{17}, Millis{1023}, Millis{1024}, Millis{1025}, kSecond * 65,
        kHour, 25 * kHour, 80 * 24 * kHour, 3 * kYear, 40 * kYear, 90 * kYear}) {
    SCOPED_TRACE(distance);
    TimingWheel wheel(kStart);
    wheel.insert(kStart + distance, 7);
    EXPECT_TRUE(fired_at(wheel, kStart + distance - 1).empty());
    EXPECT_EQ(fired_at(wheel, kStart + distance + TimingWheel::kTick).size(), 1u);
    EXPECT_EQ(wheel.size(), 0u);
  }
}

TEST(TimingWheel, ADeadlineInThePastFiresWithTheNextTick) {
  TimingWheel wheel(kStart);
  fired_at(wheel, kStart + 5 * kSecond);
  wheel.insert(kStart, 1);
  wheel.insert(-5, 2);
  EXPECT_EQ(fired_at(wheel, kStart + 5 * kSecond + TimingWheel::kTick).size(), 2u);
}

TEST(TimingWheel, TheFarthestDeadlineThereIsNeverFires) {
  TimingWheel wheel(kStart);
  wheel.insert(std::numeric_limits<Millis>::max(), 1);
  EXPECT_TRUE(fired_at(wheel, kStart + 1000 * kYear).empty());
  EXPECT_GT(wheel.next_deadline(), kStart + 1000 * kYear);
  EXPECT_EQ(wheel.size(), 1u);
}

TEST(TimingWheel, NothingIsLostOrFiredEarlyWhenTimeGoesBackwards) {
  TimingWheel wheel(kStart);
  wheel.insert(kStart + 10 * kSecond, 1);
  fired_at(wheel, kStart + 5 * kSecond);
  EXPECT_TRUE(fired_at(wheel, kStart - kHour).empty());
  wheel.insert(kStart + 2 * kSecond, 2);
  EXPECT_TRUE(fired_at(wheel, kStart + kSecond).empty());
  EXPECT_EQ(fired_at(wheel, kStart + 6 * kSecond), std::vector<std::uint64_t>{2});
  EXPECT_EQ(fired_at(wheel, kStart + 11 * kSecond), std::vector<std::uint64_t>{1});
}

TEST(TimingWheel, FireMayInsertAgain) {
  TimingWheel wheel(kStart);
  wheel.insert(kStart + 100, 0);
  Millis now = kStart;
  int times = 0;
  for (; now < kStart + 10 * kSecond; now += 10) {
    wheel.advance(now, kUnlimited, [&](std::uint64_t reference) {
      ++times;
      wheel.insert(now + 100, reference);
    });
  }
  EXPECT_GE(times, 80);
  EXPECT_LE(times, 100);
  EXPECT_EQ(wheel.size(), 1u);
}

TEST(TimingWheel, ABudgetCutsTheWorkIntoSlicesThatAddUp) {
  TimingWheel wheel(kStart);
  const std::size_t count = 20000;
  for (std::uint64_t i = 0; i < count; ++i)
    wheel.insert(kStart + kHour, i);  // All cascade, twice, then fire.
  std::set<std::uint64_t> fired;
  std::size_t calls = 0;
  bool more = true;
  while (more) {
    std::size_t slice = 0;
    more = wheel.advance(kStart + 2 * kHour, 100, [&](std::uint64_t reference) {
      ++slice;
      EXPECT_TRUE(fired.insert(reference).second);
    });
    ASSERT_LE(slice, 100u);
    ASSERT_LE(++calls, 7 * count / 100);
  }
  EXPECT_EQ(fired.size(), count);
  EXPECT_GE(calls, 2 * count / 100) << "cascading counts too";
}

/// A wheel beside a std::multimap of the same timers, each with a reference of its own.
class ModelledWheel {
 public:
  explicit ModelledWheel(std::uint64_t seed)
      : random_(seed), now_(kStart + static_cast<Millis>(random_() % 100000)), wheel_(now_) {}

  const TimingWheel& wheel() const { return wheel_; }

  /// Inserts a timer, mostly. Else lets time pass, or jump, or go back a little, and fires what is due.
  void take_random_step() {
    const std::uint64_t dice = random_() % 100;
    if (dice < 60) return insert();
    if (dice < 97) {
      now_ += below(200);
    } else if (dice < 98) {
      now_ += below(random_reach());
    } else if (dice < 99) {
      now_ -= below(500);
    } else if (wheel_.next_deadline() != TimingWheel::kNever) {
      now_ = std::max(now_, wheel_.next_deadline());
    }
    reached_ = std::max(reached_, now_);
    fire_due();
    expect_nothing_late();
  }

  void fire_all() {
    now_ += 200 * kYear;
    fire_due();
    EXPECT_EQ(wheel_.size(), 0u);
  }

 private:
  struct Timer {
    Millis deadline;
    Millis expected;  // The deadline, or when it was inserted if that is later.
  };

  Millis below(Millis bound) { return static_cast<Millis>(random_() % static_cast<std::uint64_t>(bound)); }
  Millis random_reach() {
    const Millis reaches[] = {50,          2 * kSecond, 2 * 60 * kSecond, 2 * kHour,
                              300 * kHour, 3 * kYear,   60 * kYear};
    return reaches[random_() % std::size(reaches)];
  }
  void insert() {
    const Millis reach = random_reach();
    const Millis deadline = now_ + below(reach) - reach / 50;
    wheel_.insert(deadline, next_reference_);
    const Timer timer{deadline, std::max(deadline, reached_)};
    by_time_.emplace(timer.expected, next_reference_);
    timers_[next_reference_++] = timer;
  }
  void fire_due() {
    bool more = true;
    for (int calls = 0; more; ++calls) {
      ASSERT_LT(calls, 100000);
      more =
          wheel_.advance(now_, 1 + random_() % 500, [&](std::uint64_t reference) { note_fired(reference); });
    }
    ASSERT_EQ(wheel_.size(), by_time_.size());
  }
  void note_fired(std::uint64_t reference) {
    const auto found = timers_.find(reference);
    ASSERT_TRUE(found != timers_.end()) << "fired twice";
    EXPECT_LE(found->second.deadline, now_) << "fired early";
    auto [first, last] = by_time_.equal_range(found->second.expected);
    while (first != last && first->second != reference) ++first;
    ASSERT_TRUE(first != last);
    by_time_.erase(first);
    timers_.erase(found);
  }
  void expect_nothing_late() const {
    if (by_time_.empty()) return;
    const Millis due_by = by_time_.begin()->first + TimingWheel::kTick;
    ASSERT_LT(now_, due_by) << "late";
    ASSERT_LE(wheel_.next_deadline(), due_by) << "would be late";
  }

  std::mt19937_64 random_;
  Millis now_;
  Millis reached_ = now_;  // The latest time there was.
  TimingWheel wheel_;
  std::multimap<Millis, std::uint64_t> by_time_;  // References by the expected time.
  std::map<std::uint64_t, Timer> timers_;         // By reference.
  std::uint64_t next_reference_ = 0;
};

class TimingWheelModel : public testing::TestWithParam<std::uint64_t> {};

TEST_P(TimingWheelModel, AgreesWithAMultimapOnRandomOperations) {
  const std::int64_t heap_before = heap::bytes_in_use();
  {
    ModelledWheel both(GetParam());
    for (int step = 0; step < 30000 && !HasFailure(); ++step) both.take_random_step();
    both.fire_all();
    EXPECT_LE(both.wheel().memory_bytes(), 64u * 512u);
    EXPECT_EQ(heap::bytes_in_use() - heap_before, static_cast<std::int64_t>(both.wheel().memory_bytes()));
  }
  EXPECT_EQ(heap::bytes_in_use(), heap_before);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimingWheelModel, testing::Range(std::uint64_t{1}, std::uint64_t{9}));

TEST(TimingWheel, WaitingUntilTheNextDeadlineFiresEverythingInFewCalls) {
  TimingWheel wheel(kStart);
  std::mt19937_64 random(3);
  for (std::uint64_t i = 0; i < 1000; ++i) wheel.insert(kStart + static_cast<Millis>(random() % kYear), i);
  std::size_t calls = 0;
  while (wheel.next_deadline() != TimingWheel::kNever) {
    wheel.advance(wheel.next_deadline(), kUnlimited, [](std::uint64_t) {});
    ASSERT_LT(++calls, 6000u);
  }
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimingWheel, TakesAboutAsManyBytesAsPromised) {
  TimingWheel near(kStart);
  TimingWheel hour(kStart);
  const std::uint64_t count = 1000000;
  for (std::uint64_t i = 0; i < count; ++i) {
    near.insert(kStart + 500, i);
    hour.insert(kStart + kHour, i);
  }
  EXPECT_LT(static_cast<double>(near.memory_bytes()) / count, 8.3);
  EXPECT_LT(static_cast<double>(hour.memory_bytes()) / count, 11.5);
}

TEST(TimingWheelFilter, DropsWhatIsNotKeptAndGivesItsMemoryBack) {
  TimingWheel wheel(kStart);
  std::mt19937_64 random(4);
  const std::uint64_t count = 200000;
  for (std::uint64_t i = 0; i < count; ++i)
    wheel.insert(kStart + 1 + static_cast<Millis>(random() % (10 * kHour)), i);
  const std::size_t memory = wheel.memory_bytes();
  std::set<std::uint64_t> asked;
  std::size_t calls = 1;
  while (wheel.filter(1000, [&](std::uint64_t reference) {
    EXPECT_TRUE(asked.insert(reference).second);
    return reference % 10 == 0;
  }))
    ++calls;
  EXPECT_EQ(asked.size(), count);
  EXPECT_GE(calls, count / 1062);
  EXPECT_EQ(wheel.size(), count / 10);
  EXPECT_LT(wheel.memory_bytes(), memory / 4);
  std::set<std::uint64_t> fired;
  for (const std::uint64_t reference : fired_at(wheel, kStart + 11 * kHour)) fired.insert(reference);
  EXPECT_EQ(fired.size(), count / 10);
  for (const std::uint64_t reference : fired) EXPECT_EQ(reference % 10, 0u);
}

TEST(TimingWheelFilter, ASweepReachesEverythingOldWhileTimeGoesOn) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    Millis now = kStart;
    TimingWheel wheel(now);
    std::map<std::uint64_t, Millis> alive;  // Stale references, all there before the sweep.
    std::uint64_t next_reference = 0;
    for (; next_reference < 30000; ++next_reference) {
      const Millis deadline = now + 1 + static_cast<Millis>(random() % (kHour / 2));
      wheel.insert(deadline, next_reference);
      alive[next_reference] = deadline;
    }
    const std::uint64_t old_references = next_reference;
    const auto fire = [&](std::uint64_t reference) {
      const auto found = alive.find(reference);
      ASSERT_TRUE(found != alive.end()) << "fired twice, or after it was dropped";
      EXPECT_LE(found->second, now);
      EXPECT_GT(found->second + 20000, now);
      alive.erase(found);
    };
    bool more = true;
    while (more) {
      more = wheel.filter(200, [&](std::uint64_t reference) {
        const bool keep = reference >= old_references || reference % 3 == 0;
        if (!keep) alive.erase(reference);
        return keep;
      });
      now += static_cast<Millis>(random() % 5000);
      wheel.advance(now, kUnlimited, fire);
      for (int i = 0; i < 20; ++i, ++next_reference) {
        const Millis deadline = now + static_cast<Millis>(random() % kHour);
        wheel.insert(deadline, next_reference);
        alive[next_reference] = deadline;
      }
      ASSERT_EQ(wheel.size(), alive.size());
    }
    for (const auto& [reference, deadline] : alive)
      ASSERT_TRUE(reference >= old_references || reference % 3 == 0) << "the sweep missed " << reference;
    now += 2 * kHour;
    while (wheel.advance(now, 1000, [&](std::uint64_t reference) { alive.erase(reference); })) {
    }
    EXPECT_TRUE(alive.empty());
  }
}

}  // namespace
}  // namespace shoal::structs
