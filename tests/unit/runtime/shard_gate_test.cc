#include "server/runtime/shard_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace shoal::runtime {
namespace {

TEST(ShardGate, LendsOnlyWhileTheOwnerHasItOpen) {
  ShardGate gate;
  EXPECT_FALSE(gate.try_borrow());
  gate.open(Visit::kShort);
  EXPECT_TRUE(gate.try_borrow());
  gate.give_back();
  gate.take_back();
  EXPECT_FALSE(gate.try_borrow());
}

TEST(ShardGate, LendsToOneAtATime) {
  ShardGate gate;
  gate.open(Visit::kMayBlock);
  EXPECT_TRUE(gate.try_borrow());
  EXPECT_FALSE(gate.try_borrow());
  gate.give_back();
  EXPECT_TRUE(gate.try_borrow());
}

TEST(ShardGate, AsksOneSenderToRingForEachSleep) {
  ShardGate gate;
  EXPECT_FALSE(gate.claim_doorbell());
  gate.open(Visit::kMayBlock);
  EXPECT_TRUE(gate.claim_doorbell());
  EXPECT_FALSE(gate.claim_doorbell());
  gate.take_back();
  gate.open(Visit::kMayBlock);
  EXPECT_TRUE(gate.claim_doorbell());
}

TEST(ShardGate, NeedsNoDoorbellDuringAShortVisit) {
  ShardGate gate;
  gate.open(Visit::kShort);
  EXPECT_FALSE(gate.claim_doorbell());
}

TEST(ShardGate, CanBeBorrowedAndRungAtOnce) {
  ShardGate gate;
  gate.open(Visit::kMayBlock);
  EXPECT_TRUE(gate.claim_doorbell());
  EXPECT_TRUE(gate.try_borrow());
  EXPECT_FALSE(gate.claim_doorbell());
  gate.give_back();
  gate.take_back();
  EXPECT_FALSE(gate.try_borrow());
}

// The owner comes back while the shard is borrowed, and the borrower gives it back only once the owner has
// had the time to wait: whatever the threads do, nobody may see the counter half changed.
TEST(ShardGate, OwnerWaitsForABorrowerThatTakesLong) {
  ShardGate gate;
  int plain = 0;  // not atomic: the gate alone orders its uses
  gate.open(Visit::kMayBlock);
  ASSERT_TRUE(gate.try_borrow());
  std::atomic<bool> owner_is_back{false};
  std::thread owner([&] {
    owner_is_back.store(true, std::memory_order_relaxed);
    gate.take_back();
    EXPECT_EQ(plain, 1);
    plain = 2;
    gate.open(Visit::kMayBlock);
  });
  while (!owner_is_back.load(std::memory_order_relaxed)) std::this_thread::yield();
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  plain = 1;
  gate.give_back();
  owner.join();
  ASSERT_TRUE(gate.try_borrow());
  EXPECT_EQ(plain, 2);
}

TEST(ShardGate, KeepsOwnerAndBorrowersApartUnderContention) {
  constexpr int kVisits = 20'000;
  ShardGate gate;
  std::uint64_t plain = 0;
  std::uint64_t owner_added = 0;
  std::atomic<bool> done{false};
  std::thread owner([&] {
    for (int i = 0; i < kVisits; ++i) {
      ++plain;
      ++owner_added;
      gate.open(i % 2 == 0 ? Visit::kMayBlock : Visit::kShort);
      if (i % 64 == 0) std::this_thread::yield();
      gate.take_back();
    }
    gate.open(Visit::kMayBlock);
    done.store(true);
  });
  std::atomic<std::uint64_t> borrowers_added{0};
  const auto borrow = [&] {
    std::uint64_t added = 0;
    while (!done.load(std::memory_order_relaxed)) {
      gate.claim_doorbell();
      if (!gate.try_borrow()) continue;
      ++plain;
      ++added;
      gate.give_back();
    }
    borrowers_added.fetch_add(added);
  };
  std::thread first(borrow);
  std::thread second(borrow);
  owner.join();
  first.join();
  second.join();
  EXPECT_EQ(plain, owner_added + borrowers_added.load());
}

}  // namespace
}  // namespace shoal::runtime
