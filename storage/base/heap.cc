#include "storage/base/heap.h"

#include <cstdio>
#include <cstdlib>
#include <new>

namespace shoal::heap {
namespace internal {
namespace {

// Every counter ever made, newest first. Counters are added, reused, and never removed, so a walk needs no
// lock; there are as many as threads were ever alive at once.
constinit std::atomic<ThreadCounter*> all_counters{nullptr};

// Frees the thread's counter for reuse when the thread ends. Its bytes stay in the sum.
struct Retirement {
  ~Retirement() {
    ThreadCounter* counter = this_thread_counter;
    this_thread_counter = nullptr;  // What is freed after this moment registers again, for good.
    if (counter != nullptr) counter->has_thread.store(false, std::memory_order_release);
  }
};

}  // namespace

constinit thread_local ThreadCounter* this_thread_counter = nullptr;

[[gnu::cold, gnu::noinline]] ThreadCounter* register_thread() {
  static thread_local Retirement retirement;
  static_cast<void>(&retirement);  // Naming it is what makes the thread run its destructor.
  for (ThreadCounter* counter = all_counters.load(std::memory_order_acquire); counter != nullptr;
       counter = counter->next) {
    bool has_thread = false;
    // Acquire pairs with the retiring thread's release: its last count is seen here.
    if (counter->has_thread.compare_exchange_strong(has_thread, true, std::memory_order_acquire))
      return this_thread_counter = counter;
  }
  // Not by new or allocate(): the counter must exist before anything can be counted.
  void* room = std::aligned_alloc(alignof(ThreadCounter), sizeof(ThreadCounter));
  if (room == nullptr) out_of_memory(sizeof(ThreadCounter));
  auto* counter = new (room) ThreadCounter;
  counter->next = all_counters.load(std::memory_order_relaxed);
  while (!all_counters.compare_exchange_weak(counter->next, counter, std::memory_order_release)) {
  }
  return this_thread_counter = counter;
}

[[gnu::cold]] void out_of_memory(std::size_t bytes) {
  std::fprintf(stderr, "Out of memory allocating %zu bytes\n", bytes);
  std::abort();
}

}  // namespace internal

std::int64_t bytes_in_use() {
  std::int64_t sum = 0;
  for (const internal::ThreadCounter* counter = internal::all_counters.load(std::memory_order_acquire);
       counter != nullptr; counter = counter->next)
    sum += counter->bytes.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace shoal::heap
