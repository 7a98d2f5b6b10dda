#include "storage/scan_cursor.h"

#include <charconv>

namespace shoal {

std::optional<ScanCursor> parse_scan_cursor(View text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return decode_scan_cursor(number);
}

}  // namespace shoal
