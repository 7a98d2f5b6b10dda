// The heap: the only way values, entries and tables get memory. It is mimalloc plus accounting; with
// SHOAL_SYSTEM_MALLOC (sanitizer builds) it is the system's malloc plus the same accounting.
//
// Accounting: each thread counts the bytes it allocates minus the bytes it frees, as the allocator rounds
// them (usable()). A block may be freed on another thread than its own, so one thread's count may be
// negative; only the sum, bytes_in_use(), has a meaning. It is what INFO calls used_memory.
//
// The counter is thread_local, the one exception to "no globals": allocation happens at the leaves, below
// anything that could be handed a core, and passing a counter to every container would buy nothing, since a
// thread is a core. Only its own thread writes a counter (a relaxed store, no locked instruction); anyone may
// read it.
//
// Running out of memory ends the process with a message: a cache that cannot allocate cannot answer, and the
// limit an operator sets (maxmemory) acts long before.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#ifdef SHOAL_SYSTEM_MALLOC
#include <malloc.h>

#include <cstdlib>
#else
#include <mimalloc.h>
#endif

namespace shoal::heap {

namespace internal {

/// One thread's signed count. Never freed: when its thread ends, the next new thread goes on counting from
/// there.
struct alignas(64) ThreadCounter {
  std::atomic<std::int64_t> bytes{0};
  ThreadCounter* next = nullptr;       // Every counter there is, for the sum.
  std::atomic<bool> has_thread{true};  // False: free for the next new thread to take over.
};

extern constinit thread_local ThreadCounter* this_thread_counter;

/// Gives this thread a counter: once in a thread's life (once more if it frees memory while it is being torn
/// down).
ThreadCounter* register_thread();

[[noreturn]] void out_of_memory(std::size_t bytes);

inline void count(std::int64_t delta) {
  ThreadCounter* counter = this_thread_counter;
  if (counter == nullptr) [[unlikely]]
    counter = register_thread();
  counter->bytes.store(counter->bytes.load(std::memory_order_relaxed) + delta, std::memory_order_relaxed);
}

}  // namespace internal

/// The bytes that a block from allocate() really holds, at least what was asked for. About a nanosecond. 0
/// for null.
inline std::size_t usable(const void* block) {
#ifdef SHOAL_SYSTEM_MALLOC
  return malloc_usable_size(const_cast<void*>(block));
#else
  return mi_usable_size(block);
#endif
}

/// What a request for `bytes` is rounded up to: sizes chosen among these waste nothing.
inline std::size_t good_size(std::size_t bytes) {
#ifdef SHOAL_SYSTEM_MALLOC
  // glibc: chunks are multiples of 16, of which 8 bytes are its own, and the smallest holds 24.
  return bytes <= 24 ? 24 : ((bytes + 8 + 15) & ~std::size_t{15}) - 8;
#else
  return mi_good_size(bytes);
#endif
}

/// A block of at least `bytes` bytes, 16-byte aligned when `bytes` is 16 or more, contents undefined. Never
/// null.
[[nodiscard]] inline void* allocate(std::size_t bytes) {
#ifdef SHOAL_SYSTEM_MALLOC
  void* block = std::malloc(bytes);
#else
  void* block = mi_malloc(bytes);
#endif
  if (block == nullptr) [[unlikely]]
    internal::out_of_memory(bytes);
  internal::count(static_cast<std::int64_t>(usable(block)));
  return block;
}

/// Frees a block of allocate() or reallocate(), on any thread. Null is allowed.
inline void release(void* block) {
  if (block == nullptr) return;
  internal::count(-static_cast<std::int64_t>(usable(block)));
#ifdef SHOAL_SYSTEM_MALLOC
  std::free(block);
#else
  mi_free(block);
#endif
}

/// Makes `block` (or null) hold `bytes` bytes, moving it if need be; the common prefix of its contents stays.
[[nodiscard]] inline void* reallocate(void* block, std::size_t bytes) {
  const auto before = static_cast<std::int64_t>(usable(block));
#ifdef SHOAL_SYSTEM_MALLOC
  void* moved = std::realloc(block, bytes == 0 ? 1 : bytes);
#else
  void* moved = mi_realloc(block, bytes);
#endif
  if (moved == nullptr) [[unlikely]]
    internal::out_of_memory(bytes);
  internal::count(static_cast<std::int64_t>(usable(moved)) - before);
  return moved;
}

/// The bytes in use over all threads, those that ended included. Exact while no thread allocates, else a
/// moment's estimate. Cost: one cache miss a thread; for a tick, not for every request.
std::int64_t bytes_in_use();

/// What this thread allocated minus what it freed, in bytes; may be negative. Free of cost.
inline std::int64_t bytes_of_this_thread() {
  const internal::ThreadCounter* counter = internal::this_thread_counter;
  return counter == nullptr ? 0 : counter->bytes.load(std::memory_order_relaxed);
}

}  // namespace shoal::heap

namespace shoal {

/// A heap block with one owner: bytes of fixed size, contents undefined until written.
class HeapBytes {
 public:
  HeapBytes() = default;
  HeapBytes(HeapBytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  HeapBytes& operator=(HeapBytes&& other) noexcept {
    HeapBytes old(std::move(*this));
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~HeapBytes() { heap::release(data_); }

  [[nodiscard]] static HeapBytes allocate(std::size_t size) {
    HeapBytes bytes;
    bytes.data_ = static_cast<char*>(heap::allocate(size));
    bytes.size_ = size;
    return bytes;
  }

  char* data() { return data_; }
  const char* data() const { return data_; }
  /// As asked for, not as rounded.
  std::size_t size() const { return size_; }

  /// Gives the block away; the caller frees it with heap::release().
  [[nodiscard]] char* release() {
    size_ = 0;
    return std::exchange(data_, nullptr);
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace shoal
