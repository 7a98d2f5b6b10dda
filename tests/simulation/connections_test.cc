// What connections owe one another: a client that waits, or that does not read, takes nothing from the
// others.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/simulation/simulated_server.h"

namespace shoal::simulation {
namespace {

runtime::SimulationOptions conditions(CoreId cores, std::uint64_t seed) {
  runtime::SimulationOptions options;
  options.core_count = cores;
  options.seed = seed;
  return options;
}

void run_for(SimulatedServer& server, Micros duration) {
  const Micros end = server.simulation().now() + duration;
  while (server.simulation().now() < end) ASSERT_TRUE(server.step());
}

// ---- Receive buffers
// ------------------------------------------------------------------------------------------

constexpr std::uint16_t kFewBuffers = 4;
constexpr int kMoreClients = 3 * kFewBuffers;

TEST(Connections, ClientsHeldBackByAPauseLeaveReceiveBuffersToOthers) {
  const Seeds all = seeds(20);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    runtime::SimulationOptions options = conditions(2, seed);
    options.buffers = kFewBuffers;
    SimulatedServer server(options);
    TestClient& manager = server.connect();
    server.call(manager, {"CLIENT", "PAUSE", "1000000", "WRITE"});
    int held = kMoreClients;
    for (int i = 0; i < kMoreClients; ++i) {
      TestClient& client = server.connect();
      client.queue({"GET", "a"}, [](const Reply&) {});
      client.ask({"SET", fmt::format("key:{}", i), "x"}, [&held](const Reply& reply) {
        EXPECT_EQ(reply.text, "OK");
        --held;
      });
    }
    run_for(server, 1'000'000);
    EXPECT_EQ(held, kMoreClients) << how_to_rerun(seed);
    bool answered = false;
    manager.ask({"CLIENT", "UNPAUSE"}, [&answered](const Reply&) { answered = true; });
    run_for(server, 1'000'000);
    EXPECT_TRUE(answered) << how_to_rerun(seed);
    EXPECT_EQ(held, 0) << how_to_rerun(seed);
  }
}

TEST(Connections, ClientsThatDoNotReadLeaveReceiveBuffersToOthers) {
  const Seeds all = seeds(20);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    runtime::SimulationOptions options = conditions(1, seed);
    options.buffers = kFewBuffers;
    SimulatedServer server(options);
    server.call(server.connect(), {"SET", "big", std::string(5'000, 'x')});
    std::string requests;
    for (int i = 0; i < 700; ++i) requests += encode({"GET", "big"});  // a buffer full, and 3.5 MB of replies
    for (int i = 0; i < kMoreClients; ++i) {
      TestClient& client = server.connect();
      client.stop_reading();
      client.send_raw(requests);
    }
    run_for(server, 1'000'000);
    bool answered = false;
    server.connect().ask({"PING"}, [&answered](const Reply&) { answered = true; });
    run_for(server, 1'000'000);
    EXPECT_TRUE(answered) << how_to_rerun(seed);
  }
}

// ---- CLIENT PAUSE
// ---------------------------------------------------------------------------------------------

TEST(Connections, APauseEndsOnTimeAndItsCoreSleepsMeanwhile) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimulatedServer server(conditions(1, seed));
    TestClient& client = server.connect();
    server.call(client, {"PING"});
    const Micros paused_at = server.simulation().now();
    server.call(client, {"CLIENT", "PAUSE", "25"});
    const std::uint64_t steps = server.simulation().steps();
    server.call(client, {"PING"});
    EXPECT_LT(server.simulation().now() - paused_at, 27'000) << how_to_rerun(seed);
    EXPECT_LT(server.simulation().steps() - steps, 30u) << how_to_rerun(seed);
  }
}

TEST(Connections, APauseMayLastForEver) {
  SimulatedServer server(conditions(2, 1));
  TestClient& manager = server.connect();
  server.call(manager, {"CLIENT", "PAUSE", "9223372036854775807", "WRITE"});
  bool written = false;
  server.connect().ask({"SET", "a", "1"}, [&written](const Reply&) { written = true; });
  run_for(server, 1'000'000'000);
  EXPECT_FALSE(written);
  server.call(manager, {"CLIENT", "UNPAUSE"});
  ASSERT_TRUE(server.finish());
  EXPECT_TRUE(written);
}

// ---- timeout
// --------------------------------------------------------------------------------------------------

// The simulated wire takes a send as a whole, a real socket's buffers a part of it.
TEST(Connections, AClientThatReadsSlowlyIsNotIdle) {
  runtime::SimulationOptions options = conditions(1, 1);
  options.wire_capacity = kMiB;
  config::Settings settings;
  settings.network.timeout_seconds = 2;
  SimulatedServer server(options, settings);
  const std::string value(8 * kMiB, 'x');
  server.call(server.connect(), {"SET", "a", value});
  TestClient& slow = server.connect();
  bool read = false;
  slow.ask({"GET", "a"}, [&](const Reply& reply) { read = reply.text == value; });
  slow.stop_reading();
  for (int second = 0; second < 30 && !read && !slow.gone(); ++second) {
    run_for(server, 1'000'000);
    slow.read_what_is_there();
  }
  EXPECT_TRUE(read);
}

}  // namespace
}  // namespace shoal::simulation
