#include "storage/keyspace.h"

#include <algorithm>

#include "storage/types/value.h"

namespace shoal {

std::uint64_t WatchedKeys::watch(DatabaseId database, View key) {
  auto watch = watches_.find(KeyName{database, key});
  if (watch == watches_.end()) watch = watches_.insert({database, std::string(key)}).first;
  ++watch->watchers;
  return watch->version;
}

void WatchedKeys::unwatch(DatabaseId database, View key) {
  const auto watch = watches_.find(KeyName{database, key});
  CHECK(watch != watches_.end() && watch->watchers > 0);
  if (--watch->watchers == 0) watches_.erase(watch);
  // A set keeps its room, and would be slow to look through for those who come after.
  if (watches_.empty()) watches_ = {};
}

std::uint64_t WatchedKeys::version(DatabaseId database, View key) const {
  const auto watch = watches_.find(KeyName{database, key});
  return watch == watches_.end() ? 0 : watch->version;
}

void WatchedKeys::touch(DatabaseId database, View key) {
  const auto watch = watches_.find(KeyName{database, key});
  if (watch != watches_.end()) ++watch->version;
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
