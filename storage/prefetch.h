// Two passes that fetch ahead the memory which commands on these keys will read: one cache miss for many keys
// instead of several for each. Only for keys whose slots the caller may touch.
#pragma once

#include <span>

#include "storage/keyspace.h"

namespace shoal {

inline void prefetch_groups(Keyspace& keyspace, DatabaseId database, std::span<const Key> keys) {
  for (const Key& key : keys) {
    if (const Dictionary* dictionary = keyspace.slot(key.slot).find(database)) dictionary->entries.prefetch_group(key.hash);
  }
}

inline void prefetch_entries(Keyspace& keyspace, DatabaseId database, std::span<const Key> keys) {
  for (const Key& key : keys) {
    if (const Dictionary* dictionary = keyspace.slot(key.slot).find(database)) dictionary->entries.prefetch_element(key.hash);
  }
}

}  // namespace shoal
