// Passes that fetch ahead the memory which commands on these keys will read: the misses of many keys overlap,
// where one after another they would be most of the time a command takes. Each pass only touches what the one
// before has fetched: slot, table's group of tags, the word behind the tag, the entry. Only for keys whose
// slots the caller may touch.
#pragma once

#include <span>

#include "storage/base/fetch.h"
#include "storage/keyspace.h"

namespace shoal {

/// Calls visit(const EntryTable&, hash) for each key that is in a database which has a table in its slot.
template <class Keys, class Visit>
void for_each_table(Keyspace& keyspace, DatabaseId database, const Keys& keys, Visit&& visit) {
  for (const Key& key : keys) {
    if (const Dictionary* dictionary = keyspace.slot(key.slot).find(database))
      visit(dictionary->entries, key.hash);
  }
}

/// All passes over `keys`: at best some 64 of them, so that what was fetched is still there when it is used.
template <class Keys>
void prefetch(Keyspace& keyspace, DatabaseId database, const Keys& keys) {
  for (const Key& key : keys) fetch(&keyspace.slot(key.slot));
  for_each_table(keyspace, database, keys,
                 [](const EntryTable& table, std::uint64_t hash) { table.prefetch_segment(hash); });
  for_each_table(keyspace, database, keys,
                 [](const EntryTable& table, std::uint64_t hash) { table.prefetch_group(hash); });
  for_each_table(keyspace, database, keys, [](const EntryTable& table, std::uint64_t hash) {
    // A usual entry lies on two cache lines.
    if (const types::Entry* entry = table.prefetch_element(hash))
      fetch(reinterpret_cast<const char*>(entry) + 64);
  });
}

}  // namespace shoal
