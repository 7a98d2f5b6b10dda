#include "server/core/client_room.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace shoal::core {

namespace {

// For the sockets that listen, files and the log; and each core has a ring and a doorbell.
constexpr std::int64_t kDescriptorsOfServer = 32;
constexpr std::int64_t kDescriptorsPerCore = 2;

}  // namespace

std::int64_t make_room_for_clients(std::int64_t clients, CoreId core_count, runtime::Host& host,
                                   config::Log& log) {
  const std::int64_t others = kDescriptorsOfServer + kDescriptorsPerCore * core_count;
  const std::int64_t needed = clients + others;
  const runtime::DescriptorLimit limit = host.allow_descriptors(static_cast<std::uint64_t>(needed));
  constexpr std::uint64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
  const auto allowed = static_cast<std::int64_t>(std::min(limit.now, kInt64Max));
  if (allowed >= needed) {
    if (limit.now > limit.before)
      log.notice("Raised the limit of open descriptors from {} to {}, to have room for {} clients",
                 limit.before, needed, clients);
    return clients;
  }
  const std::int64_t room = allowed - others;
  log.warning(
      "{} clients need {} descriptors, of which the system allows this process {} ({}): raise 'ulimit -n'",
      clients, needed, allowed, std::strerror(limit.error));
  if (room > 0) log.warning("At most {} clients will be served at a time", room);
  return room;
}

}  // namespace shoal::core
