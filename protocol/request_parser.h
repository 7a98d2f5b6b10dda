// From bytes to requests: RESP multibulk and inline commands, as redis-server 7.0 accepts and refuses them.
//
// The common case is a pipeline of small requests lying whole in the receive buffer: they are parsed where
// they lie, their arguments are Views into that buffer, and nothing is allocated or copied. Only what
// straddles two inputs is copied, once: small arguments into a tail buffer, a big one (kBigArgumentBytes or
// more) into a heap block of exactly its size, which a socket may fill directly and which a handler may take
// over as a value.
//
// Everything here is a function of the bytes: however the input is cut, the same requests and the same error
// come out. Redis differs in one point, because there it depends on the sizes of its reads: a line of more
// than kLineBytesMax bytes is refused here even when its end has already arrived.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/check.h"
#include "storage/base/heap.h"
#include "storage/base/units.h"

namespace shoal::protocol {

/// Most requests one batch holds.
constexpr size_t kBatchRequestsMax = 256;
/// An argument at least this long that is not whole in the input gets a heap block of its own.
constexpr size_t kBigArgumentBytes = 32 * kKiB;
/// What a header alone is given of such a block: it has its full size once so many bytes have come, lest
/// clients reserve memory by announcing what they never send.
constexpr size_t kUnprovenBlockBytes = 256 * kKiB;
/// Longest inline request, and longest length line, without its end of line.
constexpr size_t kLineBytesMax = 64 * kKiB;

/// What a client may send. One per core, shared by its parsers, which look at it for each request: a change
/// counts from the next length line on.
struct ParserLimits {
  size_t bulk_bytes_max = 512 * kMiB;    ///< proto-max-bulk-len
  size_t args_max = 0x7fffffff;          ///< what Redis 7.0 allows; memory is bounded by buffered_bytes()
  size_t unauthenticated_args_max = 10;  ///< before AUTH, where a password is needed
  size_t unauthenticated_bulk_bytes_max = 16384;
};

/// One request: its name and arguments. Borrowed from a RequestBatch.
struct Request {
  std::span<const View> args;  ///< never empty; args[0] is the command's name
  size_t index = 0;            ///< which request of its batch this is
};

/// A growing buffer that never moves into or out of its object when the object moves, so Views into it
/// survive.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  /// A moved-from buffer is empty and still usable.
  ByteBuffer(ByteBuffer&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  size_t size() const { return size_; }
  size_t capacity() const { return bytes_.size(); }
  char* data() { return bytes_.data(); }
  const char* data() const { return bytes_.data(); }
  View view(size_t offset, size_t length) const { return View(bytes_.data() + offset, length); }
  /// Amortised O(bytes); Views into the buffer die when it grows.
  void append(View bytes);
  void shrink(size_t size) {
    CHECK(size <= size_);
    size_ = size;
  }
  void clear() { size_ = 0; }
  void reserve(size_t capacity);

 private:
  HeapBytes bytes_;  // its size is the capacity
  size_t size_ = 0;
};

/// Requests parsed and not yet executed, in order. It owns the bytes of those that were not whole in one
/// input; the others' bytes belong to the input, which must outlive the batch's use. A batch may move (to
/// another core, say) with its input. Reused: clear() keeps a bounded capacity.
class RequestBatch {
 public:
  RequestBatch() = default;
  /// A moved-from batch is empty and still usable.
  RequestBatch(RequestBatch&& other) noexcept { swap(other); }
  RequestBatch& operator=(RequestBatch&& other) noexcept {
    RequestBatch taken(std::move(other));
    swap(taken);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Request operator[](size_t index) const {
    DCHECK(index < size_);
    const Range range = requests_[index];
    return Request{std::span<const View>(args_.get() + range.first, range.count), index};
  }

  /// The heap block that holds exactly the bytes of argument `arg` of request `request`, to be kept as a
  /// value; or an empty one, when the argument lies in the input and must be copied. The View in the request
  /// stays good for as long as the block lives. Two threads may take arguments of different requests. O(big
  /// arguments held).
  HeapBytes take(size_t request, size_t arg);

  /// Forgets every request and frees what it owned. Keeps room for a usual pipeline.
  void clear();
  /// Bytes of heap held by this batch, big arguments not taken included.
  size_t heap_bytes() const;

 private:
  friend class RequestParser;

  struct Range {
    uint32_t first;
    uint32_t count;
  };
  struct OwnedArgument {
    uint32_t arg;  // its place in args_
    HeapBytes bytes;
  };

  View* reserve_args(size_t count) {
    if (args_capacity_ - args_size_ < count) [[unlikely]]
      grow_args(count);
    return args_.get() + args_size_;
  }
  void swap(RequestBatch& other) noexcept;
  void grow_args(size_t count);
  // Appends the request in `line`, if there is one; false when its quotes are wrong. `line` has to live as
  // long as the batch.
  bool add_inline(View line);
  bool add_inline_quoted(View line);
  ByteBuffer take_spare();
  // Keeps `bytes` until clear(); they stay where they are.
  const ByteBuffer& keep(ByteBuffer&& bytes);
  void commit_request(size_t count) {
    DCHECK(size_ < kBatchRequestsMax && requests_ != nullptr);
    requests_[size_++] = Range{static_cast<uint32_t>(args_size_), static_cast<uint32_t>(count)};
    args_size_ += count;
  }

  // Every request's arguments, one after the other: raw, because a vector would write each place twice.
  std::unique_ptr<View[]> args_;
  size_t args_size_ = 0;
  size_t args_capacity_ = 0;
  std::unique_ptr<Range[]> requests_;  // room for kBatchRequestsMax, once there is room for any argument
  size_t size_ = 0;
  std::vector<OwnedArgument> owned_;
  // Bytes of small arguments that straddled inputs and of inline requests with quotes. [0, kept_count_) are
  // in use.
  std::vector<ByteBuffer> kept_;
  size_t kept_count_ = 0;
};

enum class ParseOutcome {
  kNeedMore,   ///< every whole request of the input is in the batch, all input is consumed
  kBatchFull,  ///< the batch is full and input is left: execute, clear, and parse the rest
  kError,      ///< error() says why; requests before it in the batch are good; the parser takes no more input
};

/// One connection's parser. Not authenticated at first only if told so (set_authenticated).
class RequestParser {
 public:
  /// `limits` must outlive the parser.
  explicit RequestParser(const ParserLimits& limits) : limits_(&limits) {}
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Appends the whole requests found in `input` to `batch`. `consumed` says how many bytes of the input are
  /// done with, but the batch's Views point into them: the caller keeps the input until the batch is
  /// executed, and may then drop the consumed part, for the bytes of an unfinished request are kept inside.
  /// While not authenticated a batch takes one request, so that AUTH lifts the limits for the request after
  /// it. O(input), whatever the cuts.
  ParseOutcome parse(View input, size_t& consumed, RequestBatch& batch);

