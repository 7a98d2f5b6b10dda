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
      log.notice("Increased maximum number of open files to {} (it was originally set to {}).", needed,
                 limit.before);
    return clients;
  }
  log.warning("You requested maxclients of {} requiring at least {} max file descriptors.", clients, needed);
  log.warning("Server can't set maximum open files to {} because of OS error: {}.", needed,
              std::strerror(limit.error));
  const std::int64_t room = allowed - others;
  if (room > 0)
    log.warning(
        "Current maximum open files is {}. maxclients has been reduced to {} to compensate for low ulimit. "
        "If "
        "you need higher maxclients increase 'ulimit -n'.",
        allowed, room);
  return room;
}

}  // namespace shoal::core
