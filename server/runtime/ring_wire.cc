#include "server/runtime/ring_wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server/runtime/ring_runtime.h"
#include "server/runtime/socket_name.h"
#include "storage/base/check.h"

namespace shoal::runtime {

RingWire::RingWire(RingRuntime& runtime, int socket) : runtime_(runtime), socket_(socket) {}

RingWire::~RingWire() {
  CHECK(in_flight_ == 0);
  ::close(socket_);
}

void RingWire::receive() {
  receive_wanted_ = true;
  update_receiving();
}

void RingWire::receive_into(std::span<char> span) {
  CHECK(into_.empty() && !span.empty());
  into_ = span;
  receive();
}

void RingWire::update_receiving() {
  if (closing_ || ended_) return;
  switch (receiving_) {
    case Receiving::kIdle:
      if (!receive_wanted_) return;
      return into_.empty() ? arm_multishot() : arm_into();
    case Receiving::kMultishot:
      if (!into_.empty()) cancel_multishot();
      return;
    case Receiving::kStarved:
      // A span needs no buffer of the ring.
      if (into_.empty()) return;
      runtime_.no_longer_starved(*this);
      receiving_ = Receiving::kIdle;
      return update_receiving();
    case Receiving::kStopping:
    case Receiving::kInto: return;  // until the completion
  }
}

void RingWire::arm_multishot() {
  io_uring_sqe* sqe = runtime_.ring().entry();
  io_uring_prep_recv_multishot(sqe, socket_, nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = BufferRing::kGroup;
  sqe->user_data = user_data(this, Operation::kReceive);
  receiving_ = Receiving::kMultishot;
  ++in_flight_;
}

void RingWire::arm_into() {
  // One receive takes at most what the socket holds, a few MiB; the length is an int in the kernel.
  constexpr std::size_t kOneReceiveMax = std::size_t{1} << 30;
  io_uring_sqe* sqe = runtime_.ring().entry();
  io_uring_prep_recv(sqe, socket_, into_.data(), std::min(into_.size(), kOneReceiveMax), 0);
  sqe->user_data = user_data(this, Operation::kReceiveInto);
  receiving_ = Receiving::kInto;
  ++in_flight_;
}

void RingWire::cancel_multishot() {
  io_uring_sqe* sqe = runtime_.ring().entry();
  io_uring_prep_cancel64(sqe, user_data(this, Operation::kReceive), 0);
  sqe->user_data = user_data(this, Operation::kWireCancel);
  receiving_ = Receiving::kStopping;
  ++in_flight_;
}

void RingWire::receive_done(int result, std::uint32_t flags) {
  Received received;
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    received = runtime_.buffers().take(flags, static_cast<std::size_t>(std::max(result, 0)));
  }
  if ((flags & IORING_CQE_F_MORE) == 0) {
    receiving_ = Receiving::kIdle;
    operation_over();
  }
  if (closing_) return;
  if (result > 0) [[likely]] {
    deliver(std::move(received));
  } else if (result == -ENOBUFS) {
    // Multishot ends with this error. A cancellation may be on its way; it will find nothing.
    receiving_ = Receiving::kStarved;
    runtime_.starved(*this);
  } else if (result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
    end(-result);
  }
  update_receiving();
}

// Bytes that multishot received after a span was given are the span's first.
void RingWire::deliver(Received received) {
  if (!into_.empty()) [[unlikely]] {
    const std::size_t count = std::min(into_.size(), received.size());
    std::memcpy(into_.data(), received.data(), count);
    into_ = into_.subspan(count);
    received.remove_prefix(count);
    events_->on_received_into(count);
    if (received.empty() || closing_) return;
    // The connection may have asked for another span just now.
    return deliver(std::move(received));
  }
  events_->on_received(std::move(received));
}

void RingWire::receive_into_done(int result) {
  receiving_ = Receiving::kIdle;
  operation_over();
  if (closing_) return;
  if (result > 0) {
    into_ = into_.subspan(static_cast<std::size_t>(result));
    events_->on_received_into(static_cast<std::size_t>(result));
  } else if (result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
    end(-result);
  }
  update_receiving();
}

void RingWire::send(std::span<const iovec> parts) {
  CHECK(!sending_ && !closing_);
  CHECK(!parts.empty() && parts.size() <= kSendPartsMax);
  io_uring_sqe* sqe = runtime_.ring().entry();
  if (parts.size() == 1) {
    io_uring_prep_send(sqe, socket_, parts[0].iov_base, parts[0].iov_len, MSG_WAITALL | MSG_NOSIGNAL);
  } else {
    // The kernel reads the array when the turn's operations are submitted, by then the caller's is gone.
    parts_.assign(parts.begin(), parts.end());
    header_.msg_iov = parts_.data();
    header_.msg_iovlen = parts_.size();
    io_uring_prep_sendmsg(sqe, socket_, &header_, MSG_WAITALL | MSG_NOSIGNAL);
  }
  sqe->user_data = user_data(this, Operation::kSend);
  sending_ = true;
  ++in_flight_;
  runtime_.will_complete_at_once();
}

void RingWire::send_done(int result) {
  sending_ = false;
  operation_over();
  if (closing_ || broken_) return;
  if (result > 0) [[likely]] {
    events_->on_sent(static_cast<std::size_t>(result));
  } else {
    end(result == 0 ? EPIPE : -result);
  }
}

void RingWire::end(int error) {
  if (broken_ || (error == 0 && ended_)) return;
  ended_ = true;
  broken_ = error != 0;
  if (receiving_ == Receiving::kStarved) {
    runtime_.no_longer_starved(*this);
    receiving_ = Receiving::kIdle;
  }
  events_->on_end(error);
}

void RingWire::close() {
  if (closing_) return;
  closing_ = true;
  if (receiving_ == Receiving::kStarved) runtime_.no_longer_starved(*this);
  if (in_flight_ == 0) return runtime_.finished(*this);
  // The peer is to know before anybody learns that it was closed (CLIENT KILL): the ring acts only after this
  // turn.
  if (!ended_) ::shutdown(socket_, SHUT_RDWR);
  io_uring_sqe* sqe = runtime_.ring().entry();
  io_uring_prep_cancel_fd(sqe, socket_, IORING_ASYNC_CANCEL_ALL);
  sqe->user_data = user_data(this, Operation::kWireCancel);
  ++in_flight_;
}

void RingWire::cancel_done(int result) {
  operation_over();
  if (result < 0 && !closing_ && receiving_ == Receiving::kStopping) {
    // The kernel was just working on the receive, or has ended it by itself: then trying again does no harm.
    receiving_ = Receiving::kMultishot;
    update_receiving();
  }
  // What could not be cancelled, because it was being executed, ends with the connection.
  if (closing_ && in_flight_ > 0) ::shutdown(socket_, SHUT_RDWR);
}

void RingWire::operation_over() {
  CHECK(in_flight_ > 0);
  --in_flight_;
  if (closing_ && in_flight_ == 0) runtime_.finished(*this);
}

void RingWire::buffers_available() {
  receiving_ = Receiving::kIdle;
  update_receiving();
}

void RingWire::finish() {
  if (events_ != nullptr) events_->on_closed();
}

std::string RingWire::peer_name() const {
  return runtime::peer_name(socket_);
}
std::string RingWire::local_name() const {
  return runtime::local_name(socket_);
}
bool RingWire::is_unix() const {
  return is_unix_socket(socket_);
}
bool RingWire::is_loopback() const {
  return has_loopback_peer(socket_);
}
void RingWire::set_keepalive(int seconds) {
  set_socket_keepalive(socket_, seconds);
}

}  // namespace shoal::runtime
