#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/runtime/simulated_runtime.h"
#include "tests/unit/runtime/line_connection.h"
#include "tests/unit/runtime/some_bytes.h"

namespace shoal::runtime {
namespace {

struct Numbered : Message {
  std::uint64_t number = 0;
  bool answered = false;
};

// Serves its clients; sends numbered messages round; borrows the next core's counter whenever it can.
class TestCore : public CoreLogic {
 public:
  TestCore(Runtime& runtime, Counters& seen, std::vector<std::uint64_t>& shards)
      : runtime_(runtime), seen_by_all_(seen), shards_(shards) {}

  void on_start() override { next_post_ = runtime_.now(); }
  WireEvents* on_accept(Wire& wire) override {
    ++seen_by_all_.accepted;
    connections_.push_back(std::make_unique<LineConnection>(wire, seen_by_all_));
    return connections_.back().get();
  }
  void deliver(Message& message) override {
    auto& numbered = static_cast<Numbered&>(message);
    if (numbered.from == runtime_.core() || numbered.answered) return;
    EXPECT_GE(numbered.number, seen_[numbered.from]) << "messages of one pair keep their order";
    seen_[numbered.from] = numbered.number + 1;
    ++received;
  }
  TurnResult turn() override {
    if (posted < kPosts && runtime_.now() >= next_post_) {
      for (CoreId to = 0; to < runtime_.core_count(); ++to) {
        if (to == runtime_.core()) continue;
        messages_.push_back(std::make_unique<Numbered>());
        messages_.back()->number = posted;
        runtime_.post(to, *messages_.back());
        ++sent;
      }
      ++posted;
      next_post_ = runtime_.now() + 50;
    }
    const CoreId neighbour = static_cast<CoreId>((runtime_.core() + 1) % runtime_.core_count());
    if (neighbour != runtime_.core() && runtime_.try_borrow(neighbour)) {
      ++shards_[neighbour];
      ++borrows;
      runtime_.give_back(neighbour, AfterBorrow::kNothingLeft);
    }
    return {.more_work = false, .deadline = posted < kPosts ? next_post_ : kNever};
  }
  void on_stop_requested() override { runtime_.stop(); }
  void on_stopped() override { stopped = true; }

  static constexpr std::uint64_t kPosts = 200;
  std::uint64_t posted = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t borrows = 0;
  bool stopped = false;

