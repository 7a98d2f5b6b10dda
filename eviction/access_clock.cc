#include "eviction/access_clock.h"

#include <algorithm>

namespace shoal::eviction {

std::uint8_t Frequency::count_up(std::uint8_t count) {
  if (count == kMax) return count;
  const std::uint64_t above_initial = count > kInitial ? count - kInitial : 0;
  return random_.below(above_initial * log_factor_ + 1) == 0 ? count + 1 : count;
}

std::uint8_t Frequency::decayed(std::uint8_t count, std::uint32_t minutes) const {
  if (decay_minutes_ == 0) return count;
  return static_cast<std::uint8_t>(count - std::min<std::uint32_t>(count, minutes / decay_minutes_));
}

std::uint8_t AccessClock::frequency_of(std::uint32_t word) const {
  CHECK(frequency_ != nullptr);
  return frequency_->decayed(static_cast<std::uint8_t>(word), minutes_since(word));
}

std::uint32_t AccessClock::counted(std::uint32_t word) const {
  return (now_ & (kMinuteMask << kMinuteShift)) | frequency_->count_up(frequency_of(word));
}

Millis AccessClock::idle_ms(std::uint32_t word) const {
  if (frequency_ != nullptr) return minutes_since(word) * kMinuteMs;
  return static_cast<Millis>((now_ - word) & kWordMask) * kStepMs;
}

}  // namespace shoal::eviction
