// RingWire: a socket driven by one core's ring.
//
// Receiving is in one of these states; update_receiving() moves between them after every event:
//   idle        nothing asked of the kernel (ended, or never started)
//   multishot   the kernel fills buffers of the ring until it is told to stop, for a span's sake
//   stopping    multishot, with its cancellation on the way
//   into        one receive to the rest of a span is under way
//   starved     the kernel found no buffer; the runtime calls buffers_available() when it has some
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/runtime/ring.h"
#include "server/runtime/wire.h"

namespace shoal::runtime {

class RingRuntime;

class alignas(kOperationAlignment) RingWire final : public Wire {
 public:
  /// Owns the socket from here.
  RingWire(RingRuntime& runtime, int socket);
  ~RingWire();

  void set_events(WireEvents* events) { events_ = events; }

  void receive() override;
  void receive_into(std::span<char> span) override;
  void send(std::span<const iovec> parts) override;
  bool sending() const override { return sending_; }
  void close() override;

  std::string peer_name() const override;
  std::string local_name() const override;
  bool is_unix() const override;
  bool is_loopback() const override;
  int descriptor() const override { return socket_; }
  void set_keepalive(int seconds) override;

  // From the runtime: completions, by Operation.
  void receive_done(int result, std::uint32_t flags);
  void receive_into_done(int result);
  void send_done(int result);
  void cancel_done(int result);
  void buffers_available();
  /// Nothing refers to the wire any more: tells the connection. The runtime destroys the wire next.
  void finish();

 private:
  friend class RingRuntime;  // its list of all wires runs through previous_ and next_

  enum class Receiving : std::uint8_t { kIdle, kMultishot, kStopping, kInto, kStarved };

  void update_receiving();
  void arm_multishot();
  void arm_into();
  void cancel_multishot();
  void deliver(Received received);
  void end(int error);
  void operation_over();

  RingRuntime& runtime_;
  WireEvents* events_ = nullptr;
  int socket_;
  std::uint8_t in_flight_ = 0;  // operations whose last completion has not been seen
  Receiving receiving_ = Receiving::kIdle;
  bool receive_wanted_ = false;
  bool sending_ = false;
  bool ended_ = false;   // the peer sends no more, or broken
  bool broken_ = false;  // on_end was called with an error
  bool closing_ = false;
  std::span<char> into_;      // what is left to fill
  msghdr header_{};           // of a send of several parts, read by the kernel at submission
  std::vector<iovec> parts_;  // that header_ names
  RingWire* previous_ = nullptr;
  RingWire* next_ = nullptr;
};

}  // namespace shoal::runtime
