// Fetches ahead the memory that commands on some keys will read: the misses of many keys overlap, where one
// after another they would be most of the time a command takes. Each pass only touches what the one before
// has fetched: slot, table's group of tags, the word behind the tag, the entry. Only for keys whose slots the
// caller may touch.
#pragma once

#include <array>
#include <span>

#include "storage/base/fetch.h"
#include "storage/keyspace.h"

namespace shoal {

/// Keys gathered from one or several clients, to be fetched together. Owns no memory of theirs: they may be
/// gone by the time of run().
class KeyFetch {
 public:
  /// What was fetched should still be in the first-level cache when it is used: some five lines a key.
  static constexpr std::size_t kKeysMax = 64;

  bool full() const { return count_ == kKeysMax; }
  bool empty() const { return count_ == 0; }
  /// Keys beyond kKeysMax are left out.
  void add(DatabaseId database, const Key& key) {
    if (count_ < kKeysMax) wanted_[count_++] = {key.hash, key.slot, database};
  }
  void clear() { count_ = 0; }

  /// All passes, which leave it empty.
  void run(Keyspace& keyspace) {
    for (const Wanted& key : wanted()) fetch(&keyspace.slot(key.slot));
    for_each_table(keyspace,
                   [](const EntryTable& table, std::uint64_t hash) { table.prefetch_segment(hash); });
    for_each_table(keyspace, [](const EntryTable& table, std::uint64_t hash) { table.prefetch_group(hash); });
    for_each_table(keyspace, [](const EntryTable& table, std::uint64_t hash) {
      // A usual entry lies on two cache lines.
      if (const types::Entry* entry = table.prefetch_element(hash))
        fetch(reinterpret_cast<const char*>(entry) + 64);
    });
    clear();
  }

 private:
  struct Wanted {
    std::uint64_t hash;
    SlotId slot;
    DatabaseId database;
  };
  std::span<const Wanted> wanted() const { return {wanted_.data(), count_}; }
  template <class Visit>
  void for_each_table(Keyspace& keyspace, Visit&& visit) const {
    for (const Wanted& key : wanted()) {
      if (const Dictionary* dictionary = keyspace.slot(key.slot).find(key.database))
        visit(dictionary->entries, key.hash);
    }
  }

  std::array<Wanted, kKeysMax> wanted_;
  std::size_t count_ = 0;
};

}  // namespace shoal
