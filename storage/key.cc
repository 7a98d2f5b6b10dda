#include "storage/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shoal {

std::uint64_t key_hash(View name) {
  return XXH3_64bits_withSeed(name.data(), name.size(), HashSecret::value()) & KeyReference::kHashMask;
}

}  // namespace shoal
