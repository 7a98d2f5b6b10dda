#include "storage/keyspace.h"

#include <algorithm>

#include "storage/types/value.h"

namespace shoal {

const WatchedKeys::Watch* WatchedKeys::find(DatabaseId database, View key) const {
  for (const Watch& watch : watches_) {
    if (watch.database == database && watch.key == key) return &watch;
  }
  return nullptr;
}

std::uint64_t WatchedKeys::watch(DatabaseId database, View key) {
  if (const Watch* found = find(database, key)) {
    auto* watch = const_cast<Watch*>(found);
    ++watch->watchers;
    return watch->version;
  }
  watches_.push_back({database, std::string(key), 1, 1});
  return 1;
}

void WatchedKeys::unwatch(DatabaseId database, View key) {
  auto* watch = const_cast<Watch*>(find(database, key));
  CHECK(watch != nullptr && watch->watchers > 0);
  if (--watch->watchers > 0) return;
  std::swap(*watch, watches_.back());
  watches_.pop_back();
}

std::uint64_t WatchedKeys::version(DatabaseId database, View key) const {
  const Watch* watch = find(database, key);
  return watch == nullptr ? 0 : watch->version;
}

void WatchedKeys::touch(DatabaseId database, View key) {
  if (auto* watch = const_cast<Watch*>(find(database, key))) ++watch->version;
}

Slot::More& Slot::more() {
  if (more_ == nullptr) more_ = std::make_unique<More>();
  return *more_;
}

Dictionary& Slot::make(DatabaseId database) {
  More& all = more();
  if (database > all.databases.size()) all.databases.resize(database);
  return all.databases[database - 1];
}

bool Slot::holds_keys(DatabaseId database) const {
  const Dictionary* dictionary = find(database);
  return dictionary != nullptr && !dictionary->entries.empty();
}

void Slot::swap(DatabaseId one, DatabaseId other) {
  if (one == other || (!holds_keys(one) && !holds_keys(other))) return;
  // Making the higher one first keeps both references good: the vector grows once.
  database(std::max(one, other));
  std::swap(database(one), database(other));
}

DatabaseId Slot::database_end() const {
  return more_ == nullptr ? 1 : static_cast<DatabaseId>(1 + more_->databases.size());
}

Keyspace::~Keyspace() {
  for (Slot& slot : slots_) {
    for (DatabaseId database = 0; database < slot.database_end(); ++database) {
      while (slot.find(database)->entries.drain(kSlotCount, types::destroy)) {
      }
    }
  }
}

}  // namespace shoal
