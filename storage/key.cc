#include "storage/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shoal {

std::uint64_t key_hash(View name) {
  const std::uint64_t hash = XXH3_64bits_withSeed(name.data(), name.size(), HashSecret::value());
  return hash_from_upper_bits(hash & KeyReference::kHashMask);
}

std::uint16_t fresh_stamp(Millis deadline, DatabaseId database, std::uint16_t previous) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  const std::uint64_t told_apart = static_cast<std::uint64_t>(deadline) ^ std::uint64_t{database} << 48;
  auto stamp = static_cast<std::uint16_t>((told_apart * kOdd) >> 49);
  while (stamp == 0 || stamp == previous) stamp = (stamp + 1) & KeyReference::kStampMax;
  return stamp;
}

}  // namespace shoal
