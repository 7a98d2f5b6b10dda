// The keyspace: 16,384 slots, each with a dictionary for every logical database that holds something in it.
// A slot's data is touched by one thread at a time: the core that owns it, or the coordinator it is lent to
// (server/dispatch/loan_book.h says which). Nothing here locks.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "storage/key_name.h"
#include "storage/structs/segmented_table.h"
#include "storage/types/entry.h"

namespace shoal {

struct EntryTraits {
  using Element = types::Entry;
  static std::uint64_t hash(const types::Entry& entry) { return key_hash(entry.key()); }
};
using EntryTable = structs::SegmentedTable<EntryTraits>;

/// The keys of one database in one slot.
struct Dictionary {
  EntryTable entries;
  /// How many of them have a deadline.
  std::uint32_t expiring = 0;
};

/// Keys that some client WATCHes, with the number of the last write that touched each.
class WatchedKeys {
 public:
  /// Starts (or joins) the watch on a key; returns the number to compare with at EXEC.
  std::uint64_t watch(DatabaseId database, View key);
  void unwatch(DatabaseId database, View key);
  /// The current number of a watched key; 0 for one that nobody watches.
  std::uint64_t version(DatabaseId database, View key) const;
  void touch(DatabaseId database, View key);
  /// Touches every watched key for which `holds(database, name)` is true.
  template <class F>
  void touch_if(F&& holds) {
    for (const Watch& watch : watches_) {
      if (holds(watch.database, View(watch.key))) ++watch.version;
    }
  }
  bool empty() const { return watches_.empty(); }

 private:
  struct Watch {
    DatabaseId database;
    std::string key;
    // What a watch counts is not what it goes by.
    mutable std::uint32_t watchers = 0;
    mutable std::uint64_t version = 1;
    KeyName key_name() const { return {database, key}; }
  };
  KeyNameSet<Watch> watches_;
};

class Slot {
 public:
  /// The dictionary of a database, or null when the database never held a key here.
  Dictionary* find(DatabaseId database) {
    if (database == 0) [[likely]]
      return &first_;
    return more_ == nullptr ? nullptr : more_->find(database);
  }
  const Dictionary* find(DatabaseId database) const { return const_cast<Slot*>(this)->find(database); }
  /// The same, made when there is none.
  Dictionary& database(DatabaseId database) {
    if (database == 0) [[likely]]
      return first_;
    return make(database);
  }

  /// Whether a database holds a key here, expired ones included.
  bool holds_keys(DatabaseId database) const;
  void swap(DatabaseId one, DatabaseId other);
  /// Databases that may hold keys here: all below this number.
  DatabaseId database_end() const;

  /// Null as long as nobody watches a key of this slot.
  WatchedKeys* watched() { return more_ == nullptr ? nullptr : &more_->watched; }
  WatchedKeys& watched_or_new() { return more().watched; }

 private:
  struct More {
    std::vector<Dictionary> databases;  // from database 1 on
    WatchedKeys watched;
    Dictionary* find(DatabaseId database) {
      return database <= databases.size() ? &databases[database - 1] : nullptr;
    }
  };
  More& more();
  Dictionary& make(DatabaseId database);

  Dictionary first_;            // database 0, where nearly every key lives
  std::unique_ptr<More> more_;  // what few slots have
};

class Keyspace {
 public:
  explicit Keyspace(DatabaseId database_count) : database_count_(database_count) {}
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  Slot& slot(SlotId id) { return slots_[id]; }
  const Slot& slot(SlotId id) const { return slots_[id]; }
  DatabaseId database_count() const { return database_count_; }

 private:
  std::array<Slot, kSlotCount> slots_;
  DatabaseId database_count_;
};

}  // namespace shoal
