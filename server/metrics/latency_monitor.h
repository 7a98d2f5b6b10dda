// LATENCY: moments at which a core kept its clients waiting for latency-monitor-threshold or longer, by what
// it was doing. Each event keeps its last kSamples, at most one a second. One object a core, for the core's
// own thread; merge() adds up the copies that a visit of every core brings home.
#pragma once

#include <string>
#include <vector>

#include "storage/base/units.h"

namespace shoal::metrics {

struct LatencySample {
  std::int64_t unix_seconds = 0;
  Millis latency = 0;  // the worst within that second
};

struct LatencyEvent {
  std::string name;
  Millis worst = 0;                    // since the event was first seen, or reset
  std::vector<LatencySample> samples;  // oldest first, at most LatencyMonitor::kSamples
};

class LatencyMonitor {
 public:
  static constexpr std::size_t kSamples = 160;
  // The events of this server.
  static constexpr View kCommand = "command";
  static constexpr View kFastCommand = "fast-command";
  static constexpr View kExpireCycle = "expire-cycle";
  static constexpr View kFreeCycle = "lazyfree-cycle";
  static constexpr View kTurn = "turn";

  /// Notes that `event` took `latency`. Whether that is long enough is for the caller, who knows the
  /// threshold.
  void add(View event, std::int64_t unix_seconds, Millis latency);
  /// Forgets an event; false when it was not known.
  bool reset(View event);
  std::size_t reset_all();
  void merge(const LatencyMonitor& other);

  const std::vector<LatencyEvent>& events() const { return events_; }
  const LatencyEvent* find(View event) const;

 private:
  LatencyEvent& find_or_new(View event);

  std::vector<LatencyEvent> events_;  // few
};

}  // namespace shoal::metrics
