#include "storage/types/entry.h"

#include <gtest/gtest.h>

#include <string>

namespace shoal::types {
namespace {

TEST(Entry, KeepsKeyTypeEncodingAndLength) {
  for (const std::size_t key_bytes : {0, 1, 16, 254, 255, 256, 70000}) {
    const std::string key(key_bytes, 'k');
    Entry* entry = Entry::create(key, Type::kHash, 9, kNoExpiry, 8, 1234567);
    EXPECT_EQ(entry->key(), key);
    EXPECT_EQ(entry->type(), Type::kHash);
    EXPECT_EQ(entry->encoding(), 9);
    EXPECT_EQ(entry->payload_length(), 1234567u);
    EXPECT_FALSE(entry->has_expiry());
    EXPECT_EQ(entry->expiry(), kNoExpiry);
    entry->set_payload_field(std::uint64_t{0x0102030405060708});
    EXPECT_EQ(entry->payload_field<std::uint64_t>(), 0x0102030405060708u);
    EXPECT_EQ(entry->key(), key);
    EXPECT_GE(entry->block_bytes(), Entry::bytes_for(key_bytes, false, 8));
    Entry::release(entry);
  }
}

TEST(Entry, KeepsADeadlineBesideAKeyOfAnyLength) {
  for (const std::size_t key_bytes : {0, 254, 255, 1000}) {
    const std::string key(key_bytes, 'k');
    Entry* entry = Entry::create(key, Type::kString, 1, 1795253375018, 3, 3);
    EXPECT_TRUE(entry->has_expiry());
    EXPECT_EQ(entry->expiry(), 1795253375018);
    EXPECT_EQ(entry->key(), key);
    EXPECT_EQ(entry->payload_offset() + 3, Entry::bytes_for(key_bytes, true, 3));
    Entry::release(entry);
  }
}

TEST(Entry, KeepsFarDeadlinesExactly) {
  Entry* entry = Entry::create("k", Type::kString, 1, 100, 0);
  for (const Millis moment : {kFarExpiry - 1, kFarExpiry, kFarExpiry + 1, Millis{INT64_MAX}}) {
    entry->set_expiry(moment);
    EXPECT_EQ(entry->expiry(), moment);
  }
  Entry::release(entry);
}

TEST(Entry, ExpiresAtItsDeadlineAndNotBefore) {
  Entry* entry = Entry::create("k", Type::kString, 1, 100, 0);
  EXPECT_FALSE(is_expired(*entry, 99));
  EXPECT_TRUE(is_expired(*entry, 100));
  entry->set_expiry(-5);
  EXPECT_TRUE(is_expired(*entry, 0));
  Entry::release(entry);
}

TEST(Entry, KeepsTheWheelStampWhileTheDeadlineMoves) {
  Entry* entry = Entry::create("k", Type::kString, 1, 100, 0);
  EXPECT_EQ(entry->wheel_stamp(), 0);
  entry->set_wheel_stamp(Entry::kWheelStampMax);
  EXPECT_EQ(entry->expiry(), 100);
  entry->set_expiry(200);
  EXPECT_EQ(entry->wheel_stamp(), Entry::kWheelStampMax);
  EXPECT_EQ(entry->expiry(), 200);
  entry->set_expiry(kFarExpiry);
  EXPECT_EQ(entry->wheel_stamp(), 0);
  entry->set_expiry(300);
  EXPECT_EQ(entry->wheel_stamp(), 0);
  EXPECT_EQ(entry->expiry(), 300);
  Entry::release(entry);
}

TEST(Entry, KeepsAccessBitsApartFromItsOtherFields) {
  Entry* entry = Entry::create("key", Type::kStream, 4, 77, 0, 0xabcdef);
  entry->set_access(0xfedcba);
  EXPECT_EQ(entry->access(), 0xfedcbau);
  EXPECT_EQ(entry->payload_length(), 0xabcdefu);
  entry->set_encoding(15);
  EXPECT_EQ(entry->encoding(), 15);
  EXPECT_EQ(entry->access(), 0xfedcbau);
  EXPECT_EQ(entry->key(), "key");
  EXPECT_EQ(entry->expiry(), 77);
  Entry::release(entry);
}

}  // namespace
}  // namespace shoal::types
