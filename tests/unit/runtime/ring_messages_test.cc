// Several cores of the real runtime, on threads of their own: messages and borrowed shards.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <utility>
#include <vector>

#include "tests/unit/runtime/line_server.h"

namespace shoal::runtime {
namespace {

struct Ball : Message {
  std::uint64_t bounces = 0;
};

// Cores sleep between the bounces: each message must wake its receiver.
TEST(RingMessages, PassesABallBetweenSleepingCores) {
  constexpr std::uint64_t kBounces = 5000;
  for (const Doorbell doorbell : {Doorbell::kMessageRing, Doorbell::kEventfd}) {
    HostOptions options = local_options(2);
    options.ring.doorbell = doorbell;
    Server server(options);
    Ball ball;
    std::promise<void> done;
    bool served = false;
    for (CoreId core = 0; core < 2; ++core) {
      Runtime& runtime = server.host->runtime(core);
      server.cores[core]->on_message = [&, core](Message& message) {
        auto& got = static_cast<Ball&>(message);
        if (++got.bounces == kBounces) return done.set_value();
        runtime.post(static_cast<CoreId>(1 - core), got);
      };
    }
    server.cores[0]->on_turn = [&] {
      if (!std::exchange(served, true)) server.host->runtime(0).post(1, ball);
      return TurnResult{};
    };
    server.start();
    done.get_future().get();
    server.stop();
  }
}

// Every core floods every other and itself through mailboxes far too small, and counts what comes.
TEST(RingMessages, LosesNoMessageThroughFullMailboxes) {
  constexpr CoreId kCores = 3;
  constexpr std::uint64_t kEach = 3000;
  HostOptions options = local_options(kCores);
  options.mailbox_capacity = 4;
  Server server(options);
  std::vector<std::vector<Ball>> balls(kCores * kCores);
  std::vector<std::uint64_t> posted(kCores);
  std::vector<std::array<std::uint64_t, kCores>> seen(kCores);
  std::atomic<std::uint64_t> received{0};
  for (auto& each : balls) each = std::vector<Ball>(kEach);
  for (CoreId core = 0; core < kCores; ++core) {
    Runtime& runtime = server.host->runtime(core);
    server.cores[core]->on_message = [&, core](Message& message) {
      EXPECT_EQ(static_cast<Ball&>(message).bounces, seen[core][message.from]++);
      ++received;
    };
    server.cores[core]->on_turn = [&, core]() -> TurnResult {
      for (int burst = 0; burst < 50 && posted[core] < kEach; ++burst) {
        for (CoreId to = 0; to < kCores; ++to) {
          Ball& ball = balls[core * kCores + to][posted[core]];
          ball.bounces = posted[core];
          runtime.post(to, ball);
        }
        ++posted[core];
      }
      return {.more_work = posted[core] < kEach, .deadline = kNever};
    };
  }
  server.start();
  expect_soon([&] { return received == kCores * kCores * kEach; });
  server.stop();
}

// Two of the five are in its mailbox, the others still at the sender. The cores go before the host.
TEST(RingMessages, DiscardsWhatACoreThatEndedNeverTook) {
  HostOptions options = local_options(2);
  options.mailbox_capacity = 2;
  Server server(options);
  auto balls = std::make_unique<std::array<Ball, 5>>();
  std::promise<void> ended;
  std::uint64_t discarded = 0;
  for (CoreId core = 0; core < 2; ++core) server.cores[core]->on_discarded = [&](Message&) { ++discarded; };
  server.cores[0]->on_end = [&] { ended.set_value(); };
  server.cores[1]->on_end = [&] {
    ended.get_future().get();
    for (Ball& ball : *balls) server.host->runtime(1).post(0, ball);
    server.host->runtime(1).flush_posts();
  };
  server.start();
  server.stop();
  EXPECT_EQ(discarded, balls->size());
  server.cores.clear();
  balls.reset();
}

// Each core adds to its own counter in every turn and to its neighbour's whenever it can borrow it. The
// counters are plain: only the gates order what happens to them.
TEST(RingMessages, BorrowedShardsAreNeverTouchedByTwo) {
  constexpr CoreId kCores = 3;
  constexpr std::uint64_t kTurns = 3000;
  struct alignas(64) Shard {
    std::uint64_t counter = 0;
    std::uint64_t left_by_borrowers = 0;
  };
  Server server(local_options(kCores));
  std::vector<Shard> shards(kCores);
  std::vector<std::uint64_t> turns(kCores);
  std::vector<std::uint64_t> borrows(kCores);
  std::atomic<std::uint32_t> done{0};
  for (CoreId core = 0; core < kCores; ++core) {
    Runtime& runtime = server.host->runtime(core);
    server.cores[core]->on_turn = [&, core]() -> TurnResult {
      ++shards[core].counter;
      shards[core].left_by_borrowers = 0;
      const CoreId neighbour = static_cast<CoreId>((core + 1) % kCores);
      if (runtime.try_borrow(neighbour)) {
        ++shards[neighbour].counter;
        ++borrows[core];
        const bool leave_work = runtime.random().below(4) == 0;
        if (leave_work) ++shards[neighbour].left_by_borrowers;
        runtime.give_back(neighbour, leave_work ? AfterBorrow::kWorkLeft : AfterBorrow::kNothingLeft);
      }
      if (++turns[core] == kTurns) ++done;
      const bool naps = runtime.random().below(2) == 0;
      return {.more_work = turns[core] < kTurns && !naps,
              .deadline = turns[core] < kTurns ? runtime.now() + 20 : kNever};
    };
  }
  server.start();
  expect_soon([&] { return done == kCores; });
  server.stop();
  std::uint64_t added = 0;
  std::uint64_t counted = 0;
  for (CoreId core = 0; core < kCores; ++core) {
    added += turns[core] + borrows[core];
    counted += shards[core].counter;
  }
  EXPECT_EQ(counted, added);
}

TEST(RingMessages, WorkLeftByABorrowerWakesTheOwner) {
  Server server(local_options(2));
  bool work = false;  // of core 1's shard
  std::promise<void> seen;
  std::atomic<bool> left{false};
  server.cores[0]->on_turn = [&]() -> TurnResult {
    Runtime& runtime = server.host->runtime(0);
    if (left || !runtime.try_borrow(1)) return {.more_work = !left, .deadline = kNever};
    work = true;
    left = true;
    runtime.give_back(1, AfterBorrow::kWorkLeft);
    return {};
  };
  server.cores[1]->on_turn = [&]() -> TurnResult {
    if (std::exchange(work, false)) seen.set_value();
    return {};
  };
  server.start();
  seen.get_future().get();
  server.stop();
}

}  // namespace
}  // namespace shoal::runtime
