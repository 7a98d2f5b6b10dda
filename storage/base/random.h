// A small seeded generator for everything that needs chance and must still be repeatable: the seed comes from
// the runtime (or from a test, which prints it), never from here. Not for secrets.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "storage/base/check.h"

namespace shoal {

/// The next of the numbers that `state` stands for: few good ones from a single word, where a Random would be
/// too much (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
inline std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  std::uint64_t mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

/// xoshiro256** by Blackman and Vigna (https://prng.di.unimi.it), seeded through split_mix as its authors
/// advise. 32 bytes, about 1 ns a number, period 2^256 - 1. The same seed gives the same numbers on every
/// machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = split_mix(seed);
  }

  /// 64 random bits.
  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// A number in [0, bound), each equally likely; `bound` above 0. One multiplication, almost never a
  /// division (Lemire, "Fast random integer generation in an interval", 2019).
  std::uint64_t below(std::uint64_t bound) {
    CHECK(bound > 0);
    Product product = static_cast<Product>(next()) * bound;
    if (static_cast<std::uint64_t>(product) < bound) [[unlikely]] {
      const std::uint64_t biased = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < biased) product = static_cast<Product>(next()) * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

 private:
  using Product = unsigned __int128;

  std::array<std::uint64_t, 4> state_;
};

}  // namespace shoal
