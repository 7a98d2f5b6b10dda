#include "storage/key_access.h"

#include <utility>

#include "storage/base/bytes.h"
#include "storage/preemption_point.h"
#include "storage/types/value.h"

namespace shoal {

using types::Entry;
using types::is_expired;
using types::kFarExpiry;
using types::kNoExpiry;

namespace {

static_assert(KeyReference::kStampMax == Entry::kWheelStampMax);

auto named(const Key& key) {
  return [&key](const Entry& entry) { return bytes_equal(entry.key(), key.name); };
}

}  // namespace

const Entry* KeyAccess::peek(const Key& key) const {
  preemption_point();
  const Dictionary* dictionary = std::as_const(keyspace_).slot(key.slot).find(database_);
  if (dictionary == nullptr) return nullptr;
  const Entry* entry = dictionary->entries.find(key.hash, named(key));
  if (entry == nullptr || is_expired(*entry, moment_.now)) return nullptr;
  return entry;
}

const Entry* KeyAccess::read(const Key& key) {
  const Entry* entry = peek(key);
  if (entry == nullptr) {
    ++lookups_.misses;
    return nullptr;
  }
  ++lookups_.hits;
  touch(*const_cast<Entry*>(entry));
  return entry;
}

KeyAccess::Handle KeyAccess::find(const Key& key) {
  preemption_point();
  Handle handle;
  handle.dictionary_ = keyspace_.slot(key.slot).find(database_);
  if (handle.dictionary_ == nullptr) return handle;
  handle.position_ = handle.dictionary_->entries.locate(key.hash, named(key));
  if (!handle.position_) return handle;
  handle.entry_ = handle.position_.get();
  if (handle.entry_->has_expiry()) {
    handle.expiry_ = handle.entry_->expiry();
    handle.stamp_ = handle.entry_->wheel_stamp();
  }
  return handle;
}

KeyAccess::Handle KeyAccess::write(const Key& key) {
  Handle handle = find(key);
  if (!handle) return handle;
  if (is_expired(*handle, moment_.now)) [[unlikely]] {
    reclaim_expired(key, handle);
    return Handle{};
  }
  touch(*handle);
  return handle;
}

void KeyAccess::reclaim_expired(const Key& key, Handle& handle) {
  erase(handle);
  Effects& effects = effects_of(key.slot);
  effects.count_expired();
  const View effect[] = {"DEL", key.name};
  effects.record({key.slot, database_, Event::kExpired, key.name, effect});
}

void KeyAccess::insert(const Key& key, Entry* entry) {
  entry->set_access(moment_.access.of_new_key());
  insert_moved(key, entry);
}

void KeyAccess::insert_moved(const Key& key, Entry* entry) {
  Dictionary& dictionary = keyspace_.slot(key.slot).database(database_);
  if (entry->has_expiry()) {
    ++dictionary.expiring;
    schedule(key, *entry, kNoExpiry, 0);
  }
  dictionary.entries.insert(key.hash, entry);
}

void KeyAccess::store(const Key& key, Handle& handle, Entry* entry) {
  if (entry != handle.entry_) {
    handle.position_.replace(entry);
    handle.entry_ = entry;
  }
  const bool had_expiry = handle.expiry_ != kNoExpiry;
  if (had_expiry && !entry->has_expiry()) --handle.dictionary_->expiring;
  if (!entry->has_expiry()) return;
  if (!had_expiry) ++handle.dictionary_->expiring;
  schedule(key, *entry, handle.expiry_, handle.stamp_);
  handle.expiry_ = entry->expiry();
  handle.stamp_ = entry->wheel_stamp();
}

// A reference already in the wheel that fires no later than the new deadline serves it too: when it fires it
// is put back for the deadline that then holds. So extending a deadline, however often, costs the wheel
// nothing.
void KeyAccess::schedule(const Key& key, Entry& entry, Millis old_expiry, std::uint16_t old_stamp) {
  const Millis deadline = entry.expiry();
  if (deadline >= kFarExpiry) return;
  if (old_stamp != 0 && deadline >= old_expiry) return entry.set_wheel_stamp(old_stamp);
  const std::uint16_t stamp = fresh_stamp(deadline, database_, old_stamp);
  entry.set_wheel_stamp(stamp);
  effects_of(key.slot).add_timer(deadline, KeyReference(key.hash, stamp, key.slot));
}

void KeyAccess::set_expiry(const Key& key, Handle& handle, Millis expiry) {
  Entry* entry = handle.get();
  if (entry->has_expiry() != (expiry != kNoExpiry)) {
    entry = types::move_to(entry, entry->key(), expiry);
  } else if (expiry != kNoExpiry) {
    entry->set_expiry(expiry);
  }
  store(key, handle, entry);
}

Entry* KeyAccess::extract(Handle& handle) {
  if (handle->has_expiry()) --handle.dictionary_->expiring;
  Entry* entry = handle.dictionary_->entries.erase(handle.position_);
  handle = Handle{};
  return entry;
}

void KeyAccess::erase(Handle& handle) {
  types::destroy(extract(handle));
}

void KeyAccess::changed_in(DatabaseId database, const Key& key, Event event,
                           std::initializer_list<View> effect) {
  if (WatchedKeys* watched = keyspace_.slot(key.slot).watched()) [[unlikely]]
    watched->touch(database, key.name);
  effects_of(key.slot).record({key.slot, database, event, key.name, {effect.begin(), effect.size()}});
}

std::uint64_t KeyAccess::watch(const Key& key) {
  return keyspace_.slot(key.slot).watched_or_new().watch(database_, key.name);
}

void KeyAccess::unwatch(DatabaseId database, const Key& key) {
  if (WatchedKeys* watched = keyspace_.slot(key.slot).watched()) watched->unwatch(database, key.name);
}

std::uint64_t KeyAccess::watched_version(DatabaseId database, const Key& key) const {
  const WatchedKeys* watched = keyspace_.slot(key.slot).watched();
  return watched == nullptr ? 0 : watched->version(database, key.name);
}

}  // namespace shoal
