// Assertions. CHECK states what a correct program always satisfies; a failure is a bug in Shoal, so it prints
// where and what and aborts, in every build. DCHECK is for conditions too costly for the way of a request.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace shoal {

[[noreturn, gnu::cold, gnu::noinline]] inline void check_failed(const char* file, int line,
                                                                const char* what) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, what);
  std::abort();
}

}  // namespace shoal

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::shoal::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(0)
#else
#define DCHECK(condition) CHECK(condition)
#endif
