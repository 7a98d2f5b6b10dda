#include "server/runtime/clock.h"

#include <time.h>
#include <x86intrin.h>

namespace shoal::runtime {
namespace {

Micros read_clock(clockid_t id) {
  timespec time{};
  ::clock_gettime(id, &time);
  return time.tv_sec * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace

Micros monotonic_micros() {
  return read_clock(CLOCK_MONOTONIC);
}

Clock::Clock() : start_micros_(monotonic_micros()), start_ticks_(__rdtsc()) {
  // A first estimate of the tick's length, good to about 1 %; refresh_wall sharpens it as time passes.
  constexpr Micros kCalibration = 200;
  while (monotonic_micros() < start_micros_ + kCalibration) {
  }
  refresh();
}

void Clock::refresh() {
  now_ = monotonic_micros();
  if (now_ >= wall_refresh_at_) [[unlikely]]
    refresh_wall();
}

[[gnu::cold, gnu::noinline]] void Clock::refresh_wall() {
  wall_refresh_at_ = now_ + kWallRefresh;
  wall_offset_ = read_clock(CLOCK_REALTIME) - now_;
  const std::uint64_t ticks = __rdtsc() - start_ticks_;
  if (ticks > 0)
    nanos_per_tick_ = static_cast<double>(now_ - start_micros_) * 1000.0 / static_cast<double>(ticks);
}

}  // namespace shoal::runtime
