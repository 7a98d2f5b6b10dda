// ShardGate: who may touch a core's shard right now. One atomic word a core:
//
//     closed --open()--> open --try_borrow()--> borrowed --give_back()--> open
//       ^                 |                        |
//       +---take_back()---+      take_back(): waits (spins briefly, then a futex) for give_back()
//
// The owner runs with its gate closed. Around every visit to the kernel it opens the gate, so that a thread
// that needs one command run on that shard can run it there itself instead of waking the owner. The word also
// carries the doorbell's state, so that one load tells a sender whether the owner must be woken, and only one
// sender wakes it.
//
// Memory order: open() and give_back() release what their thread wrote to the shard; try_borrow() and
// take_back() acquire it. The doorbell's two sides are a store-then-load on both ends (owner: open, then look
// for mail; sender: put mail, then look at the word), so those four accesses are seq_cst: at least one side
// sees the other. No fences, which the thread sanitizer cannot follow.
#pragma once

#include <atomic>
#include <cstdint>

namespace shoal::runtime {

/// What the owner is about to do in the kernel.
enum class Visit {
  kShort,     // submit and look: it will see its mail right after, without a doorbell
  kMayBlock,  // it may sleep: whoever leaves mail must ring
};

class alignas(64) ShardGate {
 public:
  /// Owner: lets others borrow. Look for mail after this, not before.
  void open(Visit visit) {
    word_.store(visit == Visit::kMayBlock ? kOpen | kBellNeeded : kOpen, std::memory_order_seq_cst);
  }

  /// Owner: shuts the gate, waiting for a borrower to finish its command if there is one.
  void take_back() {
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    while ((word & kBorrowed) == 0) {
      if (word_.compare_exchange_weak(word, kClosed, std::memory_order_seq_cst)) return;
    }
    take_back_from_borrower();
  }

  /// Any other core: true makes the caller the only one who may touch the shard, until give_back().
  bool try_borrow() {
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    while ((word & (kOpen | kBorrowed | kOwnerWaits)) == kOpen) {
      if (word_.compare_exchange_weak(word, word | kBorrowed, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  void give_back() {
    const std::uint32_t before = word_.fetch_and(~kBorrowed, std::memory_order_release);
    if ((before & kOwnerWaits) != 0) [[unlikely]]
      wake_owner();
  }

  /// Any other core, after it has left mail: true if the caller must ring the owner's doorbell. True once for
  /// each sleep: later senders rely on the first one's ring.
  bool claim_doorbell() {
    const std::uint32_t word = word_.load(std::memory_order_seq_cst);
    if ((word & (kBellNeeded | kBellRung)) != kBellNeeded) return false;
    const std::uint32_t before = word_.fetch_or(kBellRung, std::memory_order_seq_cst);
    return (before & (kBellNeeded | kBellRung)) == kBellNeeded;
  }

 private:
  static constexpr std::uint32_t kClosed = 0;
  static constexpr std::uint32_t kOpen = 1;
  static constexpr std::uint32_t kBorrowed = 2;
  static constexpr std::uint32_t kOwnerWaits = 4;
  static constexpr std::uint32_t kBellNeeded = 8;
  static constexpr std::uint32_t kBellRung = 16;

  void take_back_from_borrower();
  void wake_owner();

  std::atomic<std::uint32_t> word_{kClosed};
};

}  // namespace shoal::runtime
