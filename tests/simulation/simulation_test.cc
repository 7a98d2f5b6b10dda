// The whole server over thousands of seeds: see docs/testing.md.
#include <gtest/gtest.h>

#include "tests/simulation/history.h"
#include "tests/simulation/random_commands.h"
#include "tests/simulation/workloads.h"

namespace shoal::simulation {
namespace {

struct Total {
  std::uint64_t seeds = 0;
  std::uint64_t operations = 0;
  std::uint64_t gave_up = 0;
};

// Runs a workload on `count` seeds, or those asked for, up to the first that shows a violation.
template <class Workload>
Total run_seeds(std::uint64_t count, Workload&& workload) {
  const Seeds all = seeds(count);
  Total total;
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    const Outcome outcome = workload(seed);
    EXPECT_EQ(outcome.violation, "");
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << how_to_rerun(seed);
      break;
    }
    ++total.seeds;
    total.operations += outcome.operations;
    total.gave_up += outcome.gave_up;
  }
  return total;
}

TEST(Simulation, TransfersKeepTheSumGroupsStayWholeAndNoIncrementIsLost) {
  const Total total = run_seeds(1500, [](std::uint64_t seed) { return run_transfers(seed); });
  EXPECT_GT(total.operations, total.seeds * 40) << "too little of the workload got through";
}

TEST(Simulation, EveryHistoryIsStrictlySerialisable) {
  const Total total = run_seeds(4000, [](std::uint64_t seed) { return run_history(seed, Mix::kEverything); });
  EXPECT_GT(total.operations, total.seeds * 12) << "too little of the workload got through";
  EXPECT_LE(total.gave_up, total.seeds / 100 + 1) << "the search has to be made to end";
}

TEST(Simulation, WalksReportEveryKeyThatStaysOnce) {
  const Total total = run_seeds(1000, [](std::uint64_t seed) { return run_walks(seed); });
  EXPECT_GT(total.operations, total.seeds * 10) << "too few walks got to their end";
}

TEST(Simulation, TheSameSeedGivesTheSameHistory) {
  const Seeds all = seeds(30);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    EXPECT_EQ(run_transfers(seed).history, run_transfers(seed).history) << how_to_rerun(seed);
    EXPECT_EQ(run_walks(seed).history, run_walks(seed).history) << how_to_rerun(seed);
    EXPECT_EQ(run_history(seed, Mix::kEverything).history, run_history(seed, Mix::kEverything).history)
        << how_to_rerun(seed);
  }
  EXPECT_NE(run_transfers(1).history, run_transfers(2).history);
}

TEST(Simulation, OneClientGetsTheModelsRepliesOnAnyNumberOfCores) {
  const Seeds all = seeds(400);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    runtime::SimulationOptions conditions = draw_conditions(seed);
    conditions.disconnects_per_million = 0;
    SimulatedServer server(conditions);
    TestClient& client = server.connect();
    Random random(seed);
    RandomCommands commands(random, Mix::kEverything);
    KeyValueModel model;
    for (int batch = 0; batch < 20; ++batch) {
      for (std::uint64_t count = 1 + random.below(100); count > 0; --count) {
        const Args args = commands.command();
        client.queue(args, [&, args, expected = model.apply(args)](const Reply& reply) {
          EXPECT_EQ(describe(reply), describe(expected)) << in_words(args) << ", " << how_to_rerun(seed);
        });
      }
      client.send();
      ASSERT_TRUE(server.finish()) << how_to_rerun(seed);
      ASSERT_FALSE(HasFailure()) << how_to_rerun(seed);
    }
  }
}

// From 64 KB on an argument's bytes go from the wire straight to their place; smaller ones pass through
// buffers.
TEST(Simulation, BigArgumentsArriveWholeWhateverThePiecesAndWhoeverOwnsTheKey) {
  const Seeds all = seeds(60);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    runtime::SimulationOptions conditions = draw_conditions(seed);
    conditions.disconnects_per_million = 0;
    SimulatedServer server(conditions);
    TestClient& client = server.connect();
    Random random(seed);
    for (const std::size_t size : {40'000u, 70'000u, 300'000u}) {
      std::string value(size, '\0');
      for (char& byte : value) byte = static_cast<char>(random.next());
      for (const char* key : {"one", "two", "three"}) {
        client.queue({"SET", key, value}, [](const Reply& reply) { EXPECT_EQ(reply.text, "OK"); });
        client.queue({"APPEND", key, value},
                     [size](const Reply& reply) { EXPECT_EQ(reply.integer, 2 * size); });
      }
      client.send();
      ASSERT_TRUE(server.finish()) << how_to_rerun(seed);
      for (const char* key : {"one", "two", "three"})
        ASSERT_TRUE(server.call(client, {"GET", key}).text == value + value) << how_to_rerun(seed);
    }
  }
}

