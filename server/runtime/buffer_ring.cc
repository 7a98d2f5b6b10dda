#include "server/runtime/buffer_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "storage/base/check.h"

namespace shoal::runtime {
namespace {

void* map_pages(std::size_t bytes) {
  void* pages =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

}  // namespace

BufferRing::BufferRing(Ring& ring, const RingOptions& options)
    : ring_(ring),
      count_(options.buffers),
      buffer_bytes_(options.buffer_bytes),
      // One cache line more than the buffer: with a power of two, the beginnings of all buffers, which is all
      // that small requests touch, would compete for the same few sets of the caches.
      stride_(std::size_t{options.buffer_bytes} + 64),
      target_(std::min(kPublishedStart, options.buffers)),
      free_(options.buffers) {
  CHECK(std::has_single_bit(count_) && count_ <= 32768);
}

Result<std::unique_ptr<BufferRing>> BufferRing::create(Ring& ring, const RingOptions& options) {
  std::unique_ptr<BufferRing> made(new BufferRing(ring, options));
  made->memory_ = static_cast<char*>(map_pages(made->count_ * made->stride_));
  void* shared = map_pages(made->count_ * sizeof(io_uring_buf));
  if (made->memory_ == nullptr || shared == nullptr) return Failure{"no memory for the receive buffers"};
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(shared);
  registration.ring_entries = made->count_;
  registration.bgid = kGroup;
  const int error = io_uring_register_buf_ring(ring.raw(), &registration, 0);
  if (error != 0) {
    ::munmap(shared, made->count_ * sizeof(io_uring_buf));
    return Failure{
        std::string("io_uring refuses a ring of receive buffers (Linux 6.1 or later is needed): ") +
        std::strerror(-error)};
  }
  made->shared_ = static_cast<io_uring_buf_ring*>(shared);
  io_uring_buf_ring_init(made->shared_);
  for (std::uint32_t buffer = made->count_; buffer > 0; --buffer) {
    made->give_back(static_cast<std::uint16_t>(buffer - 1));
  }
  made->publish();
  return made;
}

BufferRing::~BufferRing() {
  if (shared_ != nullptr) {
    io_uring_unregister_buf_ring(ring_.raw(), kGroup);
    ::munmap(shared_, count_ * sizeof(io_uring_buf));
  }
  if (memory_ != nullptr) ::munmap(memory_, count_ * stride_);
}

void BufferRing::grow() {
  ran_out_ = false;
  target_ = std::min(target_ * 2, count_);
}

void BufferRing::publish() {
  const std::uint32_t count = std::min(target_ - published_, free_count_);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint16_t buffer = free_[--free_count_];
    io_uring_buf_ring_add(shared_, memory_ + buffer * stride_, buffer_bytes_, buffer,
                          io_uring_buf_ring_mask(count_), static_cast<int>(i));
  }
  io_uring_buf_ring_advance(shared_, static_cast<int>(count));
  published_ += count;
}

}  // namespace shoal::runtime
