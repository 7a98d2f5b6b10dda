// Requests as the slow log and MONITOR may show them.
#pragma once

#include <vector>

#include "server/dispatch/command.h"

namespace shoal::dispatch {

/// `args` with "(redacted)" for each argument that its row calls secret.
std::vector<View> without_secrets(const Command& command, std::span<const View> args);

}  // namespace shoal::dispatch
