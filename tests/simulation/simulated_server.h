// SimulatedServer: the whole server, all cores in one thread, under runtime::Simulation. TestClient: a client
// that sends requests and hands each reply, in order, to the function that waits for it. Everything follows
// from the seed.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/reply_parser.h"
#include "server/config/log.h"
#include "server/core/core.h"
#include "server/core/process.h"
#include "server/runtime/simulated_runtime.h"

namespace shoal::simulation {

using Args = std::vector<std::string>;
using protocol::Reply;
using protocol::ReplyType;

/// A request as it goes over the wire.
std::string encode(const Args& args);
/// The request as a person would type it, for failure messages.
std::string in_words(const Args& args);

class TestClient {
 public:
  using OnReply = std::function<void(const Reply&)>;

  TestClient(runtime::Simulation& simulation, std::size_t client_number)
      : wire_(simulation.connect()), number_(client_number) {}

  /// Sends a request, at once or with the next send(); `on_reply` is called by poll().
  void queue(const Args& args, OnReply on_reply);
  void send();
  void ask(const Args& args, OnReply on_reply) {
    queue(args, std::move(on_reply));
    send();
  }
  /// Hands over the replies that have arrived, unless it does not read. Expects no reply that was not asked
  /// for.
  void poll() {
    if (reading_) read_what_is_there();
  }
  void read_what_is_there();
  /// What is to become of replies that belong to no request: MONITOR's lines, and those to send_raw().
  void on_unasked(OnReply on_reply) { on_unasked_ = std::move(on_reply); }
  /// Reads one reply that belongs to no request; false: there is none yet.
  bool read(Reply& reply);
  /// Sends bytes as they are; their replies are unasked for.
  void send_raw(View bytes) { wire_.write(bytes); }

  std::size_t number() const { return number_; }
  std::size_t outstanding() const { return waiting_.size(); }
  /// Gone at once; replies under way are lost.
  void disconnect() {
    wire_.disconnect();
    gone_ = true;
  }
  bool gone() const { return gone_ || wire_.closed(); }
  bool is_reading() const { return reading_ && !gone(); }
  /// What the server sends stays under way.
  void stop_reading() {
    wire_.stop_reading();
    reading_ = false;
  }
  void resume_reading() {
    wire_.resume_reading();
    reading_ = true;
  }
  /// A hash of all bytes that have arrived.
  std::uint64_t bytes_hash() const { return bytes_hash_; }

 private:
  void take_bytes();

  runtime::SimulatedClient& wire_;
  std::size_t number_;
  protocol::ReplyParser parser_;
  std::string unsent_;
  std::string unread_;
  std::deque<OnReply> waiting_;
  OnReply on_unasked_;
  std::uint64_t bytes_hash_ = 14695981039346656037ULL;
  bool gone_ = false;
  bool reading_ = true;
};

class SimulatedServer {
 public:
  explicit SimulatedServer(const runtime::SimulationOptions& options, config::Settings settings = {});
  ~SimulatedServer();
  SimulatedServer(const SimulatedServer&) = delete;
  SimulatedServer& operator=(const SimulatedServer&) = delete;

  runtime::Simulation& simulation() { return simulation_; }
  dispatch::Node& node() { return process_.node; }
  TestClient& connect();
  const std::vector<std::unique_ptr<TestClient>>& clients() const { return clients_; }

  /// One turn of one core; then every client reads. False: nothing will happen any more.
  bool step();
  /// Steps until no client that reads waits for a reply. False: some still do after `steps_max`.
  bool finish(std::uint64_t steps_max = 1'000'000);
  /// One request on a connection with nothing outstanding, and its reply.
  Reply call(TestClient& client, const Args& args);
  /// As SIGTERM does. False: some core has not ended after `steps_max` turns.
  bool stop(std::uint64_t steps_max = 1'000'000);
  /// All that happened, in one number.
  std::uint64_t history() const;

 private:
  std::unique_ptr<config::Log> log_;
  runtime::IdleHost host_;
  core::Process process_;
  runtime::Simulation simulation_;
  std::vector<std::unique_ptr<core::Core>> cores_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

/// Which seeds a test tries: `count` from 1 on; SHOAL_SEEDS=n makes it n, SHOAL_SEED=s just that one.
struct Seeds {
  std::uint64_t begin;
  std::uint64_t end;
};
Seeds seeds(std::uint64_t count);
/// What a failure prints: how to run this seed again.
std::string how_to_rerun(std::uint64_t seed);

}  // namespace shoal::simulation
