// operator new and delete by way of the heap, so that what strings, vectors and connections take is counted
// with all else (heap::bytes_in_use). Included by exactly one source file of a program. Sanitizers need their
// own operators: with them only what asks the heap itself is counted.
#pragma once

#include <new>

#include "storage/base/heap.h"

#ifndef SHOAL_SYSTEM_MALLOC

namespace shoal::heap::internal {

inline void* allocate_aligned(std::size_t bytes, std::align_val_t alignment) {
  void* block = mi_malloc_aligned(bytes, static_cast<std::size_t>(alignment));
  if (block == nullptr) [[unlikely]]
    out_of_memory(bytes);
  count(static_cast<std::int64_t>(usable(block)));
  return block;
}

}  // namespace shoal::heap::internal

// The other forms (arrays, nothrow) call these.
void* operator new(std::size_t bytes) {
  return shoal::heap::allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return shoal::heap::internal::allocate_aligned(bytes, alignment);
}
void operator delete(void* block) noexcept {
  shoal::heap::release(block);
}
void operator delete(void* block, std::size_t) noexcept {
  shoal::heap::release(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  shoal::heap::release(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  shoal::heap::release(block);
}

#endif
