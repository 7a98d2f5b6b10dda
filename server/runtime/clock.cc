#include "server/runtime/clock.h"

#include <time.h>
#include <x86intrin.h>

#include <limits>

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

Micros wall_clock_offset(const std::function<Micros()>& monotonic, const std::function<Micros()>& wall) {
  constexpr Micros kSpreadMax = 20;
  constexpr int kTriesMax = 5;
  Micros offset = 0;
  Micros spread = std::numeric_limits<Micros>::max();
  for (int tries = 0; tries < kTriesMax && spread > kSpreadMax; ++tries) {
    const Micros before = monotonic();
    const Micros now = wall();
    const Micros after = monotonic();
    if (after - before >= spread) continue;
    spread = after - before;
    offset = now - before - spread / 2;
  }
  return offset;
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
  wall_offset_ = wall_clock_offset(monotonic_micros, [] { return read_clock(CLOCK_REALTIME); });
  const std::uint64_t ticks = __rdtsc() - start_ticks_;
  if (ticks > 0)
    nanos_per_tick_ = static_cast<double>(now_ - start_micros_) * 1000.0 / static_cast<double>(ticks);
}

}  // namespace shoal::runtime