TEST(Simulation, AClientThatLeavesInTheMiddleOfABigArgumentLeavesNothingBehind) {
  const Seeds all = seeds(60);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    SimulatedServer server(draw_conditions(seed));
    TestClient& leaving = server.connect();
    const std::string request = encode({"SET", "key", std::string(200'000, 'x')});
    leaving.send_raw(request.substr(0, 1 + Random(seed).below(request.size() - 1)));
    for (std::uint64_t steps = Random(seed).below(200); steps > 0; --steps) server.step();
    leaving.disconnect();
    TestClient& next = server.connect();
    next.ask({"EXISTS", "key"}, [](const Reply& reply) { EXPECT_EQ(reply.integer, 0); });
    EXPECT_TRUE(server.finish()) << how_to_rerun(seed);
  }
}

TEST(Simulation, AClientThatDoesNotReadHoldsUpNobody) {
  const Seeds all = seeds(50);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    runtime::SimulationOptions conditions = draw_conditions(seed, 2);
    conditions.disconnects_per_million = 0;
    SimulatedServer server(conditions);
    TestClient& busy = server.connect();
    ASSERT_EQ(server.call(busy, {"MSET", "one", "1", "two", std::string(5000, 'x')}).text, "OK");
    TestClient& dead = server.connect();
    dead.stop_reading();
    for (int i = 0; i < 300; ++i) dead.queue({"MGET", "one", "two", "three"}, [](const Reply&) {});
    dead.send();
    for (int i = 0; i < 30; ++i) {
      int replies = 0;
      busy.queue({"SET", "one", "2"}, [&](const Reply&) { ++replies; });
      busy.queue({"MGET", "one", "two", "three"}, [&](const Reply&) { ++replies; });
      busy.send();
      for (int step = 0; step < 20'000 && replies < 2; ++step) server.step();
      ASSERT_EQ(replies, 2) << how_to_rerun(seed);
    }
    dead.resume_reading();
    EXPECT_TRUE(server.finish()) << "the slow client gets all its replies in the end, " << how_to_rerun(seed);
  }
}

TEST(Simulation, TheWorkOfAWalkOnAllCoresIsItsTimeInTheSlowLog) {
  SimulatedServer server({.core_count = 4, .clock_step = 300});
  TestClient& client = server.connect();
  ASSERT_EQ(server.call(client, {"CONFIG", "SET", "slowlog-log-slower-than", "10000"}).text, "OK");
  server.call(client, {"GET", "a"});
  server.call(client, {"KEYS", "*"});
  const Reply log = server.call(client, {"SLOWLOG", "GET"});
  ASSERT_EQ(log.children.size(), 1u) << describe(log);
  EXPECT_EQ(log.children[0].children[3].children[0].text, "KEYS");
}

TEST(Simulation, ACommandGetsItsTurnHoweverOftenItsSlotIsBorrowed) {
  const Seeds all = seeds(50);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    runtime::SimulationOptions conditions = draw_conditions(seed, 2);
    conditions.disconnects_per_million = 0;
    conditions.asleep_percent = 0;
    SimulatedServer server(conditions);
    bool counting = true;
    std::function<void(TestClient&)> borrow = [&](TestClient& client) {
      client.ask({"DBSIZE"}, [&](const Reply&) {
        if (counting) borrow(client);
      });
    };
    for (int i = 0; i < 6; ++i) borrow(server.connect());
    // One after another: each waits for its slot on its own.
    TestClient& client = server.connect();
    int answered = 0;
    std::function<void()> increment = [&] {
      client.ask({"INCR", std::to_string(answered)}, [&](const Reply&) {
        if (++answered < 20) increment();
      });
    };
    increment();
    for (int step = 0; step < 100'000 && answered < 20; ++step) server.step();
    EXPECT_EQ(answered, 20) << how_to_rerun(seed);
    counting = false;
    ASSERT_TRUE(server.finish()) << how_to_rerun(seed);
  }
}

TEST(Simulation, AWalkEndsHoweverOftenItsSlotsAreBorrowed) {
  const Seeds all = seeds(50);
  for (std::uint64_t seed = all.begin; seed < all.end; ++seed) {
    runtime::SimulationOptions conditions = draw_conditions(seed, 2);
    conditions.disconnects_per_million = 0;
    conditions.asleep_percent = 0;
    SimulatedServer server(conditions);
    TestClient& walker = server.connect();
    Args keys{"MSET"};
    for (int i = 0; i < 300; ++i) keys.insert(keys.end(), {std::to_string(i), "v"});
    ASSERT_EQ(server.call(walker, keys).text, "OK");
    // At every moment somebody has all slots, or waits for them.
    bool walking = true;
    std::function<void(TestClient&)> borrow = [&](TestClient& client) {
      client.ask({"DBSIZE"}, [&](const Reply&) {
        if (walking) borrow(client);
      });
    };
    for (int i = 0; i < 6; ++i) borrow(server.connect());
    std::size_t found = 0;
    walker.queue({"KEYS", "*"}, [&](const Reply& reply) { found = reply.children.size(); });
    walker.queue({"SCAN", "0", "COUNT", "1000"}, [&](const Reply& reply) {
      EXPECT_EQ(reply.children[1].children.size(), found);
      walking = false;
    });
    walker.send();
    for (int step = 0; step < 100'000 && walking; ++step) server.step();
    EXPECT_FALSE(walking) << how_to_rerun(seed);
    EXPECT_EQ(found, 300u) << how_to_rerun(seed);
    walking = false;
    ASSERT_TRUE(server.finish()) << how_to_rerun(seed);
  }
}

// ---- The checker itself

Operation operation(std::size_t client, const Args& args, std::uint64_t sent, std::uint64_t replied,
                    const Reply& reply) {
  return {.kind = Operation::Kind::kCommand,
          .client = client,
          .commands = {args},
          .sent = sent,
          .replied = replied,
          .reply = reply};
}

TEST(HistoryChecker, AcceptsOverlappingOperationsInEitherOrder) {
  for (const Reply& seen : {Reply(), bulk("1")}) {
    HistoryChecker checker(
        {operation(0, {"SET", "a", "1"}, 1, 4, status("OK")), operation(1, {"GET", "a"}, 2, 3, seen)});
    EXPECT_EQ(checker.check(), Verdict::kSerialisable);
  }
}

TEST(HistoryChecker, RejectsAReadOfThePastAfterTheWriteWasConfirmed) {
  HistoryChecker checker(
      {operation(0, {"SET", "a", "1"}, 1, 2, status("OK")), operation(1, {"GET", "a"}, 3, 4, Reply())});
  EXPECT_EQ(checker.check(), Verdict::kNot);
}

TEST(HistoryChecker, RejectsTwoReadersThatSeeTwoWritesInDifferentOrders) {
  const Reply only_a{.type = ReplyType::kArray, .children = {bulk("1"), Reply()}};
  const Reply only_b{.type = ReplyType::kArray, .children = {Reply(), bulk("1")}};
  HistoryChecker checker({operation(0, {"SET", "a", "1"}, 1, 9, status("OK")),
                          operation(1, {"SET", "b", "1"}, 2, 9, status("OK")),
                          operation(2, {"MGET", "a", "b"}, 3, 9, only_a),
                          operation(3, {"MGET", "a", "b"}, 4, 9, only_b)});
  EXPECT_EQ(checker.check(), Verdict::kNot);
}

TEST(HistoryChecker, AnOperationWhoseClientLeftMayHaveHappenedOrNot) {
  Operation lost = operation(0, {"SET", "a", "1"}, 1, 0, Reply());
  lost.reply.reset();
  for (const Reply& seen : {Reply(), bulk("1")}) {
    HistoryChecker checker({lost, operation(1, {"GET", "a"}, 5, 6, seen)});
    EXPECT_EQ(checker.check(), Verdict::kSerialisable);
  }
  HistoryChecker checker(
      {lost, operation(1, {"GET", "a"}, 5, 6, bulk("1")), operation(1, {"GET", "a"}, 7, 8, Reply())});
  EXPECT_EQ(checker.check(), Verdict::kNot) << "it cannot be undone";
}

TEST(HistoryChecker, ATransactionAbortsIfAndOnlyIfAWatchedKeyChanged) {
  Operation watch = operation(0, {"WATCH", "a"}, 1, 2, status("OK"));
  watch.kind = Operation::Kind::kWatch;
  Operation exec = operation(0, {"SET", "a", "2"}, 5, 6, Reply());
  exec.kind = Operation::Kind::kTransaction;
  const Operation write = operation(1, {"SET", "a", "1"}, 3, 4, status("OK"));
  EXPECT_EQ(HistoryChecker({watch, write, exec}).check(), Verdict::kSerialisable);
  EXPECT_EQ(HistoryChecker({watch, exec}).check(), Verdict::kNot);
  exec.reply = Reply{.type = ReplyType::kArray, .children = {status("OK")}};
  EXPECT_EQ(HistoryChecker({watch, write, exec}).check(), Verdict::kNot);
}

}  // namespace
}  // namespace shoal::simulation
