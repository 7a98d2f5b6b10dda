#include "server/runtime/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

namespace shoal::runtime {

DescriptorLimit allow_descriptors(std::uint64_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {0, 0, errno};
  DescriptorLimit answer{limit.rlim_cur, limit.rlim_cur, 0};
  if (limit.rlim_cur >= count) return answer;
  // The hard limit may be raised by root alone; up to it everybody may go.
  const rlimit wanted{count, std::max<rlim_t>(count, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) {
    answer.now = count;
    return answer;
  }
  answer.error = errno;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) answer.now = limit.rlim_cur;
  return answer;
}

}  // namespace shoal::runtime
