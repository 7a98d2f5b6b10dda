// KeyAccess: how a command reaches keys. It hides expiry (a key past its deadline is never seen), keeps the
// access bits, the counts of keys with a deadline and their timers, and passes on what changed. It runs
// wherever the command runs: the slot's owner, or a coordinator that borrowed the slot. Nothing here knows
// RESP.
//
// Cost of every call: one probe of the slot's dictionary, unless said otherwise.
#pragma once

#include <initializer_list>

#include "eviction/access_clock.h"
#include "storage/change.h"
#include "storage/key.h"
#include "storage/keyspace.h"
#include "storage/types/entry.h"

namespace shoal {

/// Where a command runs in time: passed in, so that the same bytes, time and seed give the same result.
struct Moment {
  Millis now = 0;  // wall clock
  /// The eviction policy's clock.
  eviction::AccessClock access = eviction::AccessClock::recency(0);
};

/// Finds the Effects that belong to a slot while slots of several cores are borrowed.
class EffectsRouter {
 public:
  virtual Effects& effects_of(SlotId slot) = 0;

 protected:
  ~EffectsRouter() = default;
};

/// Reads that found a key and that did not, for the hit rate.
struct LookupCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

class KeyAccess {
 public:
  /// A live entry found for writing. Good until the next insert or erase in its slot.
  class Handle {
   public:
    explicit operator bool() const { return entry_ != nullptr; }
    types::Entry& operator*() const { return *entry_; }
    types::Entry* operator->() const { return entry_; }
    types::Entry* get() const { return entry_; }

   private:
    friend class KeyAccess;
    Dictionary* dictionary_ = nullptr;
    EntryTable::Position position_;
    types::Entry* entry_ = nullptr;
    // As found: an assignment may have freed the entry by the time the new one is stored.
    Millis expiry_ = types::kNoExpiry;
    std::uint16_t stamp_ = 0;
  };

  /// Whether reads leave a trace in the access bits (CLIENT NO-TOUCH says no).
  enum class Touch : bool { kNo, kYes };

  KeyAccess(Keyspace& keyspace, Effects& effects, Moment moment, DatabaseId database, Touch touch)
      : keyspace_(keyspace), effects_(&effects), moment_(moment), database_(database), touch_(touch) {}

  DatabaseId database() const { return database_; }
  void set_database(DatabaseId database) { database_ = database; }
  DatabaseId database_count() const { return keyspace_.database_count(); }
  const Moment& moment() const { return moment_; }
  Millis now() const { return moment_.now; }
  void set_moment(Moment moment) { moment_ = moment; }
  /// For the command that runs now: the next one's choice is set before it.
  void set_touch(Touch touch) { touch_ = touch; }
  /// Effects of borrowed slots go where `router` says; null: to the Effects given at construction.
  void set_router(EffectsRouter* router) { router_ = router; }

  /// The live entry of a key, or null. Counts a hit or a miss and touches the entry.
  const types::Entry* read(const Key& key);
  /// The same without a trace: for TTL, OBJECT, EXISTS and their kind.
  const types::Entry* peek(const Key& key) const;
  /// The live entry, to be changed; touches it. An expired one is reclaimed on the way.
  Handle write(const Key& key);

  /// Adds an entry under its key. Precondition: write(key) found nothing. Takes the entry over.
  void insert(const Key& key, types::Entry* entry);
  /// The same with what extract() gave out: its access bits stay what they were.
  void insert_moved(const Key& key, types::Entry* entry);
  /// Puts `entry` (the handle's own, or one made from it by assigning, appending...) where the handle's stood
  /// and keeps the books of its deadline.
  void store(const Key& key, Handle& handle, types::Entry* entry);
  /// Gives the entry a deadline, or none (types::kNoExpiry), and stores it.
  void set_expiry(const Key& key, Handle& handle, Millis expiry);
  /// Removes and frees the entry.
  void erase(Handle& handle);
  /// Removes the entry and hands it to the caller.
  types::Entry* extract(Handle& handle);

  /// Says that a write happened. `effect` is a command that repeats it; left empty when nobody listens
  /// anyway.
  void changed(const Key& key, Event event, std::initializer_list<View> effect) {
    changed_in(database_, key, event, effect);
  }
  void changed_in(DatabaseId database, const Key& key, Event event, std::initializer_list<View> effect);

  /// WATCH, UNWATCH and what EXEC compares.
  std::uint64_t watch(const Key& key);
  void unwatch(DatabaseId database, const Key& key);
  std::uint64_t watched_version(DatabaseId database, const Key& key) const;

  Keyspace& keyspace() { return keyspace_; }
  Effects& effects_of(SlotId slot) { return router_ == nullptr ? *effects_ : router_->effects_of(slot); }
  LookupCounts& lookups() { return lookups_; }

 private:
  Handle find(const Key& key);
  void schedule(const Key& key, types::Entry& entry, Millis old_expiry, std::uint16_t old_stamp);
  void reclaim_expired(const Key& key, Handle& handle);
  void touch(types::Entry& entry) const {
    if (touch_ == Touch::kYes) [[likely]]
      entry.set_access(moment_.access.after_use(entry.access()));
  }

  Keyspace& keyspace_;
  Effects* effects_;
  EffectsRouter* router_ = nullptr;
  Moment moment_;
  DatabaseId database_;
  Touch touch_;
  LookupCounts lookups_;
};

/// Looks at another database for as long as it lives.
class InDatabase {
 public:
  InDatabase(KeyAccess& keys, DatabaseId database) : keys_(keys), before_(keys.database()) {
    keys_.set_database(database);
  }
  ~InDatabase() { keys_.set_database(before_); }
  InDatabase(const InDatabase&) = delete;
  InDatabase& operator=(const InDatabase&) = delete;

 private:
  KeyAccess& keys_;
  DatabaseId before_;
};

}  // namespace shoal
