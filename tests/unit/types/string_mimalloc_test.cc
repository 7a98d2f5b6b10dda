// Where an assigned value lies, which follows from the allocator's size classes.
#include <string>

#include "tests/unit/types/string_fixture.h"

namespace shoal::types {
namespace {

TEST_F(StringTest, OverwritesAValueOfTheSameLengthWhereItStands) {
  for (const std::size_t length : {1, 64, 2000, 4000, 20000}) {
    Entry* entry = String::create("key", std::string(length, 'a'), 5000);
    const std::size_t outside = String::outside_bytes(*entry);
    Entry* assigned = String::assign(entry, std::string(length, 'b'), 6000);
    EXPECT_EQ(assigned, entry);
    EXPECT_EQ(String::outside_bytes(*assigned), outside);
    EXPECT_EQ(text(*assigned), std::string(length, 'b'));
    EXPECT_EQ(assigned->expiry(), 6000);
    destroy(assigned);
  }
}

TEST_F(StringTest, NeverKeepsABlockOfAnotherSizeClass) {
  entry_ = String::create("key", std::string(1000, 'a'), kNoExpiry);
  entry_ = String::assign(entry_, std::string(10, 'b'), kNoExpiry);
  EXPECT_EQ(memory_bytes(*entry_), heap::good_size(Entry::bytes_for(3, false, 10)));
  entry_ = String::assign(entry_, std::string(100000, 'c'), kNoExpiry);
  entry_ = String::assign(entry_, std::string(30000, 'd'), kNoExpiry);
  EXPECT_LE(memory_bytes(*entry_), heap::good_size(30000) + 64);
  EXPECT_EQ(text(*entry_), std::string(30000, 'd'));
}

}  // namespace
}  // namespace shoal::types