 private:
  Runtime& runtime_;
  Counters& seen_by_all_;
  std::vector<std::uint64_t>& shards_;
  std::vector<std::unique_ptr<LineConnection>> connections_;
  std::uint64_t seen_[8] = {};
  Micros next_post_ = 0;
  std::vector<std::unique_ptr<Numbered>> messages_;
};

struct World {
  explicit World(SimulationOptions options) : shards(options.core_count), simulation(options) {
    for (CoreId core = 0; core < options.core_count; ++core) {
      cores.push_back(std::make_unique<TestCore>(simulation.runtime(core), seen, shards));
    }
    std::vector<CoreLogic*> logics;
    for (const auto& core : cores) logics.push_back(core.get());
    simulation.start(logics);
  }
  Counters seen;
  std::vector<std::uint64_t> shards;
  Simulation simulation;
  std::vector<std::unique_ptr<TestCore>> cores;
};

std::uint64_t history_of(std::uint64_t seed) {
  World world({.core_count = 3, .seed = seed});
  SimulatedClient& client = world.simulation.connect();
  client.write("echo\n" + some_bytes(5000));
  world.simulation.run_until([] { return false; }, 3000);
  return world.simulation.history();
}

TEST(Simulation, SameSeedGivesTheSameHistory) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(history_of(seed), history_of(seed)) << "seed " << seed;
}

TEST(Simulation, AnotherSeedGivesAnotherHistory) {
  EXPECT_NE(history_of(1), history_of(2));
}

TEST(Simulation, CarriesEveryByteInOrderWhateverThePieces) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    World world({.core_count = 2, .seed = seed});
    SimulatedClient& one = world.simulation.connect();
    SimulatedClient& two = world.simulation.connect();
    one.write("echo\n" + some_bytes(100'000));
    two.write("echo\n" + some_bytes(10));
    EXPECT_TRUE(world.simulation.run_until(
        [&] { return one.received().size() == 100'000 && two.received().size() == 10; }, 200'000))
        << "seed " << seed;
    EXPECT_EQ(one.read(), some_bytes(100'000)) << "seed " << seed;
    EXPECT_EQ(two.read(), some_bytes(10)) << "seed " << seed;
  }
}

// As a big argument arrives: its span is filled in pieces, and what follows is ordinary again.
TEST(Simulation, FillsASpanStraightFromTheWireAndNothingBehindIt) {
  std::uint64_t received_into = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    for (const std::size_t size : {1u, 100u, 100'000u}) {
      World world({.seed = seed});
      SimulatedClient& client = world.simulation.connect();
      const std::string bytes = some_bytes(size) + "and what follows";
      client.write("into " + std::to_string(size) + "\n" + bytes);
      EXPECT_TRUE(
          world.simulation.run_until([&] { return client.received().size() == bytes.size(); }, 200'000));
      EXPECT_EQ(client.read(), bytes) << "seed " << seed;
      EXPECT_LE(world.seen.received_into, size);
      received_into += world.seen.received_into;
    }
  }
  EXPECT_GT(received_into, 50u * 50'000) << "most of the big ones";
}

TEST(Simulation, AClientMayLeaveBeforeASpanIsFull) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    World world({.seed = seed});
    SimulatedClient& resets = world.simulation.connect();
    SimulatedClient& ends = world.simulation.connect();
    for (SimulatedClient* client : {&resets, &ends}) client->write("into 100000\n" + some_bytes(50'000));
    EXPECT_TRUE(world.simulation.run_until([&] { return world.seen.received_into >= 40'000; }, 10'000));
    resets.disconnect();
    ends.end_writing();
    EXPECT_TRUE(world.simulation.run_until([&] { return world.seen.closed == 2; }, 10'000))
        << "seed " << seed;
  }
}

TEST(Simulation, HoldsBackWhatAClientDoesNotRead) {
  World world({.seed = 7, .wire_capacity = 1000});
  SimulatedClient& client = world.simulation.connect();
  client.stop_reading();
  client.write("echo\n" + some_bytes(50'000));
  world.simulation.run_until([] { return false; }, 100'000);
  EXPECT_EQ(client.received().size(), 1000u);
  client.resume_reading();
  EXPECT_TRUE(world.simulation.run_until([&] { return client.received().size() == 50'000; }, 100'000));
}

TEST(Simulation, TellsTheServerOfTheEndAfterTheLastByte) {
  World world({.seed = 3});
  SimulatedClient& client = world.simulation.connect();
  client.write("echo\nlast words");
  client.end_writing();
  EXPECT_TRUE(world.simulation.run_until([&] { return client.closed(); }, 10'000));
  EXPECT_EQ(client.read(), "last words");
  EXPECT_EQ(world.seen.closed, 1u);
}

TEST(Simulation, ResetsConnectionsByChance) {
  World world({.seed = 5, .disconnects_per_million = 20'000});
  for (int i = 0; i < 20; ++i) world.simulation.connect().write("echo\n" + some_bytes(20'000));
  EXPECT_TRUE(world.simulation.run_until([&] { return world.seen.closed == 20; }, 500'000));
  EXPECT_EQ(world.simulation.runtime(0).wire_count(), 0u);
}

TEST(Simulation, DeliversEveryMessageOnceThroughFullMailboxes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    World world({.core_count = 4, .seed = seed, .mailbox_capacity = 2});
    world.simulation.run_until([] { return false; }, 100'000);
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    for (const auto& core : world.cores) {
      EXPECT_EQ(core->posted, TestCore::kPosts) << "seed " << seed;
      sent += core->sent;
      received += core->received;
    }
    EXPECT_EQ(sent, received) << "seed " << seed;
  }
}

TEST(Simulation, LendsShardsSometimesAndSometimesNot) {
  World world({.core_count = 2, .seed = 11});
  world.simulation.run_until([] { return false; }, 2000);
  EXPECT_GT(world.cores[0]->borrows, 0u);
  EXPECT_LT(world.cores[0]->borrows, world.simulation.steps());
  EXPECT_EQ(world.shards[1], world.cores[0]->borrows);
}

TEST(Simulation, JumpsToTheNextDeadlineWhenNothingElseHappens) {
  World world({.seed = 1});
  const Micros start = world.simulation.now();
  EXPECT_TRUE(world.simulation.run_until([&] { return world.cores[0]->posted == TestCore::kPosts; }, 10'000));
  EXPECT_GE(world.simulation.now() - start, static_cast<Micros>(TestCore::kPosts - 1) * 50);
  EXPECT_FALSE(world.simulation.step()) << "with no deadline left nothing ever happens again";
}

TEST(Simulation, StopClosesEveryWireOnEveryCore) {
  World world({.core_count = 3, .seed = 9});
  for (int i = 0; i < 6; ++i) world.simulation.connect().write("echo\n" + some_bytes(100));
  world.simulation.run_until([] { return false; }, 200);
  world.simulation.request_stop();
  world.simulation.run_until([] { return false; }, 10'000);
  for (const auto& core : world.cores) EXPECT_TRUE(core->stopped);
  EXPECT_EQ(world.seen.accepted, 6u);
  EXPECT_EQ(world.seen.closed, 6u);
}

}  // namespace
}  // namespace shoal::runtime
