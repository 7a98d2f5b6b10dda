#include "server/dispatch/watch.h"

#include <algorithm>

namespace shoal::dispatch {

namespace {

bool is_unchanged(const WatchedKey& watched, KeyAccess& keys) {
  const Key key = make_key(watched.name);
  if (keys.watched_version(watched.database, key) != watched.version) return false;
  keys.set_database(watched.database);
  return (keys.peek(key) != nullptr) == watched.was_live;
}

}  // namespace

ExecVerdict exec_verdict(const Session& session, KeyAccess& keys) {
  if (session.transaction.must_abort) return ExecVerdict::kAborted;
  const auto& watches = session.transaction.watches;
  const DatabaseId selected = keys.database();
  const bool clean = std::all_of(watches.begin(), watches.end(),
                                 [&keys](const WatchedKey& watched) { return is_unchanged(watched, keys); });
  keys.set_database(selected);
  return clean ? ExecVerdict::kRun : ExecVerdict::kDirty;
}

void forget_watches(Session& session, KeyAccess& keys) {
  for (const WatchedKey& watched : session.transaction.watches) {
    keys.unwatch(watched.database, make_key(watched.name));
  }
  session.transaction.watches = {};  // with its room
}

}  // namespace shoal::dispatch
