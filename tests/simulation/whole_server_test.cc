// What holds of the server as a whole, whichever core a client is on: counts, settings, logs and limits.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <cstdlib>
#include <map>

#include "tests/simulation/simulated_server.h"

namespace shoal::simulation {
namespace {

runtime::SimulationOptions conditions(CoreId cores, std::uint64_t seed = 1) {
  runtime::SimulationOptions options;
  options.core_count = cores;
  options.seed = seed;
  return options;
}

/// The numbers of one section of INFO.
std::map<std::string, std::uint64_t> figures(SimulatedServer& server, const std::string& section) {
  std::map<std::string, std::uint64_t> found;
  const std::string text = server.call(server.connect(), {"INFO", section}).text;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find("\r\n", begin);
    const std::string line = text.substr(begin, end - begin);
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos)
      found[line.substr(0, colon)] = std::strtoull(&line[colon + 1], nullptr, 10);
    begin = end + 2;
  }
  return found;
}

/// Clients that set single keys and several at once, all at the same time.
void work(SimulatedServer& server) {
  for (int client = 0; client < 8; ++client) {
    TestClient& busy = server.connect();
    for (int i = 0; i < 20; ++i) {
      busy.queue({"SET", fmt::format("key:{}", client * 20 + i), "x"}, [](const Reply&) {});
      busy.queue({"MSET", "a", "x", "b", "x", "c", "x", "d", "x"}, [](const Reply&) {});
    }
    busy.send();
  }
  ASSERT_TRUE(server.finish());
}

// ---- How the cores work together

TEST(WholeServer, CountsWhatCoresThatAreBusyDoForOneAnother) {
  std::map<std::string, std::uint64_t> sums;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    runtime::SimulationOptions options = conditions(4, seed);
    options.asleep_percent = 0;
    SimulatedServer server(options);
    work(server);
    for (const auto& [name, value] : figures(server, "cores")) sums[name] += value;
  }
  EXPECT_GT(sums["messages_sent"], 0u);
  EXPECT_GT(sums["remote_commands"], 0u);
  EXPECT_LE(sums["remote_commands"], 10u * 8 * 20) << "a command is counted once";
  EXPECT_EQ(sums["borrowed_commands"], 10u * 8 * 20) << "four keys lie on several cores";
  EXPECT_GE(sums["loans"], 2 * sums["borrowed_commands"]);
  EXPECT_GT(sums["loan_refusals"], 0u);
  EXPECT_EQ(sums["shards_borrowed_asleep"], 0u);
}

TEST(WholeServer, CountsTheShardsTakenFromSleepingCores) {
  runtime::SimulationOptions options = conditions(4);
  options.asleep_percent = 100;
  SimulatedServer server(options);
  TestClient& client = server.connect();
  for (int i = 0; i < 50; ++i) server.call(client, {"SET", fmt::format("key:{}", i), "x"});
  auto counted = figures(server, "cores");
  EXPECT_GT(counted["shards_borrowed_asleep"], 10u);
  EXPECT_EQ(counted["remote_commands"], 0u);
  EXPECT_EQ(counted["borrowed_commands"], 0u);
}

TEST(WholeServer, OneCoreSendsNoMessages) {
  SimulatedServer server(conditions(1));
  work(server);
  auto counted = figures(server, "cores");
  EXPECT_EQ(counted["messages_sent"], 0u);
  EXPECT_EQ(counted["remote_commands"], 0u);
  EXPECT_EQ(counted["borrowed_commands"], 0u);
}

// ---- Settings

TEST(WholeServer, ConfigSetOnSeveralCoresAtOnceLosesNothingAndLeavesThemAgreed) {
  const Seeds all = seeds(50);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    SimulatedServer server(conditions(4, seed));
    const std::vector<std::string> own = {"timeout", "slowlog-max-len", "tcp-keepalive", "maxclients"};
    for (std::size_t i = 0; i < own.size(); ++i) {
      const Args args = {"CONFIG", "SET", own[i], "77", "latency-monitor-threshold", std::to_string(i + 1)};
      server.connect().ask(args, [](const Reply& reply) { EXPECT_EQ(reply.text, "OK"); });
    }
    ASSERT_TRUE(server.finish());
    std::vector<std::string> agreed;
    for (const auto& client : server.clients()) {
      for (const std::string& name : own) {
        EXPECT_EQ(server.call(*client, {"CONFIG", "GET", name}).children[1].text, "77") << how_to_rerun(seed);
      }
      const Reply shared = server.call(*client, {"CONFIG", "GET", "latency-monitor-threshold"});
      agreed.push_back(shared.children[1].text);
      EXPECT_EQ(agreed.back(), agreed.front()) << how_to_rerun(seed);
    }
  }
}

