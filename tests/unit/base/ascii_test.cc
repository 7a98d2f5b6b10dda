#include "storage/base/ascii.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(Ascii, EveryLetterHasItsCounterpartAndEveryOtherByteStays) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool small = byte >= 'a' && byte <= 'z';
    const bool capital = byte >= 'A' && byte <= 'Z';
    EXPECT_EQ(is_lower(c), small) << byte;
    EXPECT_EQ(is_upper(c), capital) << byte;
    EXPECT_EQ(to_upper(c), small ? static_cast<char>(byte - 32) : c) << byte;
    EXPECT_EQ(to_lower(c), capital ? static_cast<char>(byte + 32) : c) << byte;
  }
}

TEST(Ascii, TextsChangeLetterByLetter) {
  EXPECT_EQ(lower_case("CLIENT|LIST-2 \xC9"), "client|list-2 \xC9");
  EXPECT_EQ(upper_case("client|list-2 \xE9"), "CLIENT|LIST-2 \xE9");
  EXPECT_EQ(lower_case(""), "");
  EXPECT_EQ(upper_case(View("a\0b", 3)), View("A\0B", 3));
}

TEST(Ascii, EqualityPassesOverLetterCaseAndNothingElse) {
  EXPECT_TRUE(equal_ignoring_case("MaxMemory", "maxmemorY"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("maxmemory", "maxmemor"));
  EXPECT_FALSE(equal_ignoring_case("[", "{")) << "32 apart, but no letters";
  EXPECT_FALSE(equal_ignoring_case("\xC9", "\xE9")) << "letters of Latin-1, not of ASCII";
  EXPECT_FALSE(equal_ignoring_case(View("a\0b", 3), View("a\0c", 3))) << "a zero byte ends nothing";
}

}  // namespace
}  // namespace shoal
