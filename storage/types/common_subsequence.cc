#include "storage/types/common_subsequence.h"

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>

namespace shoal::types {

namespace {

using Word = std::uint64_t;
constexpr std::size_t kWordBits = 64;

std::size_t words_for(std::size_t bits) {
  return (bits + kWordBits - 1) / kWordBits;
}

/// One row of the table of lengths, for a prefix of `first` and every prefix of `second`. Next to each other
/// two lengths are equal or differ by 1, so a bit tells them apart, and 64 of them go on to the next row in a
/// few instructions (Hyyro, "Bit-parallel LCS-length computation revisited", 2004).
class LengthRow {
 public:
  /// The row of the empty prefix.
  LengthRow(View first, View second) : columns_(second.size()), equal_(words_for(columns_), ~Word{0}) {
    std::size_t kinds = 0;
    for (const char byte : first) {
      std::size_t& mask = mask_of_[static_cast<unsigned char>(byte)];
      if (mask == 0) mask = ++kinds;
    }
    masks_.resize((kinds + 1) * equal_.size());
    for (std::size_t i = 0; i < second.size(); ++i) {
      Word* mask = masks_.data() + mask_of_[static_cast<unsigned char>(second[i])] * equal_.size();
      mask[i / kWordBits] |= Word{1} << i % kWordBits;
    }
  }

  /// Goes on to the prefix that is one byte longer: by `byte`.
  void step(char byte) {
    const Word* mask = masks_.data() + mask_of_[static_cast<unsigned char>(byte)] * equal_.size();
    Word carry = 0;
    for (Word& equal : equal_) {
      Word sum;
      Word carried = __builtin_add_overflow(equal, equal & *mask, &sum) ? 1 : 0;
      carried |= __builtin_add_overflow(sum, carry, &sum) ? 1 : 0;
      carry = carried;
      equal = sum | (equal & ~*mask);
      ++mask;
    }
  }

  /// Bits of 64 prefixes of `second`: whether the last byte of each made the subsequence longer.
  Word longer(std::size_t word) const {
    const std::size_t bits = columns_ - word * kWordBits;
    return ~equal_[word] & (bits >= kWordBits ? ~Word{0} : (Word{1} << bits) - 1);
  }
  std::size_t word_count() const { return equal_.size(); }

 private:
  std::size_t columns_;
  std::vector<Word> equal_;
  // For each byte that is in `first` where it is in `second`; mask 0 gets the others, and is never asked.
  std::array<std::size_t, 256> mask_of_ = {};
  std::vector<Word> masks_;
};

/// Rows of bits, one behind the other without gaps: a short row takes no whole word.
class BitTable {
 public:
  BitTable(std::size_t rows, std::size_t columns) : columns_(columns), bits_(words_for(rows * columns) + 1) {}
  void put(std::size_t row, const LengthRow& source) {
    for (std::size_t word = 0; word < source.word_count(); ++word) {
      const std::size_t at = row * columns_ + word * kWordBits;
      const Word bits = source.longer(word);
      bits_[at / kWordBits] |= bits << at % kWordBits;
      if (at % kWordBits != 0) bits_[at / kWordBits + 1] |= bits >> (kWordBits - at % kWordBits);
    }
  }
  bool at(std::size_t row, std::size_t column) const {
    const std::size_t place = row * columns_ + column;
    return (bits_[place / kWordBits] >> place % kWordBits & 1) != 0;
  }

 private:
  std::size_t columns_;
  std::vector<Word> bits_;
};

BitTable measure(View first, View second) {
  BitTable longer(first.size(), second.size());
  LengthRow row(first, second);
  for (std::size_t i = 0; i < first.size(); ++i) {
    row.step(first[i]);
    longer.put(i, row);
  }
  return longer;
}

}  // namespace

std::uint64_t common_subsequence_steps(View first, View second) {
  return std::uint64_t{first.size()} * words_for(second.size());
}

std::vector<CommonRun> longest_common_subsequence(View first, View second) {
  const BitTable longer = measure(first, second);
  std::vector<CommonRun> runs;
  std::size_t i = first.size();
  std::size_t j = second.size();
  while (i > 0 && j > 0) {
    if (first[i - 1] != second[j - 1]) {
      // If the last byte of `second` makes it longer, though it is not the last of `first`, some earlier byte
      // of `first` is its match.
      if (longer.at(i - 1, j - 1)) {
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

std::size_t longest_common_length(View first, View second) {
  if (common_subsequence_steps(second, first) < common_subsequence_steps(first, second))
    std::swap(first, second);
  LengthRow row(first, second);
  for (const char byte : first) row.step(byte);
  std::size_t length = 0;
  for (std::size_t word = 0; word < row.word_count(); ++word)
    length += static_cast<std::size_t>(std::popcount(row.longer(word)));
  return length;
}

}  // namespace shoal::types
