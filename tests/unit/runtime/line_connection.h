// LineConnection: what the tests of both runtimes connect clients to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/runtime/wire.h"

namespace shoal::runtime {

/// What the connections of one server have seen, together.
struct Counters {
  std::atomic<std::uint32_t> accepted{0};  // connections
  std::atomic<std::uint32_t> closed{0};
  std::atomic<std::uint32_t> core_mask{0};      // cores that accepted
  std::atomic<std::uint64_t> received_into{0};  // bytes
};

/// Speaks a protocol of one line:
///   echo            everything after the line comes back
///   into N          the next N bytes are received straight into one span, then come back with what follows
///   flood N         N bytes are sent
///   flood-close N   N bytes are sent, and the wire is closed while they are under way
///   parts           one send of three parts
class LineConnection final : public WireEvents {
 public:
  LineConnection(Wire& wire, Counters& counters) : wire_(wire), counters_(counters) { wire_.receive(); }

  void on_received(Received&& received) override;
  void on_received_into(std::size_t count) override;
  void on_sent(std::size_t count) override;
  void on_end(int error) override;
  void on_closed() override { counters_.closed.fetch_add(1); }

 private:
  void obey(const std::string& rest);
  void receive_big(std::size_t count, const std::string& rest);
  void send_parts();
  void reply_later(View bytes);
  void flush();
  void send_rest();

  Wire& wire_;
  Counters& counters_;
  std::string line_;
  std::string waiting_;
  std::string sending_;
  std::string big_;
  std::size_t missing_ = 0;
  std::size_t sent_ = 0;
  std::vector<iovec> parts_;
  bool echoing_ = false;
  bool ended_ = false;
};

}  // namespace shoal::runtime
