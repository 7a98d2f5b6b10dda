#include "storage/base/crc16.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/base/random.h"

namespace shoal {
namespace {

/// The definition, one bit at a time.
std::uint16_t crc16_by_definition(View bytes) {
  unsigned crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x11021 : 0);
  }
  return static_cast<std::uint16_t>(crc);
}

TEST(Crc16, GivesTheCheckValueOfXmodem) {
  EXPECT_EQ(crc16("123456789"), 0x31C3);
  EXPECT_EQ(crc16(""), 0);
}

TEST(Crc16, AgreesWithTheDefinitionAtEveryLength) {
  const std::uint64_t seed = 3;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (std::size_t length = 0; length < 200; ++length) {
    std::string text(length, '\0');
    for (char& byte : text) byte = static_cast<char>(random.next());
    ASSERT_EQ(crc16(text), crc16_by_definition(text)) << length;
    ASSERT_EQ(crc16_portable(text), crc16_by_definition(text)) << length;
  }
}

TEST(KeySlot, IsTheSlotThatClusterClientsCompute) {
  EXPECT_EQ(key_slot("foo"), 12182);
  EXPECT_EQ(key_slot("bar"), 5061);
  EXPECT_EQ(key_slot("hello"), 866);
  EXPECT_EQ(key_slot(""), 0);
}

TEST(KeySlot, UsesTheFirstTagIfItIsNotEmpty) {
  EXPECT_EQ(key_slot("{user1000}.following"), key_slot("user1000"));
  EXPECT_EQ(key_slot("a{user1000}.followers"), key_slot("user1000"));
  EXPECT_EQ(hash_tag("foo{}{bar}"), "foo{}{bar}");
  EXPECT_EQ(hash_tag("foo{{bar}}zap"), "{bar");
  EXPECT_EQ(hash_tag("foo{bar}{zap}"), "bar");
  EXPECT_EQ(hash_tag("foo{bar"), "foo{bar");
  EXPECT_EQ(hash_tag("}foo{"), "}foo{");
}

TEST(KeySlot, FindsATagAtEveryPlaceOfAKey) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      const std::string key = std::string(before, 'x') + "{t}" + std::string(after, 'y');
      ASSERT_EQ(key_slot(key), key_slot("t")) << key;
    }
  }
}

TEST(KeySlot, DoesNotMistakeOtherBytesForATag) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key(21, static_cast<char>(byte));
    ASSERT_EQ(key_slot(key), crc16_by_definition(key) % kSlotCount) << byte;
  }
}

}  // namespace
}  // namespace shoal
