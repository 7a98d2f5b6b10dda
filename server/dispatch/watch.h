// What a session's WATCHes mean to its EXEC.
#pragma once

#include "server/dispatch/session.h"
#include "storage/key_access.h"

namespace shoal::dispatch {

enum class ExecVerdict : std::uint8_t {
  kRun,
  kAborted,  // a command could not be queued: EXECABORT
  kDirty,    // a watched key changed, or has expired since: a null array
};

/// Decides what EXEC does. The slots of the watched keys are in hand. O(watched keys).
ExecVerdict exec_verdict(const Session& session, KeyAccess& keys);

/// Ends all of the session's watches. The slots of the watched keys are in hand. O(watched keys).
void forget_watches(Session& session, KeyAccess& keys);

}  // namespace shoal::dispatch
