// What becomes of a client's requests when something ends: the client, its transaction, its patience.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/simulation/simulated_server.h"

namespace shoal::simulation {
namespace {

runtime::SimulationOptions conditions(CoreId cores, std::uint64_t seed = 1) {
  runtime::SimulationOptions options;
  options.core_count = cores;
  options.seed = seed;
  return options;
}

/// Sends requests whose replies do not matter, all at once.
void ask_all(TestClient& client, const std::vector<Args>& requests) {
  for (const Args& request : requests) client.queue(request, [](const Reply&) {});
  client.send();
}

/// Lets the server run for a number of turns that the seed chooses.
void run_for_a_while(SimulatedServer& server, std::uint64_t seed, std::uint64_t turns_max) {
  for (std::uint64_t turns = Random(seed).below(turns_max); turns > 0; --turns) server.step();
}

TEST(Endings, ATransactionThatHasBegunIsDoneWhenItsClientGoes) {
  int done = 0;
  const Seeds all = seeds(200);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    SimulatedServer server(conditions(4, seed));
    TestClient& client = server.connect();
    // INFO gathers from every core.
    ask_all(client,
            {{"MULTI"}, {"SET", "a", "1"}, {"INFO"}, {"INFO"}, {"INFO"}, {"SET", "b", "1"}, {"EXEC"}});
    run_for_a_while(server, seed, 200);
    client.disconnect();
    const Reply both = server.call(server.connect(), {"MGET", "a", "b"});
    EXPECT_EQ(both.children[0].type, both.children[1].type) << how_to_rerun(seed);
    done += both.children[0].type == ReplyType::kBulk ? 1 : 0;
  }
  EXPECT_GT(done, 0);
  EXPECT_LT(done, static_cast<int>(all.end - all.begin)) << "no client went before its EXEC";
}

TEST(Endings, WatchesEndWithTheirClientWhateverItWasDoing) {
  const Seeds all = seeds(200);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    SimulatedServer server(conditions(4, seed));
    TestClient& client = server.connect();
    ASSERT_EQ(server.call(client, {"WATCH", "a", "b", "c"}).text, "OK");
    ask_all(client,
            {{"MGET", "d", "e", "f", "g"}, {"MULTI"}, {"SET", "a", "1"}, {"SET", "g", "1"}, {"EXEC"}});
    run_for_a_while(server, seed, 60);
    client.disconnect();
    TestClient& other = server.connect();
    for (int i = 0; i < 50; ++i) server.call(other, {"MGET", "a", "b", "c", "d", "e", "f", "g"});
    for (const std::string name : {"a", "b", "c"}) {
      const WatchedKeys* watched = server.node().keyspace().slot(key_slot(name)).watched();
      EXPECT_EQ(watched == nullptr ? 0 : watched->version(0, name), 0u) << name << ' ' << how_to_rerun(seed);
    }
  }
}

TEST(Endings, ATransactionWithoutRepliesMayHoldCommandsThatReplyLater) {
  SimulatedServer server(conditions(2));
  TestClient& client = server.connect();
  client.send_raw("CLIENT REPLY OFF\r\nMULTI\r\nINFO\r\nINFO\r\nEXEC\r\n");  // none of it is answered
  client.queue({"CLIENT", "REPLY", "ON"}, [](const Reply& reply) { EXPECT_EQ(reply.text, "OK"); });
  client.queue({"PING"}, [](const Reply& reply) { EXPECT_EQ(reply.text, "PONG"); });
  client.send();
  EXPECT_TRUE(server.finish());
}

TEST(Endings, TheSlowLogKnowsArgumentsThatWereFreedSince) {
  const Seeds all = seeds(20);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    config::Settings settings;
    settings.latency.slowlog_slower_than_us = 0;
    runtime::SimulationOptions options = conditions(4, seed);
    options.asleep_percent = 0;
    SimulatedServer server(options, settings);
    TestClient& client = server.connect();
    const std::string big(100'000, 'v');
    for (const std::string key : {"a", "b", "c", "d"}) {
      client.queue({"SET", key, big}, [](const Reply&) {});
      client.queue({"SET", key, "small"}, [](const Reply&) {});
    }
    client.send();
    ASSERT_TRUE(server.finish());
    const Reply log = server.call(client, {"SLOWLOG", "GET", "-1"});
    int found = 0;
    for (const Reply& entry : log.children) {
      const std::string& value = entry.children[3].children.back().text;
      if (value.size() < 100) continue;
      EXPECT_EQ(value, std::string(128, 'v') + "... (99872 more bytes)") << how_to_rerun(seed);
      ++found;
    }
    EXPECT_EQ(found, 4) << how_to_rerun(seed);
  }
}

TEST(Endings, NoRequestIsBegunForAClientThatDoesNotTakeItsReplies) {
  constexpr int kRequests = 250;
  SimulatedServer server(conditions(1));
  TestClient& client = server.connect();
  ASSERT_EQ(server.call(client, {"SET", "big", std::string(200'000, 'v')}).text, "OK");
  client.stop_reading();
  for (int i = 0; i < kRequests; ++i) client.queue({"GET", "big"}, [](const Reply&) {});
  client.send();
  TestClient& other = server.connect();
  for (int i = 0; i < 20; ++i) {
    const std::string memory = server.call(other, {"CLIENT", "LIST"}).text;
    const std::size_t begin = memory.find("omem=");
    EXPECT_LT(std::stoul(memory.substr(begin + 5)), kMiB + 300'000);
  }
  client.resume_reading();
  EXPECT_TRUE(server.finish()) << "all are answered in the end";
}

TEST(Endings, AKeyThatExpiresWhileACommandRunsIsNotSeenByTheNext) {
  config::Settings settings;
  settings.security.debug_command = config::Permission::kYes;
  SimulatedServer server(conditions(1), settings);
  TestClient& client = server.connect();
  client.queue({"SET", "key", "value", "PX", "20"}, [](const Reply& reply) { EXPECT_EQ(reply.text, "OK"); });
  client.queue({"DEBUG", "SLEEP", "0.06"}, [](const Reply& reply) { EXPECT_EQ(reply.text, "OK"); });
  client.queue({"GET", "key"}, [](const Reply& reply) { EXPECT_EQ(reply.type, ReplyType::kNull); });
  client.send();
  EXPECT_TRUE(server.finish());
}

}  // namespace
}  // namespace shoal::simulation
