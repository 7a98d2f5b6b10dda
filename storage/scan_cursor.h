// The cursor of SCAN: a slot, and a place in that slot's table (SegmentedTable::scan, 48 bits). Clients see
// one decimal number, 0 at the start and at the end. The slot stands in the low bits so that cursors of one
// walk stay distinct and a core can be found from them.
#pragma once

#include <optional>

#include "storage/base/units.h"

namespace shoal {

struct ScanCursor {
  SlotId slot = 0;  // kSlotCount: the walk is over
  std::uint64_t place = 0;

  constexpr bool is_at_end() const { return slot == kSlotCount; }
};

/// The place at which a table's scan comes to keys of this hash.
constexpr std::uint64_t place_of(std::uint64_t hash) {
  return hash >> 16;
}

constexpr std::uint64_t encode_scan_cursor(ScanCursor cursor) {
  return cursor.is_at_end() ? 0 : cursor.place << 14 | cursor.slot;
}

/// Any number decodes: a client may send what it likes, and gets a walk from somewhere.
constexpr ScanCursor decode_scan_cursor(std::uint64_t number) {
  return {static_cast<SlotId>(number & (kSlotCount - 1)), number >> 14 & ((std::uint64_t{1} << 48) - 1)};
}

/// The cursor a client sent: an unsigned 64-bit decimal number, empty for 0, with a sign if it must be.
/// Nothing when it is not one.
std::optional<ScanCursor> parse_scan_cursor(View text);

}  // namespace shoal
