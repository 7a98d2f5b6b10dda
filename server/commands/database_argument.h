// Databases as clients name them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "server/dispatch/context.h"

namespace shoal::commands {

/// Whether a number that names a database is one to Redis at all: more than 32 bits are refused before
/// anything else is looked at.
inline bool fits_database_number(std::int64_t number) {
  return number >= std::numeric_limits<std::int32_t>::min() &&
         number <= std::numeric_limits<std::int32_t>::max();
}

/// The database that argument `arg` names (SELECT, MOVE, COPY), or nothing, with the error replied.
std::optional<DatabaseId> database_argument(dispatch::Context& ctx, std::size_t arg);

}  // namespace shoal::commands
