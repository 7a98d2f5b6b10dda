#include "server/runtime/exchange.h"

#include <algorithm>
#include <bit>

#include "storage/base/check.h"

namespace shoal::runtime {
Mailbox::Mailbox(std::uint32_t capacity) : mask_(capacity - 1), slots_(new Message*[capacity]) {
  CHECK(std::has_single_bit(capacity));
}

std::uint32_t Mailbox::fill(MessageList& messages, std::uint32_t head) {
  const std::uint32_t start = tail_.load(std::memory_order_relaxed);
  std::uint32_t tail = start;
  while (!messages.empty() && tail - head <= mask_) slots_[tail++ & mask_] = &messages.pop();
  if (tail != start) tail_.store(tail, std::memory_order_release);
  return tail - start;
}

std::uint32_t Mailbox::push(MessageList& messages) {
  std::uint32_t pushed = fill(messages, head_seen_);
  if (messages.empty()) return pushed;
  head_seen_ = head_.load(std::memory_order_acquire);
  pushed += fill(messages, head_seen_);
  if (messages.empty()) return pushed;
  // Full. First say so, then look again: the consumer makes room and then looks whether someone waits.
  producer_waits_.store(true, std::memory_order_seq_cst);
  head_seen_ = head_.load(std::memory_order_seq_cst);
  pushed += fill(messages, head_seen_);
  return pushed;
}

// Few cores get long queues; with many the number of pairs grows with the square, and 256 cores must not cost
// more than some 32 MiB.
std::uint32_t Exchange::capacity_for(CoreId core_count) {
  constexpr std::uint32_t kCapacityMax = 1024;
  constexpr std::uint32_t kCapacityMin = 64;
  return std::clamp(std::bit_floor(16384u / core_count), kCapacityMin, kCapacityMax);
}

Exchange::Exchange(CoreId core_count, std::uint32_t capacity)
    : core_count_(core_count), places_(new Place[core_count]), boxes_(std::size_t{core_count} * core_count) {
  CHECK(core_count >= 1 && core_count <= kCoreCountMax);
  for (CoreId from = 0; from < core_count; ++from) {
    for (CoreId to = 0; to < core_count; ++to) {
      if (from != to) boxes_[from * core_count + to] = std::make_unique<Mailbox>(capacity);
    }
  }
}

Sent Exchange::send(CoreId from, CoreId to, MessageList& outbox) {
  CHECK(from != to);
  const std::uint32_t pushed = box(from, to).push(outbox);
  Sent sent;
  sent.complete = outbox.empty();
  if (pushed == 0) return sent;
  sent.ring_doorbell = announce(from, to);
  return sent;
}

}  // namespace shoal::runtime
