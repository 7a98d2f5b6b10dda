// The longest common subsequence of two byte strings: what LCS answers.
#pragma once

#include <vector>

#include "storage/base/units.h"

namespace shoal::types {

/// Bytes that the subsequence takes one after the other from both strings: `length` from `in_first` and
/// `in_second` on.
struct CommonRun {
  std::size_t in_first;
  std::size_t in_second;
  std::size_t length;
};

/// Steps that longest_common_subsequence() takes, each about a nanosecond and a half: one for each byte of
/// `first` and each 64 of `second`.
std::uint64_t common_subsequence_steps(View first, View second);

/// The runs of one longest common subsequence, the last one first. Where several are equally long, the one
/// that is found going from both ends towards the front, leaving out bytes of `second` first. Its length is
/// the runs' sum. Memory: at most 2 * |first| * |second| bits.
std::vector<CommonRun> longest_common_subsequence(View first, View second);

/// Its length alone: the steps of either order, whichever are fewer, and memory for one row of bits.
std::size_t longest_common_length(View first, View second);

}  // namespace shoal::types
