// What happens to a key as a whole, whatever it holds, and what is said of it: a value that came from
// elsewhere (RENAME, COPY, MOVE), and deletion.
#pragma once

#include "server/dispatch/context.h"
#include "storage/types/entry.h"

namespace shoal::commands {

/// Says of `entry`, which now stands under `key` in `database`, what makes the same on a copy.
void changed_whole(dispatch::Context& ctx, DatabaseId database, const Key& key, Event event,
                   const types::Entry& entry);

/// Deletes the key that `handle` holds, and says so.
void delete_key(dispatch::Context& ctx, const Key& key, KeyAccess::Handle& handle);

}  // namespace shoal::commands
