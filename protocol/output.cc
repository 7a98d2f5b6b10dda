#include "protocol/output.h"

#include <algorithm>
#include <utility>

#include "storage/base/heap.h"

namespace shoal::protocol {
namespace {

// A usual chunk and its header are together one block of a round size.
constexpr size_t kUsualRoom = kChunkBytes - sizeof(Chunk);
constexpr size_t kRoomMax = kGiB;

size_t allocation_bytes(const Chunk* chunk) {
  return sizeof(Chunk) + chunk->room;
}

Chunk* allocate_chunk(size_t room) {
  CHECK(room <= kRoomMax);
  Chunk* chunk = static_cast<Chunk*>(heap::allocate(sizeof(Chunk) + room));
  *chunk = Chunk{nullptr, 0, 0, static_cast<uint32_t>(room)};
  return chunk;
}

}  // namespace

// ChunkPool

ChunkPool::~ChunkPool() {
  while (spare_ != nullptr) heap::release(std::exchange(spare_, spare_->next));
}

Chunk* ChunkPool::take(size_t room) {
  if (room > kUsualRoom) return allocate_chunk(room);
  if (spare_ == nullptr) return allocate_chunk(kUsualRoom);
  Chunk* chunk = std::exchange(spare_, spare_->next);
  --spare_count_;
  *chunk = Chunk{nullptr, 0, 0, static_cast<uint32_t>(kUsualRoom)};
  return chunk;
}

void ChunkPool::give_back(Chunk* chunk) {
  if (chunk->room != kUsualRoom || spare_count_ == kSpareMax) return heap::release(chunk);
  chunk->next = std::exchange(spare_, chunk);
  ++spare_count_;
}

// Output

Output::Output(Output&& other) noexcept
    : cursor_(std::exchange(other.cursor_, nullptr)),
      limit_(std::exchange(other.limit_, nullptr)),
      first_(std::exchange(other.first_, nullptr)),
      last_(std::exchange(other.last_, nullptr)),
      sealed_(other.sealed_),
      consumed_(other.consumed_),
      heap_bytes_(std::exchange(other.heap_bytes_, 0)),
      pool_(other.pool_) {
  other.sealed_ = other.consumed_ = 0;
}

Output& Output::operator=(Output&& other) noexcept {
  if (this == &other) return *this;
  clear();
  cursor_ = std::exchange(other.cursor_, nullptr);
  limit_ = std::exchange(other.limit_, nullptr);
  first_ = std::exchange(other.first_, nullptr);
  last_ = std::exchange(other.last_, nullptr);
  sealed_ = std::exchange(other.sealed_, 0);
  consumed_ = std::exchange(other.consumed_, 0);
  heap_bytes_ = std::exchange(other.heap_bytes_, 0);
  pool_ = other.pool_;
  return *this;
}

void Output::add_chunk(size_t room) {
  link(pool_->take(room));
}

// Makes `chunk`, which may hold bytes already, the last one.
void Output::link(Chunk* chunk) {
  const uint64_t position = appended();
  if (last_ != nullptr) {
    last_->end = used_of(last_);
    last_->next = chunk;
  } else {
    first_ = chunk;
  }
  chunk->next = nullptr;
  last_ = chunk;
  cursor_ = chunk->bytes() + chunk->end;
  limit_ = chunk->bytes() + chunk->room;
  sealed_ = position - chunk->begin;
  heap_bytes_ += allocation_bytes(chunk);
}

// Takes the first chunk off the chain.
Chunk* Output::unlink_first() {
  Chunk* chunk = first_;
  heap_bytes_ -= allocation_bytes(chunk);
  if (chunk == last_) {
    chunk->end = used_of(chunk);
    sealed_ = appended();
    first_ = last_ = nullptr;
    cursor_ = limit_ = nullptr;
  } else {
    first_ = chunk->next;
  }
  return chunk;
}

void Output::append(View bytes) {
  if (bytes.empty()) return;
  for (; bytes.size() > kPieceBytesMax; bytes.remove_prefix(kPieceBytesMax))
    append(bytes.substr(0, kPieceBytesMax));
  if (bytes.size() < kBigWriteBytes) {  // Fills the last chunk before it starts another.
    const size_t room = static_cast<size_t>(limit_ - cursor_);
    const size_t head = std::min(room, bytes.size());
    if (head > 0) std::memcpy(cursor_, bytes.data(), head);
    cursor_ += head;
    bytes.remove_prefix(head);
    if (bytes.empty()) return;
  }
  std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
}

void Output::append_front_of(Output& source, size_t bytes) {
  CHECK(&source != this && bytes <= source.size());
  while (bytes > 0) {
    Chunk* chunk = source.first_;
    const size_t held = source.used_of(chunk) - chunk->begin;
    if (held >= kLinkedBytesMin && held <= bytes) {
      source.consumed_ += held;
      link(source.unlink_first());
      bytes -= held;
      continue;
    }
    const size_t part = std::min(held, bytes);
    append(View(chunk->bytes() + chunk->begin, part));
    source.consume(part);
    bytes -= part;
  }
  if (source.empty()) source.clear();
}

size_t Output::gather(std::span<iovec> vectors, size_t bytes_max) const {
  size_t count = 0;
  for (Chunk* chunk = first_; chunk != nullptr && count < vectors.size() && bytes_max > 0;
       chunk = chunk->next) {
    const size_t taken = std::min<size_t>(used_of(chunk) - chunk->begin, bytes_max);
    if (taken > 0) vectors[count++] = iovec{chunk->bytes() + chunk->begin, taken};
    bytes_max -= taken;
  }
  return count;
}

void Output::consume(size_t bytes) {
  CHECK(bytes <= size());
  consumed_ += bytes;
  while (first_ != nullptr) {
    const size_t held = used_of(first_) - first_->begin;
    if (bytes < held) {
      first_->begin += static_cast<uint32_t>(bytes);
      return;
    }
    bytes -= held;
    pool_->give_back(unlink_first());
  }
}

void Output::truncate(Mark mark) {
  CHECK(mark >= consumed_ && mark <= appended());
  size_t kept = static_cast<size_t>(mark - consumed_);
  if (kept == 0) {
    clear();
    sealed_ = consumed_ = mark;
    return;
  }
  Chunk* chunk = first_;
  while (kept > used_of(chunk) - chunk->begin) {
    kept -= used_of(chunk) - chunk->begin;
    chunk = chunk->next;
  }
  for (Chunk* dropped = chunk->next; dropped != nullptr;) {
    heap_bytes_ -= allocation_bytes(dropped);
    pool_->give_back(std::exchange(dropped, dropped->next));
  }
  chunk->next = nullptr;
  last_ = chunk;
  cursor_ = chunk->bytes() + chunk->begin + kept;
  limit_ = chunk->bytes() + chunk->room;
  sealed_ = mark - static_cast<uint64_t>(cursor_ - chunk->bytes());
}

void Output::clear() {
  consumed_ = appended();
  while (first_ != nullptr) pool_->give_back(unlink_first());
}

Output::Hole Output::open_hole(size_t bytes) {
  CHECK(bytes <= kHoleBytesMax);
  reserve(bytes);
  const Hole hole{last_, used_of(last_), static_cast<uint32_t>(bytes)};
  commit(bytes);
  return hole;
}

void Output::close_hole(const Hole& hole, View content) {
  CHECK(content.size() <= hole.bytes);
  char* begin = hole.chunk->bytes() + hole.offset;
  std::memcpy(begin, content.data(), content.size());
  const size_t surplus = hole.bytes - content.size();
  const char* behind = begin + hole.bytes;
  const size_t used = used_of(hole.chunk);
  std::memmove(begin + content.size(), behind, used - hole.offset - hole.bytes);
  if (hole.chunk == last_) {
    cursor_ -= surplus;
  } else {
    hole.chunk->end -= static_cast<uint32_t>(surplus);
    sealed_ -= surplus;
  }
}

}  // namespace shoal::protocol
