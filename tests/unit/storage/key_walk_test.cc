#include "storage/key_walk.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "storage/base/random.h"
#include "storage/types/string.h"
#include "storage/types/value.h"

namespace shoal {
namespace {

constexpr Millis kNow = 1'700'000'000'000;
constexpr SlotId kSlot = 77;

class KeyWalk : public testing::Test {
 protected:
  EntryTable& table(SlotId slot = kSlot) { return keyspace_.slot(slot).database(0).entries; }
  auto place(const std::string& name) {
    return table().locate(key_hash(name), [&](const types::Entry& entry) { return entry.key() == name; });
  }
  void add(const std::string& name, Millis expiry = types::kNoExpiry, SlotId slot = kSlot) {
    table(slot).insert(key_hash(name), types::String::create(name, "v", expiry));
  }
  void toggle(const std::string& name) {
    if (const auto position = place(name)) return types::destroy(table().erase(position));
    add(name);
  }
  std::size_t step(std::size_t entries_max) {
    return walk_on(keyspace_, 0, cursor_, entries_max, kNow,
                   [&](const types::Entry& entry) { ++seen_[std::string(entry.key())]; });
  }

  Keyspace keyspace_{16};
  ScanCursor cursor_;
  std::map<std::string, int> seen_;
};

TEST_F(KeyWalk, GoesFromSlotToSlotToTheEnd) {
  add("first", types::kNoExpiry, 0);
  add("last", types::kNoExpiry, kSlotCount - 1);
  for (SlotId slot = 0; slot < kSlotCount; ++slot) {
    ASSERT_EQ(cursor_.slot, slot);
    EXPECT_EQ(step(10), slot == 0 || slot == kSlotCount - 1 ? 1u : 0u);
  }
  EXPECT_TRUE(cursor_.is_at_end());
  EXPECT_EQ(encode_scan_cursor(cursor_), 0u);
  EXPECT_EQ(seen_, (std::map<std::string, int>{{"first", 1}, {"last", 1}}));
}

TEST_F(KeyWalk, LooksAtExpiredKeysButDoesNotShowThem) {
  add("late", kNow);
  add("live", kNow + 1);
  cursor_ = {kSlot, 0};
  EXPECT_EQ(step(10), 2u);
  EXPECT_EQ(seen_, (std::map<std::string, int>{{"live", 1}}));
}

TEST_F(KeyWalk, ShowsEveryKeyThatStaysOnceWhileTheTableGrowsAndShrinks) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    for (int i = 0; i < 200; ++i) add("stays" + std::to_string(i));
    cursor_ = {kSlot, 0};
    seen_.clear();
    while (cursor_.slot == kSlot) {
      step(1 + random.below(20));
      // Up to 3000 keys come, and go again: directory and segments are split and merged under the walk.
      const std::uint64_t wanted = random.below(2) * 3000;
      for (std::uint64_t i = 0; i < 3000; ++i) {
        const std::string name = "comes" + std::to_string(i);
        if (static_cast<bool>(place(name)) != (i < wanted) && random.below(3) > 0) toggle(name);
      }
    }
    for (int i = 0; i < 200; ++i) EXPECT_EQ(seen_["stays" + std::to_string(i)], 1) << i;
    while (table().drain(1000, types::destroy)) {
    }
  }
}

}  // namespace
}  // namespace shoal
