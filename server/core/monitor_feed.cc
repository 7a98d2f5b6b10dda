#include "server/core/monitor_feed.h"

#include <fmt/format.h>
#include <algorithm>

#include "server/dispatch/redaction.h"
#include "storage/base/quote.h"

namespace shoal::core {

void MonitorFeed::remove(std::uint64_t session_id) {
  const auto found = std::ranges::find(monitors_, session_id, &dispatch::Monitor::session_id);
  if (found == monitors_.end()) return;
  Way& way = ways_[found->core];
  if (--way.monitors == 0) way.next = {};
  monitors_.erase(found);
}

void MonitorFeed::show(View line) {
  for (Way& way : ways_) {
    if (way.monitors == 0 || way.next.has_gap) continue;
    way.next.lines += line;
    if (way.next.lines.size() > kParcelBytesMax) way.next = {{}, true};
  }
}

std::string monitor_line(const dispatch::Session& session, const dispatch::Command& command,
                         std::span<const View> args, Micros wall_clock) {
  std::string line =
      fmt::format("+{}.{:06} [{} {}]", wall_clock / 1'000'000, wall_clock % 1'000'000, session.database,
                  session.is_unix_socket ? "unix:" + session.local_address : session.peer_address);
  for (const View arg : dispatch::without_secrets(command, args)) line += ' ' + quote(arg);
  return line + "\r\n";
}

}  // namespace shoal::core
