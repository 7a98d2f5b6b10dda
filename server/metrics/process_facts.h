// What the kernel knows of this process and this machine, for INFO and MEMORY. A plain value: only
// server/core asks the kernel.
#pragma once

#include <cstdint>
#include <string>

#include "storage/base/units.h"

namespace shoal::metrics {

struct CpuTime {
  Micros system = 0;
  Micros user = 0;
};

struct ProcessFacts {
  std::int64_t process_id = 0;
  std::string operating_system;  // "Linux 6.1.0 x86_64"
  std::uint64_t resident_bytes = 0;
  std::uint64_t system_memory_bytes = 0;
  CpuTime process;
  CpuTime children;
  CpuTime this_thread;
};

}  // namespace shoal::metrics
