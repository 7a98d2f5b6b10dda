// What holds for a value of any type, found by one table with a row for each type.
#pragma once

#include "storage/base/units.h"
#include "storage/types/entry.h"

namespace shoal::types {

/// The name TYPE answers: "string", "list", "set", "zset", "hash", "stream".
View type_name(Type type);
/// The type of that name (case-insensitive), or nothing.
std::optional<Type> type_named(View name);
/// The name OBJECT ENCODING answers.
View encoding_name(const Entry& entry);
/// Bytes the entry and everything it points to take from the allocator. O(1).
std::size_t memory_bytes(const Entry& entry);
/// An equal value under another key and deadline. O(size).
Entry* copy(const Entry& entry, View key, Millis expiry);
/// The same value under another key or deadline: takes what `entry` holds and releases its block. O(1) beside
/// an inline payload.
Entry* move_to(Entry* entry, View key, Millis expiry);
/// Frees the entry and everything it points to. O(1) for a string.
void destroy(Entry* entry);

}  // namespace shoal::types
