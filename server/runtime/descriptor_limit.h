// RLIMIT_NOFILE: how many descriptors the process may have open.
#pragma once

#include <cstdint>

namespace shoal::runtime {

struct DescriptorLimit {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
  int error = 0;  // an errno: why it is not what was asked for
};

/// Raises the limit to `count` if it is lower, or else as near to it as the system allows. Never lowers it.
DescriptorLimit allow_descriptors(std::uint64_t count);

}  // namespace shoal::runtime
