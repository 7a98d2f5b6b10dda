#include "server/commands/session_name.h"

#include <algorithm>

namespace shoal::commands {

bool is_valid_session_name(View name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool set_session_name(dispatch::Context& ctx, View name) {
  if (!is_valid_session_name(name)) {
    ctx.fail("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  ctx.session().name = name;
  return true;
}

}  // namespace shoal::commands
