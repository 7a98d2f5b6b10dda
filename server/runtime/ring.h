// Ring: one io_uring, set up as every core uses it (SINGLE_ISSUER, DEFER_TASKRUN, registered descriptor).
// Thin: it knows submission, waiting and what a completion's user_data means, and nothing of sockets.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "storage/base/result.h"
#include "storage/base/units.h"

namespace shoal::runtime {

/// What a completion is for: the low bits of its user_data. The rest is the address of the object, which is
/// therefore aligned to kOperationAlignment. To add an operation that is not on the way of a request (files,
/// timers), derive from RingOperation; a row here is for those that must avoid a virtual call.
enum class Operation : std::uint8_t {
  kIgnored,       // nobody asks for the result
  kReceive,       // RingWire: multishot receive into the buffer ring
  kReceiveInto,   // RingWire: a single receive to a span
  kSend,          // RingWire: send or sendmsg
  kWireCancel,    // RingWire: the cancellation of its own operations
  kDoorbell,      // another core has left mail; nothing to do but wake up
  kDoorbellRung,  // ringing another core's doorbell has failed; the address is the core's number, shifted
  kGeneral,       // RingOperation::complete
};
constexpr std::size_t kOperationAlignment = 16;
constexpr std::uint64_t kOperationMask = kOperationAlignment - 1;

/// An operation whose completion is a virtual call. The object outlives its last completion.
class alignas(kOperationAlignment) RingOperation {
 public:
  /// `result` and `flags` as io_uring gives them (a negated errno, IORING_CQE_F_MORE...).
  virtual void complete(int result, std::uint32_t flags) = 0;

 protected:
  ~RingOperation() = default;
};

inline std::uint64_t user_data(const void* object, Operation operation) {
  return reinterpret_cast<std::uintptr_t>(object) | static_cast<std::uint64_t>(operation);
}

/// How one core wakes another that sleeps.
enum class Doorbell : std::uint8_t {
  kMessageRing,  // IORING_OP_MSG_RING, submitted with all else; falls back to the other where the kernel
                 // refuses it
  kEventfd,      // a system call of its own
};

struct RingOptions {
  std::uint32_t submissions = 1024;   // entries; when full in the middle of a turn, they are submitted early
  std::uint32_t completions = 16384;  // entries; beyond these the kernel keeps them in a list of its own
  std::uint32_t buffers = 1024;  // receive buffers, a power of two up to 32768; touched only as they are used
  std::uint32_t buffer_bytes = 16384;  // size of one
  Doorbell doorbell = Doorbell::kMessageRing;
};

class Ring {
 public:
  /// The ring belongs to the thread that calls enable(). Fails with a sentence that names what to change.
  static Result<std::unique_ptr<Ring>> create(const RingOptions& options);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// First call on the owning thread.
  Status enable();
  /// Last call on the owning thread.
  void disable();

  /// An empty submission entry; never null. Submits what is there when the queue is full.
  io_uring_sqe* entry() {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) [[unlikely]]
      sqe = entry_after_submitting();
    return sqe;
  }

  /// Submits everything and sees what has completed, without sleeping.
  void submit_and_look();
  /// Submits everything and sleeps until something completes, or for `sleep_max` if given.
  void submit_and_sleep(std::optional<Micros> sleep_max);
  /// Submits, in the middle of a turn, what other cores should not wait for.
  void submit_now() { io_uring_submit(&ring_); }

  /// Calls `complete(const io_uring_cqe&)` for each completion present now. Later ones wait for the next
  /// call.
  template <class Complete>
  std::uint32_t for_each_completion(Complete&& complete) {
    const std::uint32_t ready = io_uring_cq_ready(&ring_);
    const std::uint32_t head = *ring_.cq.khead;
    const std::uint32_t mask = ring_.cq.ring_entries - 1;
    for (std::uint32_t at = head; at != head + ready; ++at) complete(ring_.cq.cqes[at & mask]);
    io_uring_cq_advance(&ring_, ready);
    return ready;
  }

  int descriptor() const { return ring_.ring_fd; }
  io_uring* raw() { return &ring_; }

 private:
  Ring() = default;
  io_uring_sqe* entry_after_submitting();

  io_uring ring_{};
  bool created_ = false;
};

/// Whether this kernel, with this process' limits, gives us what we need; if not, a sentence that names the
/// setting.
Status check_io_uring();

}  // namespace shoal::runtime
