// Saying that a key now holds a whole value that came from elsewhere: RENAME, COPY, MOVE.
#pragma once

#include "server/dispatch/context.h"
#include "storage/types/entry.h"

namespace shoal::commands {

/// Says of `entry`, which now stands under `key` in `database`, what makes the same on a copy.
void changed_whole(dispatch::Context& ctx, DatabaseId database, const Key& key, Event event,
                   const types::Entry& entry);

}  // namespace shoal::commands
