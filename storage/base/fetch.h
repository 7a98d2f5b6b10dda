// Asks the processor for a cache line that will be read soon.
#pragma once

namespace shoal {

/// Like __builtin_prefetch for reading, which gcc 12 takes for a statement without effect once it stands
/// alone in a function: it then drops the calls, and with them most of what fetching ahead gains. (GET,
/// batches of 64 over a million keys: 64 us a batch with the builtin, 30 us with this.)
inline void fetch(const void* address) {
#if defined(__x86_64__)
  asm volatile("prefetcht0 %0" ::"m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address);
#endif
}

}  // namespace shoal
