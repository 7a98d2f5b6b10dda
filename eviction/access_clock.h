// The 24-bit access word of an entry, as the eviction policy reads it: when the key was last used, or how
// often it is. A leaf: knows neither entries nor keys.
//
//   recency     bits 0-23   when it was last used, in steps of 125 ms: wraps after 24 days
//   frequency   bits 0-7    a count of uses, on a logarithmic scale
//               bits 8-23   when it was last counted, in minutes: wraps after 45 days
//
// A policy chosen while the server runs finds words of the other kind, which mean little until keys are used.
#pragma once

#include "storage/base/random.h"
#include "storage/base/units.h"

namespace shoal::eviction {

/// How uses are counted in 8 bits (lfu-log-factor, lfu-decay-time). One object a core: it draws by chance.
class Frequency {
 public:
  /// A new key's: not the first to be evicted before it had time to be used.
  static constexpr std::uint8_t kInitial = 5;
  static constexpr std::uint8_t kMax = 255;

  explicit Frequency(Random& random) : random_(random) {}
  void configure(std::uint32_t log_factor, std::uint32_t decay_minutes) {
    log_factor_ = log_factor;
    decay_minutes_ = decay_minutes;
  }

  /// The count after one more use: one more with a probability that falls with the count and the factor.
  std::uint8_t count_up(std::uint8_t count);
  /// The count after so many minutes without: one less for each decay time, none if that is 0.
  std::uint8_t decayed(std::uint8_t count, std::uint32_t minutes) const;

 private:
  Random& random_;
  std::uint32_t log_factor_ = 10;
  std::uint32_t decay_minutes_ = 1;
};

/// What the policy's clock shows at a moment, and what it makes of access words. A plain value.
class AccessClock {
 public:
  static constexpr Millis kStepMs = 125;

  static AccessClock recency(Millis now) {
    return {static_cast<std::uint32_t>(now / kStepMs) & kWordMask, nullptr};
  }
  /// `frequency` is used as long as the clock is.
  static AccessClock frequency(Millis now, Frequency& frequency) {
    const auto minute = static_cast<std::uint32_t>(now / kMinuteMs) & kMinuteMask;
    return {minute << kMinuteShift | Frequency::kInitial, &frequency};
  }

  /// The word of a new key.
  std::uint32_t of_new_key() const { return now_; }
  /// The word of a key whose word was `word`, and that is used now.
  std::uint32_t after_use(std::uint32_t word) const {
    if (frequency_ == nullptr) [[likely]]
      return now_;
    return counted(word);
  }

  bool counts_frequency() const { return frequency_ != nullptr; }
  /// Precondition: counts_frequency().
  std::uint8_t frequency_of(std::uint32_t word) const;
  /// Milliseconds since the last use, within one step; since the last count if this is a frequency.
  Millis idle_ms(std::uint32_t word) const;

 private:
  static constexpr std::uint32_t kWordMask = 0xffffff;
  static constexpr Millis kMinuteMs = 60'000;
  static constexpr unsigned kMinuteShift = 8;
  static constexpr std::uint32_t kMinuteMask = 0xffff;

  AccessClock(std::uint32_t now, Frequency* frequency) : now_(now), frequency_(frequency) {}
  std::uint32_t counted(std::uint32_t word) const;
  std::uint32_t minutes_since(std::uint32_t word) const {
    return ((now_ >> kMinuteShift) - (word >> kMinuteShift)) & kMinuteMask;
  }

  std::uint32_t now_;
  Frequency* frequency_;  // null: recency
};

}  // namespace shoal::eviction
