// SimulatedWire: a connection that exists only in memory, with its client's end. Bytes move when the
// simulation says so, in pieces of random size; the seed decides everything.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/runtime/wire.h"
#include "storage/base/random.h"

namespace shoal::runtime {

/// The receive buffers of one simulated core: a fixed number of them, each allocated to the exact size of
/// what it holds, so that the address sanitizer sees a byte read too far or too late.
class SimulatedBuffers final : public BufferSource {
 public:
  explicit SimulatedBuffers(std::uint16_t count);
  ~SimulatedBuffers();
  bool available() const { return !free_.empty(); }
  std::size_t lent() const { return buffers_.size() - free_.size(); }
  Received fill(View bytes);
  void give_back(std::uint16_t buffer) override;
  bool is_scarce() const override { return lent() > buffers_.size() / 2; }

 private:
  std::vector<std::unique_ptr<char[]>> buffers_;
  std::vector<std::uint16_t> free_;
};

/// The bytes between a client and its wire, both ways.
struct SimulatedPipe {
  std::string to_server;
  std::string to_client;
  bool client_writes = true;     // false: the server sees the end after to_server
  bool client_reads = true;      // false: to_client takes only `capacity` bytes
  bool client_connected = true;  // false: reset; both ways are dead
  bool server_connected = true;  // false: the server has closed
  std::size_t capacity = 0;      // what the sockets' buffers hold for a client that does not read
};

/// A client, as a test drives it. Calls take effect in later steps of the simulation.
class SimulatedClient {
 public:
  explicit SimulatedClient(SimulatedPipe& pipe) : pipe_(pipe) {}

  void write(View bytes) { pipe_.to_server.append(bytes); }
  /// All that has arrived and was not read before.
  std::string read();
  /// The same, without taking it.
  View received() const { return pipe_.to_client; }
  void stop_reading() { pipe_.client_reads = false; }
  void resume_reading() { pipe_.client_reads = true; }
  void end_writing() { pipe_.client_writes = false; }
  /// Gone at once, as by a reset: what is under way is lost.
  void disconnect() { pipe_.client_connected = false; }
  /// The server has closed the connection (what it sent before can still be read).
  bool closed() const { return !pipe_.server_connected; }

 private:
  SimulatedPipe& pipe_;
};

class SimulatedWire final : public Wire {
 public:
  SimulatedWire(std::uint32_t number, SimulatedPipe& pipe, SimulatedBuffers& buffers, Random& random)
      : number_(number), pipe_(pipe), buffers_(buffers), random_(random) {}

  void set_events(WireEvents* events) { events_ = events; }

  void receive() override { receive_wanted_ = true; }
  void receive_into(std::span<char> span) override;
  void send(std::span<const iovec> parts) override;
  bool sending() const override { return !parts_.empty(); }
  void close() override { closing_ = true; }

  std::string peer_name() const override { return "127.0.0.1:" + std::to_string(10000 + number_); }
  std::string local_name() const override { return "127.0.0.1:6379"; }
  bool is_unix() const override { return false; }
  bool is_loopback() const override { return true; }
  int descriptor() const override { return static_cast<int>(number_); }
  void set_keepalive(int) override {}

  /// True if step() could make something happen.
  bool ready() const;
  /// Lets one thing happen. Returns a number that names it, for the history; 0: nothing.
  std::uint64_t step();
  bool closed() const { return closed_; }
  void reset_by_client() { pipe_.client_connected = false; }

 private:
  bool can_receive() const;
  bool can_send() const;
  std::uint64_t receive_some();
  std::uint64_t send_some();
  std::uint64_t end(int error);
  std::uint64_t finish();
  std::size_t piece_of(std::size_t available, std::size_t most);

  std::uint32_t number_;
  SimulatedPipe& pipe_;
  SimulatedBuffers& buffers_;
  Random& random_;
  WireEvents* events_ = nullptr;
  bool receive_wanted_ = false;
  std::span<char> into_;
  std::vector<iovec> parts_;  // of the send in flight
  std::size_t sent_ = 0;      // bytes of it that have gone
  bool ended_ = false;
  bool broken_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace shoal::runtime
