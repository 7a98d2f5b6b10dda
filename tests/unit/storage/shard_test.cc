#include "storage/shard.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/types/string.h"

namespace shoal {
namespace {

using types::String;

constexpr Millis kNow = 1'000'000;
constexpr DatabaseId kDatabases = 8;

class ShardTest : public testing::Test {
 protected:
  // Runs `work(KeyAccess&)` as a command in that database would.
  template <class Work>
  void command(DatabaseId database, Work&& work) {
    KeyAccess keys(keyspace_, shard_.effects(), Moment{now_}, database, KeyAccess::Touch::kYes);
    work(keys);
    shard_.settle();
  }
  void put(DatabaseId database, View name, Millis expiry) {
    command(database,
            [&](KeyAccess& keys) { keys.insert(make_key(name), String::create(name, "value", expiry)); });
  }
  void set_expiry(DatabaseId database, View name, Millis expiry) {
    command(database, [&](KeyAccess& keys) {
      const Key key = make_key(name);
      auto handle = keys.write(key);
      ASSERT_TRUE(handle);
      keys.set_expiry(key, handle, expiry);
    });
  }
  void erase(DatabaseId database, View name) {
    command(database, [&](KeyAccess& keys) {
      auto handle = keys.write(make_key(name));
      ASSERT_TRUE(handle);
      keys.erase(handle);
    });
  }
  std::size_t size(DatabaseId database, View name) {
    const Dictionary* dictionary = keyspace_.slot(key_slot(name)).find(database);
    return dictionary == nullptr ? 0 : dictionary->entries.size();
  }
  void pass_to(Millis now) {
    now_ = now;
    while (shard_.expire(Moment{now_}, 1000, [](SlotId) { return false; })) {
    }
  }

  Millis now_ = kNow;
  Keyspace keyspace_{16};
  Shard shard_{keyspace_, {0, kSlotCount}, kNow};
};

TEST_F(ShardTest, ReclaimsAKeyOnceItsDeadlineHasPassed) {
  put(0, "a", kNow + 100);
  pass_to(kNow + 99);
  EXPECT_EQ(size(0, "a"), 1u);
  pass_to(kNow + 100 + structs::TimingWheel::kTick);
  EXPECT_EQ(size(0, "a"), 0u);
  EXPECT_EQ(shard_.timer_count(), 0u);
}

TEST_F(ShardTest, AKeyOfOneNameInSeveralDatabasesKeepsOneTimerInEachHoweverOftenExtended) {
  Millis deadline = kNow + 100;
  for (DatabaseId database = 0; database < kDatabases; ++database) put(database, "a", deadline);
  for (int round = 0; round < 6; ++round) {
    const Millis later = deadline + 100;
    for (DatabaseId database = 0; database < kDatabases; ++database) set_expiry(database, "a", later);
    pass_to(deadline + structs::TimingWheel::kTick);
    EXPECT_EQ(shard_.timer_count(), kDatabases) << "round " << round;
    deadline = later;
  }
  pass_to(deadline + structs::TimingWheel::kTick);
  for (DatabaseId database = 0; database < kDatabases; ++database) EXPECT_EQ(size(database, "a"), 0u);
  EXPECT_EQ(shard_.timer_count(), 0u);
}

TEST_F(ShardTest, TimersLeftByEarlierKeysOfTheSameNameAndDeadlineDoNotOutliveIt) {
  for (int i = 0; i < 100; ++i) {
    put(0, "a", kNow + 100);
    if (i < 99) erase(0, "a");
  }
  set_expiry(0, "a", kNow + 1000);
  pass_to(kNow + 200);
  EXPECT_EQ(shard_.timer_count(), 1u);
  EXPECT_EQ(size(0, "a"), 1u);
  pass_to(kNow + 1000 + structs::TimingWheel::kTick);
  EXPECT_EQ(size(0, "a"), 0u);
}

TEST_F(ShardTest, AFreshStampIsNeitherNoneNorThePreviousOne) {
  for (Millis deadline = 0; deadline < 100'000; ++deadline) {
    const std::uint16_t stamp = fresh_stamp(deadline, 0, 0);
    ASSERT_NE(stamp, 0);
    ASSERT_LE(stamp, KeyReference::kStampMax);
    ASSERT_NE(fresh_stamp(deadline, 0, stamp), stamp);
    ASSERT_NE(fresh_stamp(deadline, 0, stamp), 0);
  }
  EXPECT_NE(fresh_stamp(kNow, 0, 0), fresh_stamp(kNow, 1, 0));
}

}  // namespace
}  // namespace shoal
