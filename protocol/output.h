// Bytes on their way to a client: a chain of chunks that can be appended to, sent and handed on without
// copying.
//
// Small writes share chunks of kChunkBytes, taken from the core's ChunkPool; a write of kBigWriteBytes or
// more gets a chunk of its own size. Bytes never move once written, except by Deferred lengths
// (reply_writer.h) in bytes nobody has gathered yet, so the kernel may read chunks while more is appended
// behind them.
//
//   first_ -> [ begin ... end | room ] -> [ begin ... end ] -> [ begin ... cursor_ | room limit_ ] <- last_
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "storage/base/check.h"
#include "storage/base/units.h"

namespace shoal::protocol {

/// Size of a usual chunk, its header included.
constexpr size_t kChunkBytes = 16 * kKiB;
/// A payload at least this long gets a chunk of its own.
constexpr size_t kBigWriteBytes = 16 * kKiB;
/// A longer payload is cut into chunks of so many bytes: the first are freed while the last are still to be
/// sent.
constexpr size_t kPieceBytesMax = 64 * kMiB;
/// Chunks with fewer bytes than this are copied, not linked, when one Output is appended to another: a chain
/// of many nearly empty chunks would cost more to send than the copy.
constexpr size_t kLinkedBytesMin = 4 * kKiB;

/// One block of bytes; the room follows the header in the same allocation.
struct Chunk {
  Chunk* next;
  uint32_t begin;  // first byte not yet consumed
  uint32_t end;    // one past the last byte written; an Output's cursor_ knows better for its last chunk
  uint32_t room;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
};

/// A core's spare chunks of kChunkBytes. Not thread-safe; outlives its Outputs. Chunks may come from another
/// core's pool: spare chunks beyond the bound go back to the heap.
class ChunkPool {
 public:
  static constexpr size_t kSpareMax = 64;

  ChunkPool() = default;
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  /// An empty chunk with at least `room` bytes of room: a spare one if `room` <= kChunkBytes, else one of
  /// exactly that.
  Chunk* take(size_t room);
  void give_back(Chunk* chunk);
  size_t spare_count() const { return spare_count_; }

 private:
  Chunk* spare_ = nullptr;
  size_t spare_count_ = 0;
};

/// The chain. Owned by one connection, or by one batch of replies on its way to a connection. An empty Output
/// that was consumed or cleared holds no chunk.
class Output {
 public:
  /// A place in the stream of all bytes ever appended.
  using Mark = uint64_t;

  /// `pool` must outlive the Output, and be used by the same thread at any one time.
  explicit Output(ChunkPool& pool) : pool_(&pool) {}
  ~Output() { clear(); }
  /// A moved-from Output is empty and still usable.
  Output(Output&& other) noexcept;
  Output& operator=(Output&& other) noexcept;

  /// Bytes appended and not yet consumed.
  size_t size() const { return static_cast<size_t>(appended() - consumed_); }
  bool empty() const { return size() == 0; }

  /// At least `bytes` bytes of contiguous room, to be written and then committed; nothing is appended before
  /// that. `bytes` is at most 1 GiB. A few ns while the last chunk has room.
  char* reserve(size_t bytes) {
    if (static_cast<size_t>(limit_ - cursor_) < bytes) [[unlikely]]
      add_chunk(bytes);
    return cursor_;
  }
  /// Appends the first `bytes` bytes of what reserve() returned.
  void commit(size_t bytes) {
    DCHECK(bytes <= static_cast<size_t>(limit_ - cursor_));
    cursor_ += bytes;
  }
  /// Copies `bytes` to the end.
  void append(View bytes);

  /// Moves all of `source` to the end of this. Links chunks with much in them, copies the others: O(chunks).
  void append_chain(Output&& source) { append_front_of(source, source.size()); }
  /// Moves the first `bytes` bytes of `source` to the end of this, so that replies made elsewhere can be put
  /// in order.
  void append_front_of(Output& source, size_t bytes);

  /// Fills `vectors` with the first unsent ranges, as many as fit, of `bytes_max` bytes together; returns how
  /// many. They stay put until consumed.
  size_t gather(std::span<iovec> vectors, size_t bytes_max = ~size_t{0}) const;
  /// Drops the first `bytes` bytes: they were sent. Frees their chunks.
  void consume(size_t bytes);

  /// Now, as a place to come back to.
  Mark mark() const { return appended(); }
  /// Drops everything appended after `mark`, which must not have been consumed, nor gathered for a send under
  /// way.
  void truncate(Mark mark);
  /// Drops everything and frees every chunk.
  void clear();

  /// Heap held: the chunks, whole. What CLIENT LIST shows as omem; client-output-buffer-limit counts size().
  size_t heap_bytes() const { return heap_bytes_; }

  /// A hole of `bytes` bytes at the end, counted as appended, to be filled by close_hole() once more is
  /// written behind it. At most kHoleBytesMax.
  struct Hole {
    Chunk* chunk;
    uint32_t offset;
    uint32_t bytes;
  };
  static constexpr size_t kHoleBytesMax = 64;
  Hole open_hole(size_t bytes);
  /// Fills the hole with `content`, which is at most as long; what follows in the same chunk moves up against
  /// it. Places marked behind the hole are no longer valid. O(kChunkBytes) at most.
  void close_hole(const Hole& hole, View content);

 private:
  uint64_t appended() const {
    return last_ == nullptr ? sealed_ : sealed_ + static_cast<uint64_t>(cursor_ - last_->bytes());
  }
  [[gnu::noinline]] void add_chunk(size_t room);
  // One past the last byte of `chunk` that is written.
  uint32_t used_of(const Chunk* chunk) const {
    return chunk == last_ ? static_cast<uint32_t>(cursor_ - chunk->bytes()) : chunk->end;
  }
  void link(Chunk* chunk);
  Chunk* unlink_first();

  char* cursor_ = nullptr;  // where the next byte goes, in last_
  char* limit_ = nullptr;   // the end of last_'s room
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  // Such that appended() == sealed_ + bytes in last_ from its very start: kept to that so that commit() has
  // one number to change.
  uint64_t sealed_ = 0;
  uint64_t consumed_ = 0;  // bytes dropped from the front, ever
  size_t heap_bytes_ = 0;
  ChunkPool* pool_;
};

}  // namespace shoal::protocol