// ---- Logs

TEST(WholeServer, SlowlogIdsFallWithTheTimeOverAllCores) {
  const Seeds all = seeds(20);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    config::Settings settings;
    settings.latency.slowlog_slower_than_us = 0;
    settings.latency.slowlog_entries_max = 10'000;
    SimulatedServer server(conditions(4, seed), settings);
    work(server);
    const Reply log = server.call(server.connect(), {"SLOWLOG", "GET", "-1"});
    ASSERT_EQ(log.children.size(), 8u * 40);
    for (std::size_t i = 1; i < log.children.size(); ++i) {
      const Reply& newer = log.children[i - 1];
      const Reply& older = log.children[i];
      EXPECT_EQ(older.children[0].integer, newer.children[0].integer - 1) << how_to_rerun(seed);
      EXPECT_LE(older.children[1].integer, newer.children[1].integer) << how_to_rerun(seed);
    }
  }
}

std::vector<std::string> latency_events(SimulatedServer& server) {
  std::vector<std::string> names;
  const Reply latest = server.call(server.connect(), {"LATENCY", "LATEST"});
  for (const Reply& event : latest.children) names.push_back(event.children[0].text);
  return names;
}

TEST(WholeServer, ReclaimingManyKeysAtOnceIsALatencyEvent) {
  runtime::SimulationOptions options = conditions(1);
  options.preempted_percent = 100;  // each look at a key takes a while
  SimulatedServer server(options);
  TestClient& client = server.connect();
  for (int i = 0; i < 100; ++i)
    server.call(client, {"SET", fmt::format("key:{}", i), "x", "PXAT", "1700000100000"});
  server.call(client, {"CONFIG", "SET", "latency-monitor-threshold", "1"});
  EXPECT_EQ(latency_events(server), std::vector<std::string>());
  for (int i = 0; i < 100'000 && server.call(client, {"DBSIZE"}).integer > 0; ++i) server.step();
  EXPECT_EQ(latency_events(server), std::vector<std::string>{"expire-cycle"});
  EXPECT_EQ(server.call(client, {"LATENCY", "RESET", "expire-cycle"}).integer, 1);
}

TEST(WholeServer, ATurnOfManyShortCommandsIsALatencyEvent) {
  config::Settings settings;
  settings.latency.monitor_threshold_ms = 1;
  SimulatedServer server(conditions(1), settings);
  TestClient& client = server.connect();
  for (int i = 0; i < 20'000; ++i) client.queue({"PING"}, [](const Reply&) {});
  client.send();
  ASSERT_TRUE(server.finish());
  EXPECT_EQ(latency_events(server), std::vector<std::string>{"turn"});
  EXPECT_GE(server.call(client, {"LATENCY", "HISTORY", "turn"}).children[0].children[1].integer, 1);
  EXPECT_EQ(server.call(client, {"LATENCY", "GRAPH", "turn"}).text.substr(0, 12), "turn - high ");
  EXPECT_NE(server.call(client, {"LATENCY", "DOCTOR"}).text.find("1. turn: "), std::string::npos);
}

TEST(WholeServer, ATurnWhoseCommandTookLongIsThatCommandsEvent) {
  config::Settings settings;
  settings.latency.monitor_threshold_ms = 50;
  settings.security.debug_command = config::Permission::kYes;
  SimulatedServer server(conditions(2), settings);
  server.call(server.connect(), {"DEBUG", "SLEEP", "0.1"});
  EXPECT_EQ(latency_events(server), std::vector<std::string>{"command"});
}

// ---- Limits

TEST(WholeServer, EveryIdleClientIsClosedHoweverManyThereAre) {
  config::Settings settings;
  settings.network.timeout_seconds = 10;
  SimulatedServer server(conditions(1), settings);
  constexpr std::size_t kClients = 2000;
  for (std::size_t i = 0; i < kClients; ++i) server.connect();
  const Micros connected_by = server.simulation().now() + 5'000'000;
  while (server.simulation().now() < connected_by) ASSERT_TRUE(server.step());
  EXPECT_EQ(figures(server, "clients")["connected_clients"], kClients + 1);
  // A round of looking at everybody takes about a second.
  const Micros closed_by = server.simulation().now() + 8'000'000;
  while (server.simulation().now() < closed_by) ASSERT_TRUE(server.step());
  EXPECT_LE(figures(server, "clients")["connected_clients"], 2u);
}

}  // namespace
}  // namespace shoal::simulation
