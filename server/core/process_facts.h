// Asks the kernel about this process.
#pragma once

#include "server/metrics/process_facts.h"

namespace shoal::core {

/// What cannot be read stays zero. Any thread; some 20 us.
metrics::ProcessFacts read_process_facts();

}  // namespace shoal::core
