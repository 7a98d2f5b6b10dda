#include "storage/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shoal {

std::uint64_t key_hash(View name) {
  const std::uint64_t hash = XXH3_64bits_withSeed(name.data(), name.size(), HashSecret::value());
  return hash_from_upper_bits(hash & KeyReference::kHashMask);
}

}  // namespace shoal
