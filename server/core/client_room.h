// Room for clients: each needs a descriptor, and the system grants a process only so many.
#pragma once

#include <cstdint>

#include "server/config/log.h"
#include "server/runtime/host.h"

namespace shoal::core {

/// Raises the limit of descriptors so that `clients` may be connected at once, and says in the log what came
/// of it. Returns how many may be: `clients`, or fewer; 0 or less if there is room for none.
std::int64_t make_room_for_clients(std::int64_t clients, CoreId core_count, runtime::Host& host,
                                   config::Log& log);

}  // namespace shoal::core
