// LATENCY: moments at which a core kept its clients waiting for latency-monitor-threshold or longer, by what
// it was doing. Each event keeps its last kSamples, at most one a second. One object a core, for the core's
// own thread; merge() adds up the copies that a visit of every core brings home.
//
// A turn of the core that took long is an event of its own only if no part of it was: the part says more.
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

  /// In milliseconds; 0: nothing is noted.
  void set_threshold(Millis threshold) { threshold_ = product_or_max(threshold, kMicrosPerMilli); }
  bool is_on() const { return threshold_ > 0; }
  /// Notes that `event` took so long, if that is long enough.
  void note(View event, std::int64_t unix_seconds, Micros duration);
  /// A part of this turn that took so long is noted by another core's monitor, if at all.
  void note_elsewhere(Micros duration) { has_noted_ |= is_long(duration); }
  /// The turn is over, and took so long in all.
  void end_turn(std::int64_t unix_seconds, Micros duration);
  /// Forgets an event; false when it was not known.
  bool reset(View event);
  std::size_t reset_all();
  void merge(const LatencyMonitor& other);

  const std::vector<LatencyEvent>& events() const { return events_; }
  const LatencyEvent* find(View event) const;

 private:
  bool is_long(Micros duration) const { return is_on() && duration >= threshold_; }
  LatencyEvent& find_or_new(View event);

  std::vector<LatencyEvent> events_;  // few
  Micros threshold_ = 0;
  bool has_noted_ = false;  // in this turn
};

}  // namespace shoal::metrics
