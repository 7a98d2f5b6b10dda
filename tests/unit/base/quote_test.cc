#include "storage/base/quote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "storage/base/random.h"

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(Quote, EscapesWhatATerminalCannotShow) {
  EXPECT_EQ(quote("plain text"), R"("plain text")");
  EXPECT_EQ(quote("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(quote("\n\r\t\a\b"), R"("\n\r\t\a\b")");
  EXPECT_EQ(quote(View("\0\x1F\x7F\xFF", 4)), R"("\x00\x1f\x7f\xff")");
}

TEST(SplitArguments, SeparatesAtWhiteSpace) {
  EXPECT_THAT(split_arguments("  set  key\tvalue \r\n"), Optional(ElementsAre("set", "key", "value")));
  EXPECT_THAT(split_arguments(""), Optional(ElementsAre()));
  EXPECT_THAT(split_arguments("   "), Optional(ElementsAre()));
}

TEST(SplitArguments, KeepsAVerticalTabOrFormFeedWithinAnArgumentOnly) {
  EXPECT_THAT(split_arguments("\v a\vb\f \f c"), Optional(ElementsAre("a\vb\f", "c")));
  EXPECT_THAT(split_arguments("\"a\"\vb"), Optional(ElementsAre("a", "b")));
}

TEST(SplitArguments, ReadsBothKindsOfQuotes) {
  EXPECT_THAT(split_arguments(R"(a "b c" 'd e')"), Optional(ElementsAre("a", "b c", "d e")));
  EXPECT_THAT(split_arguments(R"("\x41\n\q" '\n\'')"), Optional(ElementsAre("A\nq", "\\n'")));
  EXPECT_THAT(split_arguments(R"("" '')"), Optional(ElementsAre("", "")));
  EXPECT_THAT(split_arguments(R"(ab"cd")"), Optional(ElementsAre("abcd")));
  EXPECT_THAT(split_arguments(R"("\xZZ")"), Optional(ElementsAre("xZZ")));
}

TEST(SplitArguments, RefusesUnbalancedQuotes) {
  for (View line : {R"("open)", R"('open)", R"("a"b)", R"('a'b)", R"("a\)", R"("a\")"}) {
    EXPECT_EQ(split_arguments(line), std::nullopt) << line;
  }
}

TEST(SplitArguments, ReadsBackAnyQuotedBytes) {
  const std::uint64_t seed = 5;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(random.below(20), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    ASSERT_THAT(split_arguments(quote(bytes)), Optional(ElementsAre(bytes))) << quote(bytes);
  }
}

}  // namespace
}  // namespace shoal