  /// Redis' own text without the code: "Protocol error: ...". May hold any byte of the input;
  /// ReplyWriter::error() makes it one line.
  std::string_view error() const { return error_; }

  void set_authenticated(bool authenticated) { authenticated_ = authenticated; }
  bool authenticated() const { return authenticated_; }

  /// Bytes received of the unfinished request and what is needed to remember its arguments: what
  /// client-query-buffer-limit counts. 0 between requests.
  size_t buffered_bytes() const;
  /// Heap held inside: at most 256 bytes between requests. More than buffered_bytes() while a big argument
  /// has its block but not yet all its bytes.
  size_t heap_bytes() const;

  /// While a big argument is being received: where its next bytes go, so that a socket may write there
  /// directly; empty otherwise. Stays put until the next parse(), or until direct_received() has filled it.
  std::span<char> direct_target();
  /// Says that the first `bytes` bytes of direct_target() were written. The request is finished by the next
  /// parse(), for the argument's line end still has to come.
  void direct_received(size_t bytes);

 private:
  // What the next byte of the unfinished request is.
  enum class Stage : uint8_t {
    kNothing,   // the first byte of a request
    kInline,    // within an inline request's line
    kArgCount,  // within "*<count>\r\n"
    kLength,    // within "$<length>\r\n"
    kBody,      // within an argument kept in tail_
    kBigBody,   // within an argument kept in big_.back()
    kBodyEnd,   // the two bytes after an argument
    kError,
  };
  // An argument of the unfinished request: a range of tail_, or one of big_.
  struct KeptArgument {
    size_t offset;  // in tail_, or kInBig
    size_t length;
  };
  static constexpr size_t kInBig = ~size_t{0};

  // Look at a request where it lies. The end of it once it is done; null if it has to go the slow way,
  // because it is incomplete or wrong.
  const char* parse_whole(const char* at, const char* end, RequestBatch& batch) const;
  static const char* parse_whole_inline(const char* at, const char* end, RequestBatch& batch);

  // The slow way, until the request is finished or the input used up; returns how far it came.
  const char* parse_straddling(const char* cursor, const char* end, RequestBatch& batch);
  // Each step uses at least one byte, and leaves the next stage.
  void step(const char*& cursor, const char* end, RequestBatch& batch);
  void step_inline(const char*& cursor, const char* end, RequestBatch& batch);
  void step_arg_count(const char*& cursor, const char* end);
  void step_length(const char*& cursor, const char* end);
  void step_body(const char*& cursor, const char* end);
  void step_body_end(const char*& cursor, const char* end, RequestBatch& batch);
  bool take_line(const char*& cursor, const char* end, const char* too_long_error);
  void begin_body(size_t bytes);
  void begin_body_end();
  size_t big_filled() const { return kept_args_.back().length - bytes_left_; }
  void grow_big();
  void finish_request(RequestBatch& batch);
  void forget_request();
  void fail(std::string text);
  size_t args_max() const { return authenticated_ ? limits_->args_max : limits_->unauthenticated_args_max; }
  size_t bulk_bytes_max() const {
    return authenticated_ ? limits_->bulk_bytes_max : limits_->unauthenticated_bulk_bytes_max;
  }

  const ParserLimits* limits_;
  Stage stage_ = Stage::kNothing;
  bool authenticated_ = true;
  size_t args_left_ = 0;   // arguments of the unfinished request not yet begun or not yet ended
  size_t bytes_left_ = 0;  // of the body, or of its two ending bytes
  size_t line_begin_ = 0;  // where in tail_ the current line begins
  ByteBuffer tail_;        // bytes of finished arguments, then those of the current line or body
  std::vector<KeptArgument> kept_args_;
  std::vector<HeapBytes> big_;
  size_t big_bytes_ = 0;  // the sizes of big_
  std::string error_;
};

}  // namespace shoal::protocol
