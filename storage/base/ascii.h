// Letter case as the protocol has it: that of ASCII. Other bytes stand for themselves, whatever the locale.
#pragma once

#include <algorithm>
#include <string>

#include "storage/base/units.h"

namespace shoal {

constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr char to_upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

inline std::string lower_case(View text) {
  std::string result(text);
  std::transform(text.begin(), text.end(), result.begin(), to_lower);
  return result;
}
inline std::string upper_case(View text) {
  std::string result(text);
  std::transform(text.begin(), text.end(), result.begin(), to_upper);
  return result;
}

/// Whether two texts are equal, letter case aside.
constexpr bool equal_ignoring_case(View one, View other) {
  return one.size() == other.size() && std::equal(one.begin(), one.end(), other.begin(),
                                                  [](char a, char b) { return to_lower(a) == to_lower(b); });
}

}  // namespace shoal
