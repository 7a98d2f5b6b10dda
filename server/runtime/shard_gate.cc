#include "server/runtime/shard_gate.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

namespace shoal::runtime {
namespace {

// A borrower holds the shard for one command, mostly well below a microsecond; about 2 microseconds of pauses
// (some 40 to 140 cycles each) are cheaper than a futex, and bounded when the borrower has lost its CPU.
constexpr int kSpinsMax = 64;

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "the futex is the word itself");

}  // namespace

[[gnu::cold, gnu::noinline]] void ShardGate::take_back_from_borrower() {
  for (int spin = 0; spin < kSpinsMax; ++spin) {
    _mm_pause();
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    if ((word & kBorrowed) == 0 && word_.compare_exchange_strong(word, kClosed, std::memory_order_seq_cst))
      return;
  }
  // From here nobody else can borrow, so the word only changes by the borrower's give_back and by doorbells.
  std::uint32_t word = word_.fetch_or(kOwnerWaits, std::memory_order_seq_cst) | kOwnerWaits;
  while ((word & kBorrowed) != 0) {
    ::syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, word, nullptr, nullptr, 0);
    word = word_.load(std::memory_order_seq_cst);
  }
  // An exchange, not a store: it reads the last write to the word, be it the give_back or a doorbell after
  // it, and so acquires both the shard and the mail that was announced.
  word_.exchange(kClosed, std::memory_order_seq_cst);
}

[[gnu::cold, gnu::noinline]] void ShardGate::wake_owner() {
  ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace shoal::runtime
