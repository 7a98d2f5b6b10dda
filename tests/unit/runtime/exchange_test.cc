#include "server/runtime/exchange.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace shoal::runtime {
namespace {

struct Numbered : Message {
  std::uint64_t number = 0;
};

std::vector<std::uint64_t> drain_numbers(Exchange& exchange, CoreId to) {
  std::vector<std::uint64_t> numbers;
  exchange.drain(
      to, [&](Message& message) { numbers.push_back(static_cast<Numbered&>(message).number); },
      [](CoreId) {});
  return numbers;
}

struct Batch {
  explicit Batch(std::size_t count) : messages(count) {
    for (std::size_t i = 0; i < count; ++i) {
      messages[i].number = i;
      outbox.push(messages[i]);
    }
  }
  std::vector<Numbered> messages;
  MessageList outbox;
};

TEST(Exchange, DeliversInTheOrderOfSending) {
  Exchange exchange(2, 8);
  Batch batch(5);
  EXPECT_FALSE(exchange.has_mail(1));
  EXPECT_TRUE(exchange.send(0, 1, batch.outbox).complete);
  EXPECT_TRUE(exchange.has_mail(1));
  EXPECT_FALSE(exchange.has_mail(0));
  EXPECT_EQ(drain_numbers(exchange, 1), (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
  EXPECT_FALSE(exchange.has_mail(1));
}

TEST(Exchange, LeavesWhatDoesNotFitInTheOutbox) {
  Exchange exchange(2, 4);
  Batch batch(10);
  EXPECT_FALSE(exchange.send(0, 1, batch.outbox).complete);
  EXPECT_EQ(batch.outbox.size(), 6u);
  EXPECT_FALSE(exchange.send(0, 1, batch.outbox).complete);
  EXPECT_EQ(batch.outbox.size(), 6u);
  EXPECT_EQ(drain_numbers(exchange, 1), (std::vector<std::uint64_t>{0, 1, 2, 3}));
  EXPECT_FALSE(exchange.send(0, 1, batch.outbox).complete);
  EXPECT_EQ(drain_numbers(exchange, 1), (std::vector<std::uint64_t>{4, 5, 6, 7}));
  EXPECT_TRUE(exchange.send(0, 1, batch.outbox).complete);
  EXPECT_EQ(drain_numbers(exchange, 1), (std::vector<std::uint64_t>{8, 9}));
}

TEST(Exchange, MakesASenderThatWaitsForRoomHaveATurn) {
  Exchange exchange(2, 4);
  Batch batch(5);
  EXPECT_FALSE(exchange.send(0, 1, batch.outbox).complete);
  exchange.gate(0).open(Visit::kMayBlock);
  std::vector<CoreId> rung;
  exchange.drain(
      1, [](Message&) {}, [&](CoreId core) { rung.push_back(core); });
  EXPECT_EQ(rung, (std::vector<CoreId>{0}));
  EXPECT_TRUE(exchange.has_mail(0));
}

TEST(Exchange, WantsADoorbellOnlyForASleeper) {
  Exchange exchange(3, 4);
  Batch batch(1);
  EXPECT_FALSE(exchange.send(0, 1, batch.outbox).ring_doorbell);
  drain_numbers(exchange, 1);
  exchange.gate(1).open(Visit::kMayBlock);
  Batch second(1);
  EXPECT_TRUE(exchange.send(0, 1, second.outbox).ring_doorbell);
  Batch third(1);
  EXPECT_FALSE(exchange.send(2, 1, third.outbox).ring_doorbell);
}

TEST(Exchange, KeepsTheSendersOfManyCoresApart) {
  Exchange exchange(200, 64);
  Batch from_3(2);
  Batch from_190(3);
  exchange.send(3, 70, from_3.outbox);
  exchange.send(190, 70, from_190.outbox);
  EXPECT_EQ(drain_numbers(exchange, 70), (std::vector<std::uint64_t>{0, 1, 0, 1, 2}));
  EXPECT_FALSE(exchange.has_mail(71));
}

// A core that sleeps on a condition variable in place of a ring.
struct Bed {
  void ring() {
    const std::lock_guard lock(mutex);
    rung = true;
    bell.notify_one();
  }
  void sleep() {
    std::unique_lock lock(mutex);
    bell.wait(lock, [this] { return rung; });
    rung = false;
  }
  std::mutex mutex;
  std::condition_variable bell;
  bool rung = false;
};

// Two cores send each other numbers through tiny mailboxes and sleep whenever they can. A lost wake-up hangs
// the test, a lost or reordered message fails it.
TEST(Exchange, LosesNoMessageAndNoWakeUpBetweenSleepers) {
  constexpr std::uint64_t kMessages = 50'000;
  Exchange exchange(2, 8);
  Bed beds[2];
  const auto run = [&](CoreId self) {
    const CoreId other = static_cast<CoreId>(1 - self);
    std::vector<Numbered> messages(kMessages);
    std::uint64_t posted = 0;
    std::uint64_t seen = 0;
    MessageList outbox;
    while (seen < kMessages || posted < kMessages || !outbox.empty()) {
      exchange.drain(
          self, [&](Message& message) { EXPECT_EQ(static_cast<Numbered&>(message).number, seen++); },
          [&](CoreId core) { beds[core].ring(); });
      // A burst now and then, so that the mailbox fills.
      for (int burst = 0; burst < 20 && posted < kMessages && outbox.empty(); ++burst) {
        messages[posted].number = posted;
        outbox.push(messages[posted++]);
      }
      if (!outbox.empty() && exchange.send(self, other, outbox).ring_doorbell) beds[other].ring();
      const bool waits = !outbox.empty() || posted == kMessages;
      exchange.gate(self).open(waits ? Visit::kMayBlock : Visit::kShort);
      const bool done = seen == kMessages && posted == kMessages && outbox.empty();
      if (waits && !done && !exchange.has_mail(self)) beds[self].sleep();
      exchange.gate(self).take_back();
    }
    return messages;
  };
  std::vector<Numbered> kept[2];
  std::thread first([&] { kept[0] = run(0); });
  std::thread second([&] { kept[1] = run(1); });
  first.join();
  second.join();
}

}  // namespace
}  // namespace shoal::runtime
