// What the tests of the real runtime share: a server of small test cores over real sockets, and blocking
// clients that drive it from the test's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/runtime/ring_host.h"
#include "tests/unit/runtime/line_connection.h"
#include "tests/unit/runtime/some_bytes.h"

namespace shoal::runtime {

/// A core of LineConnections, to whose events a test adds what it wants.
class LineCore : public CoreLogic {
 public:
  LineCore(Runtime& runtime, Counters& counters) : runtime_(runtime), counters_(counters) {}
  virtual ~LineCore() = default;

  WireEvents* on_accept(Wire& wire) override;
  void deliver(Message& message) override {
    if (on_message) on_message(message);
  }
  TurnResult turn() override { return on_turn ? on_turn() : TurnResult{}; }
  void on_stop_requested() override { runtime_.stop(); }
  void on_stopped() override {
    if (on_end) on_end();
  }
  void discard(Message& message) override {
    if (on_discarded) on_discarded(message);
  }

  bool refuse_clients = false;
  std::function<void(const Wire&)> on_client;
  std::function<void(Message&)> on_message;
  std::function<TurnResult()> on_turn;
  std::function<void()> on_end;
  std::function<void(Message&)> on_discarded;

 private:
  Runtime& runtime_;
  Counters& counters_;
  std::vector<std::unique_ptr<LineConnection>> connections_;
};

/// Options for a server on a free port of 127.0.0.1.
HostOptions local_options(CoreId core_count = 1);

struct Server {
  explicit Server(const HostOptions& options = local_options());
  ~Server() { host.reset(); }

  void start();
  /// For tests whose cores refer to the test's own variables.
  void stop();

  Counters counters;
  std::unique_ptr<RingHost> host;
  std::vector<std::unique_ptr<LineCore>> cores;
};

/// A client with a blocking socket.
class Client {
 public:
  static Client of_port(std::uint32_t port);    // of 127.0.0.1
  static Client of_port_6(std::uint32_t port);  // of ::1
  static Client of_path(const std::string& path);
  Client(Client&& other) noexcept;
  ~Client();

  void write(View bytes) const;
  /// Exactly so many bytes, or fewer if the stream ends.
  std::string read(std::size_t count) const;
  void end_writing() const;

 private:
  explicit Client(int family);

  int socket_;
};

/// Fails unless the condition holds within ten seconds.
void expect_soon(const std::function<bool()>& condition);

}  // namespace shoal::runtime
