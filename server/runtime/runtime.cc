#include "server/runtime/runtime.h"

#include "storage/base/check.h"

namespace shoal::runtime {

Runtime::Runtime(CoreId core, CoreId core_count, std::uint64_t seed)
    : core_(core), outboxes_(core_count), random_(seed + core) {
  CHECK(core < core_count);
  CHECK(core_count <= kCoreCountMax);
  posted_to_.reserve(core_count);
}

}  // namespace shoal::runtime
