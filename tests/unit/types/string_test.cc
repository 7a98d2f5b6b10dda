#include "storage/types/string.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/base/random.h"
#include "tests/unit/types/string_fixture.h"

namespace shoal::types {
namespace {

HeapBytes block_of(View bytes) {
  HeapBytes block = HeapBytes::allocate(bytes.size());
  std::memcpy(block.data(), bytes.data(), bytes.size());
  return block;
}

TEST_F(StringTest, NamesTheEncodingByTheValue) {
  struct Case {
    std::string value;
    View encoding;
  };
  const Case cases[] = {
      {"12345", "int"},
      {"-9223372036854775808", "int"},
      {"9223372036854775808", "embstr"},
      {"012", "embstr"},
      {"-0", "embstr"},
      {"", "embstr"},
      {std::string(44, 'x'), "embstr"},
      {std::string(45, 'x'), "raw"},
      {std::string(5000, 'x'), "raw"},
  };
  for (const std::size_t key_bytes : {1, 500, 2000}) {
    for (const Case& c : cases) {
      Entry* entry = String::create(std::string(key_bytes, 'k'), c.value, kNoExpiry);
      EXPECT_EQ(String::encoding_name(*entry), c.encoding) << c.value;
      EXPECT_EQ(text(*entry), c.value);
      EXPECT_EQ(String::length(*entry), c.value.size());
      destroy(entry);
    }
  }
}

TEST_F(StringTest, TextThatReadsAsANumberStaysText) {
  entry_ = String::create_text("k", "11", kNoExpiry);
  EXPECT_EQ(String::encoding_name(*entry_), "embstr");
  EXPECT_EQ(String::integer(*entry_), 11);
  entry_ = String::assign(entry_, "11", kNoExpiry);
  EXPECT_EQ(String::encoding_name(*entry_), "int");
  entry_ = String::assign_text(entry_, "12", kNoExpiry);
  EXPECT_EQ(String::encoding_name(*entry_), "embstr");
}

TEST_F(StringTest, AssigningKeepsKeyAndAccessBitsWhereverItMoves) {
  entry_ = String::create("key", "1", kNoExpiry);
  entry_->set_access(4711);
  for (const std::string& value :
       {std::string("x"), std::string(3000, 'x'), std::string("77"), std::string(60, 'y')}) {
    entry_ = String::assign(entry_, value, 9000);
    EXPECT_EQ(text(*entry_), value);
    EXPECT_EQ(entry_->key(), "key");
    EXPECT_EQ(entry_->access(), 4711u);
    EXPECT_EQ(entry_->expiry(), 9000);
  }
}

TEST_F(StringTest, AdoptsABlockWithoutCopyingIt) {
  const std::string value(100000, 'v');
  HeapBytes block = block_of(value);
  const char* const place = block.data();
  entry_ = String::create_adopting("key", std::move(block), kNoExpiry);
  String::Digits digits;
  EXPECT_EQ(String::view(*entry_, digits).data(), place);
  EXPECT_EQ(text(*entry_), value);

  HeapBytes other = block_of(std::string(50000, 'w'));
  const char* const other_place = other.data();
  entry_ = String::assign_adopting(entry_, std::move(other), 100);
  EXPECT_EQ(String::view(*entry_, digits).data(), other_place);
  EXPECT_EQ(entry_->expiry(), 100);
}

TEST_F(StringTest, AppendMakesAnIntegerARawString) {
  entry_ = String::create("k", "12", kNoExpiry);
  entry_ = String::append(entry_, "");
  EXPECT_EQ(text(*entry_), "12");
  EXPECT_EQ(String::encoding_name(*entry_), "raw");
  entry_ = String::append(entry_, "3");
  EXPECT_EQ(String::integer(*entry_), 123);
  EXPECT_EQ(String::encoding_name(*entry_), "raw");
}

TEST_F(StringTest, ARunOfAppendsCopiesEachByteAFewTimesAtAnyLength) {
  const std::string piece(kMiB, 'x');
  constexpr std::size_t kPieces = 96;
  entry_ = String::create("key", piece, kNoExpiry);
  std::size_t copied = 0;
  for (std::size_t i = 1, room = String::outside_bytes(*entry_); i < kPieces; ++i) {
    const std::size_t length = String::length(*entry_);
    entry_ = String::append(entry_, piece);
    if (String::outside_bytes(*entry_) == room) continue;
    copied += length;
    room = String::outside_bytes(*entry_);
  }
  EXPECT_EQ(String::length(*entry_), kPieces * piece.size());
  EXPECT_LE(copied, 5 * String::length(*entry_));
  EXPECT_LE(String::outside_bytes(*entry_), String::length(*entry_) / 4 * 5 + kMiB);
}

TEST_F(StringTest, AppendKeepsANearAndAFarDeadline) {
  for (const Millis deadline : {Millis{12345}, kFarExpiry + 5}) {
    Entry* entry = String::create("k", "a", deadline);
    for (int i = 0; i < 12; ++i) entry = String::append(entry, std::string(400, 'b'));
    EXPECT_EQ(entry->expiry(), deadline);
    EXPECT_EQ(String::length(*entry), 4801u);
    destroy(entry);
  }
}

TEST_F(StringTest, WritingBeyondTheEndFillsTheGapWithZeros) {
  entry_ = String::create("k", "ab", kNoExpiry);
  entry_ = String::write_at(entry_, 5, "z");
  EXPECT_EQ(text(*entry_), std::string("ab\0\0\0z", 6));
  entry_ = String::write_at(entry_, 5000, "end");
  EXPECT_EQ(String::length(*entry_), 5003u);
  EXPECT_EQ(text(*entry_).substr(4998), std::string("\0\0end", 5));
}

TEST_F(StringTest, ZerosAreEditedStringsOfAnyLength) {
  for (const std::size_t length : {0, 3, 100, 5000}) {
    Entry* entry = String::create_zeros("k", length, kNoExpiry);
    EXPECT_EQ(text(*entry), std::string(length, '\0'));
    EXPECT_EQ(String::encoding_name(*entry), "raw");
    destroy(entry);
  }
}

TEST_F(StringTest, GrowsFromShortToLargeAndBackThroughEveryEncoding) {
  const std::size_t large = Entry::kPayloadLengthMax + 100;
  entry_ = String::create("k", "7", 500);
  entry_ = String::write_at(entry_, large - 1, "!");
  ASSERT_EQ(String::length(*entry_), large);
  String::Digits digits;
  EXPECT_EQ(String::view(*entry_, digits).front(), '7');
  EXPECT_EQ(String::view(*entry_, digits).back(), '!');
  EXPECT_GE(memory_bytes(*entry_), large);
  entry_ = String::append(entry_, "?");
  EXPECT_EQ(String::length(*entry_), large + 1);
  EXPECT_EQ(entry_->expiry(), 500);
  entry_ = String::assign(entry_, "8", 500);
  EXPECT_EQ(text(*entry_), "8");
}

TEST_F(StringTest, CopyKeepsValueAndEncoding) {
  for (const View value : {View("5"), View("abc"), View("")}) {
    Entry* original = String::create("k", value, 100);
    Entry* copied = copy(*original, "a longer key than before", kNoExpiry);
    EXPECT_EQ(text(*copied), value);
    EXPECT_EQ(String::encoding_name(*copied), String::encoding_name(*original));
    EXPECT_FALSE(copied->has_expiry());
    destroy(copied);
    original = String::append(original, "6");
    copied = copy(*original, "x", 200);
    EXPECT_EQ(text(*copied), std::string(value) + "6");
    EXPECT_EQ(String::encoding_name(*copied), "raw");
    EXPECT_EQ(copied->expiry(), 200);
    destroy(copied);
    destroy(original);
  }
}

TEST_F(StringTest, MovingToAnotherKeyKeepsTheValueAndNeverGrowsTheBlock) {
  entry_ = String::create("some key", std::string(64, 'v'), kNoExpiry);
  const std::size_t before = memory_bytes(*entry_);
  for (int i = 0; i < 20; ++i) {
    entry_ = move_to(entry_, entry_->key(), 1000 + i);
    entry_ = move_to(entry_, entry_->key(), kNoExpiry);
  }
  EXPECT_EQ(memory_bytes(*entry_), before);
  entry_ = move_to(entry_, "other", kNoExpiry);
  EXPECT_EQ(entry_->key(), "other");
  EXPECT_EQ(text(*entry_), std::string(64, 'v'));
}

TEST_F(StringTest, MovingABigValueDoesNotCopyIt) {
  entry_ = String::create("k", std::string(100000, 'v'), kNoExpiry);
  String::Digits digits;
  const char* const place = String::view(*entry_, digits).data();
  entry_ = move_to(entry_, "other", 100);
  EXPECT_EQ(String::view(*entry_, digits).data(), place);
}

TEST_F(StringTest, GivesEveryByteBack) {
  const std::int64_t before = heap::bytes_in_use();
  Entry* entry = String::create("k", std::string(100, 'a'), 5);
  entry = String::append(entry, std::string(5000, 'b'));
  entry = String::write_at(entry, Entry::kPayloadLengthMax, "c");
  Entry* copied = copy(*entry, "copy", kNoExpiry);
  entry = String::assign(entry, "1", 5);
  destroy(entry);
  destroy(copied);
  EXPECT_EQ(heap::bytes_in_use(), before);
}

TEST_F(StringTest, BehavesAsAStringUnderRandomEdits) {
  const std::uint64_t seed = 20240117;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  std::string model = "start";
  entry_ = String::create("key", model, kNoExpiry);
  Millis deadline = kNoExpiry;
  for (int step = 0; step < 20000; ++step) {
    const std::string value =
        random.below(4) == 0 ? std::to_string(static_cast<std::int64_t>(random.next()) >> random.below(64))
                             : std::string(random.below(random.below(2) ? 60 : 3000), 'a' + random.below(26));
    switch (random.below(5)) {
      case 0:
        deadline = random.below(2) == 0 ? kNoExpiry : static_cast<Millis>(1 + random.below(1 << 30));
        entry_ = String::assign(entry_, value, deadline);
        model = value;
        break;
      case 1:
        if (model.size() > 20000) break;
        entry_ = String::append(entry_, value);
        model += value;
        break;
      case 2: {
        const std::size_t offset = random.below(model.size() + 50);
        entry_ = String::write_at(entry_, offset, value);
        if (model.size() < offset + value.size()) model.resize(offset + value.size());
        model.replace(offset, value.size(), value);
        break;
      }
      case 3:
        deadline = random.below(2) == 0 ? kNoExpiry : static_cast<Millis>(1 + random.below(1 << 30));
        entry_ = move_to(entry_, "key", deadline);
        break;
      default: entry_ = String::assign_text(entry_, value, deadline); model = value;
    }
    ASSERT_EQ(text(*entry_), model) << "step " << step;
    ASSERT_EQ(String::length(*entry_), model.size());
    ASSERT_EQ(entry_->expiry(), deadline);
    ASSERT_EQ(entry_->key(), "key");
  }
}

TEST(Value, NamesEveryTypeBothWays) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(type_named(type_name(static_cast<Type>(i))), static_cast<Type>(i));
  EXPECT_EQ(type_named("ZSet"), Type::kSortedSet);
  EXPECT_EQ(type_named("strings"), std::nullopt);
  EXPECT_EQ(type_named(""), std::nullopt);
}

}  // namespace
}  // namespace shoal::types
