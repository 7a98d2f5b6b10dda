// Names that clients give themselves.
#pragma once

#include "server/dispatch/context.h"

namespace shoal::commands {

/// Printable ASCII without spaces, as CLIENT LIST needs it. Empty is valid.
bool is_valid_session_name(View name);

/// Names the session (an empty name takes the name away), or replies with the error and returns false.
bool set_session_name(dispatch::Context& ctx, View name);

}  // namespace shoal::commands
