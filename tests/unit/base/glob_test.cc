#include "storage/base/glob.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/base/random.h"

namespace shoal {
namespace {

TEST(GlobMatch, MatchesLiteralsOnlyAsAWhole) {
  EXPECT_TRUE(glob_match("hello", "hello"));
  EXPECT_FALSE(glob_match("hello", "hello!"));
  EXPECT_FALSE(glob_match("hello", "hell"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
}

TEST(GlobMatch, StarMatchesAnyBytesAndNone) {
  EXPECT_TRUE(glob_match("a*", "a"));
  EXPECT_TRUE(glob_match("**", "abc"));
  EXPECT_TRUE(glob_match("a*c*e", "abcde"));
  EXPECT_TRUE(glob_match("*ab", "aab"));
  EXPECT_FALSE(glob_match("a*b", "acbd"));
  EXPECT_TRUE(glob_match(View("a*\0b", 4), View("a--\0b", 5)));
}

TEST(GlobMatch, OnlyTheEmptyPatternMatchesTheEmptyText) {
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("*", ""));
}

TEST(GlobMatch, QuestionMarkMatchesOneByte) {
  EXPECT_TRUE(glob_match("h?llo", "hallo"));
  EXPECT_FALSE(glob_match("h?llo", "hllo"));
  EXPECT_FALSE(glob_match("?", ""));
}

TEST(GlobMatch, ClassesTakeRangesBothWaysAndNegation) {
  EXPECT_TRUE(glob_match("h[ae]llo", "hello"));
  EXPECT_FALSE(glob_match("h[ae]llo", "hillo"));
  EXPECT_TRUE(glob_match("[a-c]", "b"));
  EXPECT_TRUE(glob_match("[c-a]", "b"));
  EXPECT_TRUE(glob_match("h[^e]llo", "hallo"));
  EXPECT_FALSE(glob_match("h[^e]llo", "hello"));
  EXPECT_TRUE(glob_match("[\\]]", "]"));
  EXPECT_FALSE(glob_match("[]", "a"));
  EXPECT_TRUE(glob_match("[^]", "a"));
  EXPECT_TRUE(glob_match("[!a]", "!")) << "only '^' negates";
}

TEST(GlobMatch, AnUnterminatedClassEndsWithThePattern) {
  EXPECT_TRUE(glob_match("[abc", "b"));
  EXPECT_FALSE(glob_match("[abc", "bc"));
  EXPECT_FALSE(glob_match("[", "["));
  EXPECT_TRUE(glob_match("[^", "x"));
  EXPECT_TRUE(glob_match("[a-", "-"));
  EXPECT_TRUE(glob_match("[\\", "\\"));
}

TEST(GlobMatch, ARangeMayEndInABracketAndThenTheClassGoesOn) {
  EXPECT_TRUE(glob_match("[a-]", "_"));
  EXPECT_TRUE(glob_match("[a-]x]", "x"));
}

TEST(GlobMatch, BackslashTakesTheNextByteAsItIs) {
  EXPECT_TRUE(glob_match("a\\*b", "a*b"));
  EXPECT_FALSE(glob_match("a\\*b", "axb"));
  EXPECT_TRUE(glob_match("\\\\", "\\"));
  EXPECT_TRUE(glob_match("a\\", "a\\")) << "at the end it stands for itself";
}

TEST(GlobMatch, InsensitiveMatchingFoldsAsciiOnly) {
  EXPECT_TRUE(glob_match("MaxMem*", "maxmemory", Case::kInsensitive));
  EXPECT_TRUE(glob_match("[A-C]x", "bX", Case::kInsensitive));
  EXPECT_FALSE(glob_match("A", "a"));
  EXPECT_FALSE(glob_match("\xC4", "\xE4", Case::kInsensitive));
}

TEST(GlobMatch, AdversarialPatternsTakeBoundedTime) {
  std::string pattern;
  for (int star = 0; star < 200; ++star) pattern += "a*";
  pattern += 'b';
  // Exponential or even cubic matching would not end within any test's time limit.
  EXPECT_FALSE(glob_match(pattern, std::string(20000, 'a')));
  EXPECT_TRUE(glob_match(pattern, std::string(20000, 'a') + 'b'));
}

/// The definition, by recursion: exponential, so only for short texts.
bool model_match(View pattern, View text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return model_match(pattern.substr(1), text) || (!text.empty() && model_match(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         model_match(pattern.substr(1), text.substr(1));
}

TEST(GlobMatch, AgreesWithTheRecursiveDefinition) {
  const std::uint64_t seed = 11;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 100000; ++round) {
    std::string pattern;
    std::string text;
    for (std::uint64_t i = random.below(8); i > 0; --i) pattern.push_back("ab*?"[random.below(4)]);
    for (std::uint64_t i = random.below(9); i > 0; --i) text.push_back("ab"[random.below(2)]);
    if (text.empty()) text = "b";
    ASSERT_EQ(glob_match(pattern, text), model_match(pattern, text)) << pattern << " " << text;
  }
}

}  // namespace
}  // namespace shoal
