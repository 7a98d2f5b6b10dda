// Bytes whose order shows: a test that loses, doubles or swaps some of them notices.
#pragma once

#include <cstddef>
#include <string>

namespace shoal::runtime {

inline std::string some_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>('a' + i * 7 % 26);
  return bytes;
}

}  // namespace shoal::runtime
