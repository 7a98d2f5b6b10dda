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

/// One figure of INFO.
std::uint64_t figure(SimulatedServer& server, TestClient& client, const std::string& section,
                     const std::string& name) {
  const std::string text = server.call(client, {"INFO", section}).text;
  const std::size_t at = text.find(name + ":");
  return at == std::string::npos ? 0 : std::strtoull(&text[at + name.size() + 1], nullptr, 10);
}

// ---- Receive buffers

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
  run_for(server, 100'000'000);
  EXPECT_FALSE(written);
  server.call(manager, {"CLIENT", "UNPAUSE"});
  ASSERT_TRUE(server.finish());
  EXPECT_TRUE(written);
}

// ---- timeout

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

// ---- MONITOR

/// Clients that set keys of all cores, all at the same time.
void keep_busy(SimulatedServer& server, int clients, int requests, const std::string& value) {
  for (int i = 0; i < clients; ++i) {
    TestClient& client = server.connect();
    for (int request = 0; request < requests; ++request)
      client.queue({"SET", fmt::format("key:{}", request), value}, [](const Reply&) {});
    client.send();
  }
}

bool is_line(const Reply& reply) {
  return reply.type == ReplyType::kSimpleString && reply.text.find("] \"") != std::string::npos;
}

// The OK itself waits behind the replies of other cores, and other transactions' replies come in parts.
TEST(Connections, MonitorsSeeLinesAfterTheirOkAndNeverWithinAReply) {
  const Seeds all = seeds(50);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    SimulatedServer server(conditions(4, seed));
    keep_busy(server, 8, 50, "x");
    TestClient& monitor = server.connect();
    std::vector<Reply> replies;
    std::size_t lines = 0;
    monitor.on_unasked([&](const Reply& reply) {
      is_line(reply) ? void(++lines) : replies.push_back(reply);
      EXPECT_TRUE(lines == 0 || replies.size() >= 3) << how_to_rerun(seed);
    });
    monitor.send_raw(encode({"GET", "key:1"}) + encode({"GET", "key:2"}) + encode({"MONITOR"}));
    for (int i = 0; i < 5; ++i)
      monitor.send_raw(encode({"MULTI"}) + encode({"CLIENT", "LIST"}) + encode({"GET", "key:1"}) +
                       encode({"EXEC"}));
    ASSERT_TRUE(server.finish());
    run_for(server, 1'000'000);
    ASSERT_EQ(replies.size(), 3u + 5 * 4) << how_to_rerun(seed);
    EXPECT_EQ(replies[2].text, "OK") << how_to_rerun(seed);
    EXPECT_EQ(replies.back().children.size(), 2u) << how_to_rerun(seed);
    EXPECT_GT(lines, 0u) << how_to_rerun(seed);
  }
}

TEST(Connections, AMonitorThatDoesNotReadIsClosed) {
  SimulatedServer server(conditions(2, 1));
  TestClient& monitor = server.connect();
  server.call(monitor, {"MONITOR"});
  monitor.stop_reading();
  monitor.on_unasked([](const Reply&) {});
  keep_busy(server, 1, 40, std::string(kMiB, 'x'));
  ASSERT_TRUE(server.finish());
  run_for(server, 1'000'000);
  EXPECT_TRUE(monitor.gone());
  EXPECT_EQ(figure(server, server.connect(), "stats", "client_output_buffer_limit_disconnections"), 1u);
}

/// Messages between cores for a hundred requests that need none themselves.
std::uint64_t messages_of_requests(SimulatedServer& server) {
  TestClient& client = server.connect();
  const std::uint64_t before = figure(server, client, "cores", "messages_sent");
  for (int i = 0; i < 100; ++i) server.call(client, {"PING"});
  return figure(server, client, "cores", "messages_sent") - before;
}

TEST(Connections, MonitorsCostOnlyTheCoresThatHaveThem) {
  SimulatedServer server(conditions(4, 1));
  const std::uint64_t of_info = messages_of_requests(server);
  TestClient& monitor = server.connect();
  std::size_t lines = 0;
  monitor.ask({"MONITOR"}, [](const Reply&) {});
  monitor.on_unasked([&lines](const Reply&) { ++lines; });
  ASSERT_TRUE(server.finish());
  EXPECT_LE(messages_of_requests(server), of_info + 200) << "there and back";
  run_for(server, 1'000'000);
  EXPECT_EQ(lines, 102u) << "with INFO before and after";
}

TEST(Connections, AMonitorThatGoesBeforeItsOkIsForgotten) {
  const Seeds all = seeds(20);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    SimulatedServer server(conditions(4, seed));
    const std::uint64_t of_info = messages_of_requests(server);
    for (int i = 0; i < 8; ++i) {
      TestClient& client = server.connect();
      server.call(client, {"PING"});
      client.send_raw(encode({"MONITOR"}));
      for (int steps = i; steps > 0; --steps) server.step();
      client.disconnect();
    }
    run_for(server, 1'000'000);
    EXPECT_EQ(messages_of_requests(server), of_info) << how_to_rerun(seed);
  }
}

}  // namespace
}  // namespace shoal::simulation
