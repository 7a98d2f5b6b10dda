#include "server/commands/database_argument.h"

namespace shoal::commands {

std::optional<DatabaseId> database_argument(dispatch::Context& ctx, std::size_t arg) {
  const auto number = ctx.integer(arg);
  if (!number) return std::nullopt;
  if (!fits_database_number(*number)) {
    ctx.fail("ERR value is out of range, value must between -2147483648 and 2147483647");
  } else if (*number < 0 || *number >= ctx.keys.database_count()) {
    ctx.fail(dispatch::Error::kOutOfRangeDatabase);
  } else {
    return static_cast<DatabaseId>(*number);
  }
  return std::nullopt;
}

}  // namespace shoal::commands
