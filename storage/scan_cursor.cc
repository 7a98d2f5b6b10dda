#include "storage/scan_cursor.h"

#include <charconv>

namespace shoal {

std::optional<ScanCursor> parse_scan_cursor(View text) {
  if (text.empty()) return ScanCursor{};
  // A sign may stand before the number, as Redis reads it; a negative one wraps around.
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return decode_scan_cursor(negative ? 0 - number : number);
}

}  // namespace shoal
