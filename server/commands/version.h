// The version of Redis that clients are shown: they enable features by it.
#pragma once

#include "storage/base/units.h"

namespace shoal::commands {

constexpr View kEmulatedVersion = "7.4.0";

}  // namespace shoal::commands
