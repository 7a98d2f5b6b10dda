// Clock: monotonic and wall time for one core, at one vDSO call a turn, and the rate of the processor's tick
// counter.
#pragma once

#include <cstdint>
#include <functional>

#include "storage/base/units.h"

namespace shoal::runtime {

Micros monotonic_micros();

/// What a wall clock has more than a monotonic one. The thread may lose its CPU between two readings: of a
/// few tries, the first is taken whose readings were close together, or else the closest.
Micros wall_clock_offset(const std::function<Micros()>& monotonic, const std::function<Micros()>& wall);

class Clock {
 public:
  Clock();

  /// Reads the time. The wall clock is derived from the monotonic one and compared with the real one every
  /// kWallRefresh, so a step of the system's time shows up that much later.
  void refresh();

  Micros now() const { return now_; }
  /// What the wall clock has more than the monotonic one.
  Micros wall_offset() const { return wall_offset_; }
  double nanos_per_tick() const { return nanos_per_tick_; }

 private:
  static constexpr Micros kWallRefresh = 50'000;

  void refresh_wall();

  Micros now_ = 0;
  Micros wall_offset_ = 0;
  Micros wall_refresh_at_ = 0;
  Micros start_micros_ = 0;
  std::uint64_t start_ticks_ = 0;
  double nanos_per_tick_ = 1.0;
};

}  // namespace shoal::runtime
