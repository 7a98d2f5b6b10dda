// MonitorFeed: what MONITOR shows, on its way from the core that runs the requests to those whose clients
// watch. One a core.
//
// The lines of a turn travel to each watching core together, one parcel at a time: while it is under way
// others gather, up to kParcelBytesMax. A core that leaves so much lying loses its monitors, for none is to
// take a stream with holes for the whole one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/dispatch/core_services.h"
#include "storage/base/units.h"

namespace shoal::core {

class MonitorFeed {
 public:
  static constexpr std::size_t kParcelBytesMax = 8 * kMiB;

  struct Parcel {
    std::string lines;  // as they go to the clients
    bool has_gap = false;
    bool empty() const { return lines.empty() && !has_gap; }
  };

  explicit MonitorFeed(CoreId core_count) : ways_(core_count) {}

  void add(dispatch::Monitor monitor) {
    monitors_.push_back(monitor);
    ++ways_[monitor.core].monitors;
  }
  void remove(std::uint64_t session_id);
  bool empty() const { return monitors_.empty(); }
  /// The sessions on all cores that watch.
  const std::vector<dispatch::Monitor>& monitors() const { return monitors_; }

  /// Puts a line into the parcel for each core that has monitors.
  void show(View line);
  /// Calls `send(core, Parcel&&)` for each core that is to have one now; it answers with taken().
  template <class Send>
  void send_off(Send&& send);
  void taken(CoreId core) { ways_[core].is_busy = false; }

 private:
  struct Way {
    Parcel next;           // empty without monitors
    bool is_busy = false;  // a parcel is under way
    std::uint32_t monitors = 0;
  };

  std::vector<dispatch::Monitor> monitors_;
  std::vector<Way> ways_;  // by core
};

template <class Send>
void MonitorFeed::send_off(Send&& send) {
  for (std::size_t core = 0; core < ways_.size(); ++core) {
    Way& way = ways_[core];
    if (way.is_busy || way.next.empty()) continue;
    way.is_busy = true;
    send(static_cast<CoreId>(core), std::exchange(way.next, Parcel{}));
  }
}

/// +1700000000.123456 [0 127.0.0.1:50402] "set" "key" "value"
std::string monitor_line(const dispatch::Session& session, const dispatch::Command& command,
                         std::span<const View> args, Micros wall_clock);

}  // namespace shoal::core
