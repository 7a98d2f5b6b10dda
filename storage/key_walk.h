// Going over the keys of a database a few at a time, while commands change them in between: slot by slot, and
// within a slot in the order of the hashes (SegmentedTable::scan).
//
// A key that is there from the first step until after the last is visited exactly once, whatever happens to
// the tables; one that comes or goes meanwhile, once or never.
#pragma once

#include "storage/keyspace.h"
#include "storage/scan_cursor.h"

namespace shoal {

/// Looks at about `entries_max` entries (1 or more) of the slot under `cursor`, calls visit(entry) for those
/// alive at `now`, and moves the cursor on: to the next slot once all of this one are seen. Precondition: the
/// cursor is not behind the last slot. Returns how many entries it looked at; `visit` must not change the
/// table.
template <class Visit>
std::size_t walk_on(const Keyspace& keyspace, DatabaseId database, ScanCursor& cursor,
                    std::size_t entries_max, Millis now, Visit&& visit) {
  CHECK(!cursor.is_at_end());
  const std::uint64_t begin = std::exchange(cursor.place, 0);
  std::size_t looked_at = 0;
  if (const Dictionary* dictionary = keyspace.slot(cursor.slot).find(database)) {
    cursor.place = dictionary->entries.scan(begin, entries_max, [&](const types::Entry& entry) {
      ++looked_at;
      // A table that shrank since the last step brings back some of what lies before the cursor.
      if (begin != 0 && place_of(key_hash(entry.key())) < begin) return;
      if (!types::is_expired(entry, now)) visit(entry);
    });
  }
  if (cursor.place == 0) ++cursor.slot;
  return looked_at;
}

}  // namespace shoal
