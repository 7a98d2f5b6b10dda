// BufferRing: the receive buffers of one core. The kernel takes them from a registered ring, first in first
// out; what comes back goes on a stack, and the ring is topped up from it once a turn. So only as many
// buffers are in play as the load needs (kPublishedStart at first, twice as many each time the kernel runs
// out), and those are the ones the caches know.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "server/runtime/ring.h"
#include "server/runtime/wire.h"
#include "storage/base/result.h"

namespace shoal::runtime {

class BufferRing final : public BufferSource {
 public:
  /// The group's number within the ring; one a ring.
  static constexpr std::uint16_t kGroup = 0;

  /// `ring` outlives this.
  static Result<std::unique_ptr<BufferRing>> create(Ring& ring, const RingOptions& options);
  ~BufferRing();

  /// The buffer that a completion names (IORING_CQE_F_BUFFER), now lent to the result.
  Received take(std::uint32_t completion_flags, std::size_t size) {
    const std::uint16_t buffer = static_cast<std::uint16_t>(completion_flags >> IORING_CQE_BUFFER_SHIFT);
    DCHECK(buffer < count_ && published_ > 0);
    --published_;
    return Received(View(memory_ + buffer * stride_, size), *this, buffer);
  }
  void give_back(std::uint16_t buffer) override { free_[free_count_++] = buffer; }

  bool is_scarce() const override { return lent() > count_ / 2; }

  /// Once a turn: gives the kernel what it may use.
  void top_up() {
    if (ran_out_) grow();
    if (published_ < target_ && free_count_ > 0) publish();
  }
  /// The kernel found no buffer: from now on it gets twice as many.
  void ran_out() { ran_out_ = true; }

  /// Buffers the kernel can take, as far as completions seen so far tell.
  std::uint32_t published() const { return published_; }
  /// Buffers lent to connections.
  std::uint32_t lent() const { return count_ - published_ - free_count_; }

 private:
  static constexpr std::uint32_t kPublishedStart = 16;

  BufferRing(Ring& ring, const RingOptions& options);
  void publish();
  void grow();

  Ring& ring_;
  std::uint32_t count_;
  std::uint32_t buffer_bytes_;
  std::size_t stride_;
  char* memory_ = nullptr;
  io_uring_buf_ring* shared_ = nullptr;  // page-aligned, shared with the kernel
  std::uint32_t target_;
  bool ran_out_ = false;
  std::uint32_t published_ = 0;
  std::uint32_t free_count_ = 0;
  std::vector<std::uint16_t> free_;  // a stack: the last one back is the first to be used again
};

}  // namespace shoal::runtime
