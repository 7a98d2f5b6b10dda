#include "storage/base/glob.h"

#include <algorithm>

#include "storage/base/ascii.h"

namespace shoal {
namespace {

unsigned char folded(char byte, Case letter_case) {
  return static_cast<unsigned char>(letter_case == Case::kInsensitive ? to_lower(byte) : byte);
}

/// What one element of a pattern (anything but '*') says to one byte of text.
struct Step {
  bool matches;
  std::size_t next;  ///< where the pattern goes on
};

/// The class whose '[' is at pattern[at].
Step match_class(View pattern, std::size_t at, unsigned char byte, Case letter_case) {
  ++at;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    const std::size_t left = pattern.size() - at;
    if (pattern[at] == '\\' && left >= 2) {
      found |= folded(pattern[at + 1], letter_case) == byte;
      at += 2;
    } else if (left >= 3 && pattern[at + 1] == '-') {
      const auto [low, high] =
          std::minmax({folded(pattern[at], letter_case), folded(pattern[at + 2], letter_case)});
      found |= low <= byte && byte <= high;
      at += 3;
    } else {
      found |= folded(pattern[at], letter_case) == byte;
      ++at;
    }
  }
  return {found != negated, std::min(at + 1, pattern.size())};
}

Step match_element(View pattern, std::size_t at, char text_byte, Case letter_case) {
  const unsigned char byte = folded(text_byte, letter_case);
  switch (pattern[at]) {
    case '?': return {true, at + 1};
    case '[': return match_class(pattern, at, byte, letter_case);
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      [[fallthrough]];
    default: return {folded(pattern[at], letter_case) == byte, at + 1};
  }
}

}  // namespace

bool glob_match(View pattern, View text, Case letter_case) {
  if (text.empty()) return pattern.empty();
  std::size_t at = 0;        // in the pattern
  std::size_t position = 0;  // in the text
  std::size_t after_star = View::npos;
  std::size_t star_position = 0;  // where the text after the last '*' is assumed to begin
  while (position < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      star_position = position;
      if (at == pattern.size()) return true;
      continue;
    }
    if (at < pattern.size()) {
      const Step step = match_element(pattern, at, text[position], letter_case);
      if (step.matches) {
        at = step.next;
        ++position;
        continue;
      }
    }
    if (after_star == View::npos) return false;
    at = after_star;
    position = ++star_position;
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace shoal
