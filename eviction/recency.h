// The 24-bit access word of an entry, read as a clock: when the key was last used, in steps of kStepMs.
// A leaf: knows neither entries nor keys.
#pragma once

#include "storage/base/units.h"

namespace shoal::eviction {

/// 24 bits of 125 ms steps wrap after 24 days; an idle time longer than that reads as less than it is.
constexpr Millis kStepMs = 125;
constexpr std::uint32_t kAccessMask = 0xffffff;

constexpr std::uint32_t access_clock(Millis now) {
  return static_cast<std::uint32_t>(now / kStepMs) & kAccessMask;
}

/// Milliseconds between the access and now, within one step.
constexpr Millis idle_ms(std::uint32_t access, std::uint32_t clock_now) {
  return static_cast<Millis>((clock_now - access) & kAccessMask) * kStepMs;
}

}  // namespace shoal::eviction
