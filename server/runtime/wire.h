// Wire: one connected byte stream (TCP or unix socket), as a connection on one core sees it. The runtime owns
// the wire; the connection hears from it through WireEvents, always on the wire's core and never from inside
// a call the connection makes into the wire.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "storage/base/check.h"
#include "storage/base/units.h"

namespace shoal::runtime {

/// Who lends receive buffers, and takes them back.
class BufferSource {
 public:
  virtual void give_back(std::uint16_t buffer) = 0;
  /// More than half of all buffers are lent.
  virtual bool is_scarce() const = 0;

 protected:
  ~BufferSource() = default;
};

/// A stretch of received bytes in a buffer of the core's ring. Move-only; the buffer goes back when this is
/// destroyed, which must happen on the core that received it. Another core may read the bytes meanwhile, if
/// messages order it. Buffers are few (RingOptions::buffers), and without one nobody's bytes arrive: who may
/// wait for a client or for other cores keeps one only while they are not scarce, and copies the bytes out
/// otherwise.
class Received {
 public:
  Received() = default;
  Received(View bytes, BufferSource& source, std::uint16_t buffer)
      : bytes_(bytes), source_(&source), buffer_(buffer) {}
  Received(Received&& other) noexcept { swap(other); }
  Received& operator=(Received&& other) noexcept {
    Received moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Received() {
    if (source_ != nullptr) source_->give_back(buffer_);
  }

  View bytes() const { return bytes_; }
  const char* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  /// Less than half of the core's buffers are left for others: not to be kept beyond this call.
  bool is_scarce() const { return source_ != nullptr && source_->is_scarce(); }
  /// Forgets the first bytes; the buffer stays lent as a whole.
  void remove_prefix(std::size_t count) {
    CHECK(count <= bytes_.size());
    bytes_.remove_prefix(count);
  }

 private:
  void swap(Received& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(source_, other.source_);
    std::swap(buffer_, other.buffer_);
  }

  View bytes_;
  BufferSource* source_ = nullptr;
  std::uint16_t buffer_ = 0;
};

/// What a connection hears from its wire.
class WireEvents {
 public:
  /// The next bytes of the stream, at least one.
  virtual void on_received(Received&& received) = 0;
  /// `count` more bytes of the stream lie in the span given to receive_into(), after those reported before.
  virtual void on_received_into(std::size_t count) = 0;
  /// The first `count` bytes (at least 1, nearly always all) of what send() was given have gone; nothing is
  /// in flight any more, and the caller sends what remains.
  virtual void on_sent(std::size_t count) = 0;
  /// 0: the peer will send no more (it may still read). Otherwise an errno: the wire is broken both ways, and
  /// a send in flight is not reported. May come once with 0 and then once with an error. The wire still wants
  /// its close().
  virtual void on_end(int error) = 0;
  /// The very last call: no kernel operation refers to any buffer of the connection, and the wire dies after
  /// it.
  virtual void on_closed() = 0;

 protected:
  ~WireEvents() = default;
};

class Wire {
 public:
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Starts receiving, for good. Nothing is received before.
  virtual void receive() = 0;
  /// The next bytes of the stream after those already delivered go straight to `span` (a big argument), which
  /// stays valid until it is full or on_closed. When it is full, receiving goes on as before unless
  /// on_received_into gave a new span. Implies receive(). Not while an earlier span is still being filled;
  /// not with an empty span.
  virtual void receive_into(std::span<char> span) = 0;

  /// Sends all parts in order. One send at a time: not again before on_sent. At most kSendPartsMax parts,
  /// none empty. The bytes (not the array of parts) stay valid and unchanged until on_sent or on_closed; note
  /// that the kernel reads them while the core sleeps, that is while other cores may borrow its shard.
  virtual void send(std::span<const iovec> parts) = 0;
  virtual bool sending() const = 0;

  /// Cancels what is under way; ends in on_closed, in this turn or a later one, and never from inside this
  /// call. Nothing else is reported after it. Idempotent.
  virtual void close() = 0;

  /// "127.0.0.1:6379", "[::1]:6379" or "/path/of/socket:0". A system call each: not on the way of a request.
  virtual std::string peer_name() const = 0;
  virtual std::string local_name() const = 0;
  virtual bool is_unix() const = 0;
  /// The peer is on this machine (a unix socket, 127.0.0.0/8 or ::1).
  virtual bool is_loopback() const = 0;
  /// The descriptor's number, for CLIENT LIST only.
  virtual int descriptor() const = 0;
  /// TCP keep-alive probes after so many idle seconds; 0 turns them off. No effect on unix sockets.
  virtual void set_keepalive(int seconds) = 0;

 protected:
  Wire() = default;
  ~Wire() = default;
};

constexpr std::size_t kSendPartsMax = 1024;  // IOV_MAX of Linux

}  // namespace shoal::runtime
