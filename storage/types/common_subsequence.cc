#include "storage/types/common_subsequence.h"

#include <cstdint>

namespace shoal::types {

namespace {

/// One bit for each pair of prefixes: whether the pair without the last byte of `first` has the longer
/// subsequence.
class Directions {
 public:
  Directions(std::size_t rows, std::size_t columns) : columns_(columns), bits_(rows * columns) {}
  void drop_first(std::size_t row, std::size_t column) { bits_[row * columns_ + column] = true; }
  bool drops_first(std::size_t row, std::size_t column) const { return bits_[row * columns_ + column]; }

 private:
  std::size_t columns_;
  std::vector<bool> bits_;
};

Directions measure(View first, View second) {
  Directions directions(first.size(), second.size());
  // Lengths for the prefixes of `second`, beside the prefix of `first` that is one shorter, and this one.
  std::vector<std::uint32_t> above(second.size() + 1);
  std::vector<std::uint32_t> here(second.size() + 1);
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (std::size_t j = 0; j < second.size(); ++j) {
      if (first[i] == second[j]) {
        here[j + 1] = above[j] + 1;
      } else if (above[j + 1] > here[j]) {
        here[j + 1] = above[j + 1];
        directions.drop_first(i, j);
      } else {
        here[j + 1] = here[j];
      }
    }
    above.swap(here);
  }
  return directions;
}

}  // namespace

std::vector<CommonRun> longest_common_subsequence(View first, View second) {
  const Directions directions = measure(first, second);
  std::vector<CommonRun> runs;
  std::size_t i = first.size();
  std::size_t j = second.size();
  while (i > 0 && j > 0) {
    if (first[i - 1] != second[j - 1]) {
      if (directions.drops_first(i - 1, j - 1)) {
        --i;
      } else {
        --j;
      }
      continue;
    }
    if (!runs.empty() && runs.back().in_first == i && runs.back().in_second == j) {
      runs.back() = {i - 1, j - 1, runs.back().length + 1};
    } else {
      runs.push_back({i - 1, j - 1, 1});
    }
    --i;
    --j;
  }
  return runs;
}

}  // namespace shoal::types
