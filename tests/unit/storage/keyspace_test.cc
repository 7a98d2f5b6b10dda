#include "storage/keyspace.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/scan_cursor.h"
#include "storage/types/string.h"

namespace shoal {
namespace {

types::Entry* add(Slot& slot, DatabaseId database, View name) {
  types::Entry* entry = types::String::create(name, "v", types::kNoExpiry);
  slot.database(database).entries.insert(key_hash(name), entry);
  return entry;
}

std::size_t size_of(Slot& slot, DatabaseId database) {
  const Dictionary* dictionary = slot.find(database);
  return dictionary == nullptr ? 0 : dictionary->entries.size();
}

TEST(Key, TheWholeHashFollowsFromTheBitsThatAReferenceKeeps) {
  for (int i = 0; i < 1000; ++i) {
    const Key key = make_key("key" + std::to_string(i));
    const KeyReference reference(key.hash, 0x7abc, key.slot);
    EXPECT_EQ(reference.hash(), key.hash);
    EXPECT_EQ(reference.stamp(), 0x7abc);
    EXPECT_EQ(reference.slot(), key.slot);
    EXPECT_EQ(KeyReference(reference.word()).word(), reference.word());
  }
}

TEST(Slot, MakesADatabaseOnlyWhenAsked) {
  Keyspace keyspace(16);
  Slot& slot = keyspace.slot(7);
  EXPECT_NE(slot.find(0), nullptr);
  EXPECT_EQ(slot.find(3), nullptr);
  EXPECT_EQ(slot.database_end(), 1);
  add(slot, 3, "a");
  EXPECT_EQ(size_of(slot, 3), 1u);
  EXPECT_EQ(slot.database_end(), 4);
  EXPECT_EQ(slot.find(4), nullptr);
}

TEST(Slot, SwapExchangesAnyTwoDatabases) {
  Keyspace keyspace(16);
  Slot& slot = keyspace.slot(0);
  add(slot, 0, "a");
  slot.swap(0, 5);
  EXPECT_EQ(size_of(slot, 0), 0u);
  EXPECT_EQ(size_of(slot, 5), 1u);
  add(slot, 2, "b");
  add(slot, 2, "c");
  slot.swap(2, 5);
  EXPECT_EQ(size_of(slot, 2), 1u);
  EXPECT_EQ(size_of(slot, 5), 2u);
  slot.swap(5, 15);
  EXPECT_EQ(size_of(slot, 15), 2u);
  slot.swap(15, 15);
  EXPECT_EQ(size_of(slot, 15), 2u);
}

TEST(Slot, SwappingEmptyDatabasesMakesNothing) {
  Keyspace keyspace(16);
  keyspace.slot(0).swap(0, 9);
  EXPECT_EQ(keyspace.slot(0).database_end(), 1);
}

TEST(Keyspace, FreesEverythingItHolds) {
  const std::int64_t before = heap::bytes_in_use();
  {
    Keyspace keyspace(16);
    for (int i = 0; i < 1000; ++i) {
      add(keyspace.slot(static_cast<SlotId>(i % 50)), static_cast<DatabaseId>(i % 3),
          "key" + std::to_string(i));
    }
    EXPECT_GT(heap::bytes_in_use(), before + 16000);
  }
  EXPECT_EQ(heap::bytes_in_use(), before);
}

TEST(WatchedKeys, AKeyIsToldApartByItsDatabase) {
  WatchedKeys watched;
  const std::uint64_t zero = watched.watch(0, "a");
  const std::uint64_t one = watched.watch(1, "a");
  watched.touch(1, "a");
  EXPECT_EQ(watched.version(0, "a"), zero);
  EXPECT_NE(watched.version(1, "a"), one);
  watched.unwatch(0, "a");
  EXPECT_EQ(watched.version(0, "a"), 0u);
  EXPECT_FALSE(watched.empty());
  watched.unwatch(1, "a");
  EXPECT_TRUE(watched.empty());
}

TEST(ScanCursors, EveryPlaceSurvivesTheClient) {
  for (const SlotId slot : {0, 1, 8191, 16383}) {
    for (const std::uint64_t place : {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 48) - 1}) {
      const std::string sent = std::to_string(encode_scan_cursor({slot, place}));
      const auto cursor = parse_scan_cursor(sent);
      ASSERT_TRUE(cursor.has_value());
      EXPECT_EQ(cursor->slot, slot);
      EXPECT_EQ(cursor->place, place);
    }
  }
  EXPECT_EQ(encode_scan_cursor({0, 0}), 0u);
}

}  // namespace
}  // namespace shoal
