#include "storage/types/common_subsequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/base/random.h"

namespace shoal::types {
namespace {

std::string text_of(View first, const std::vector<CommonRun>& runs) {
  std::string text;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) text += first.substr(run->in_first, run->length);
  return text;
}

// The textbook's table of lengths, and the way back that the header promises.
std::string common_by_the_textbook(View first, View second) {
  std::vector<std::vector<int>> length(first.size() + 1, std::vector<int>(second.size() + 1));
  for (std::size_t i = 1; i <= first.size(); ++i) {
    for (std::size_t j = 1; j <= second.size(); ++j) {
      length[i][j] = first[i - 1] == second[j - 1] ? length[i - 1][j - 1] + 1
                                                   : std::max(length[i - 1][j], length[i][j - 1]);
    }
  }
  std::string common;
  for (std::size_t i = first.size(), j = second.size(); i > 0 && j > 0;) {
    if (first[i - 1] == second[j - 1]) {
      common += first[i - 1];
      --i;
      --j;
    } else if (length[i - 1][j] > length[i][j - 1]) {
      --i;
    } else {
      --j;
    }
  }
  std::reverse(common.begin(), common.end());
  return common;
}

TEST(CommonSubsequence, IsTheOneThatTheTextbookFinds) {
  const std::uint64_t seed = 7;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const auto some_text = [&random] {
    std::string text(random.below(200), ' ');
    const std::uint64_t kinds = 1 + random.below(6);
    for (char& byte : text) byte = static_cast<char>('\xfd' + static_cast<char>(random.below(kinds)));
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::string first = some_text();
    const std::string second = some_text();
    const std::string expected = common_by_the_textbook(first, second);
    ASSERT_EQ(text_of(first, longest_common_subsequence(first, second)), expected) << "round " << round;
    ASSERT_EQ(longest_common_length(first, second), expected.size()) << "round " << round;
  }
}

TEST(CommonSubsequence, OfEmptyStringsIsEmpty) {
  EXPECT_TRUE(longest_common_subsequence("", "").empty());
  EXPECT_TRUE(longest_common_subsequence("abc", "").empty());
  EXPECT_TRUE(longest_common_subsequence("", "abc").empty());
  EXPECT_EQ(longest_common_length("", "abc"), 0u);
}

TEST(CommonSubsequence, OfLongStringsTakesAStepForEach64PairsOfBytes) {
  const std::string first(7000, 'a');
  std::string second;
  for (int i = 0; i < 3500; ++i) second += "ab";
  EXPECT_EQ(common_subsequence_steps(first, second), 7000u * 110);
  EXPECT_EQ(longest_common_length(first, second), 3500u);
  EXPECT_EQ(text_of(first, longest_common_subsequence(first, second)), std::string(3500, 'a'));
}

}  // namespace
}  // namespace shoal::types
