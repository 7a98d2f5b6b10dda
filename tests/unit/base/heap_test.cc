#include "storage/base/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace shoal::heap {
namespace {

TEST(Heap, CountsWhatABlockReallyHolds) {
  const std::int64_t before = bytes_in_use();
  for (const std::size_t bytes : {0u, 1u, 16u, 100u, 5000u, 1u << 20, 50u << 20}) {
    void* block = allocate(bytes);
    EXPECT_GE(usable(block), bytes);
    EXPECT_EQ(bytes_in_use() - before, static_cast<std::int64_t>(usable(block)));
    release(block);
    EXPECT_EQ(bytes_in_use(), before);
  }
  release(nullptr);
  EXPECT_EQ(bytes_in_use(), before);
}

TEST(Heap, ReallocateKeepsTheContentsAndTheCount) {
  const std::int64_t before = bytes_in_use();
  auto* block = static_cast<char*>(allocate(10));
  std::memcpy(block, "012345678", 10);
  for (const std::size_t bytes : {100u, 100000u, 20u, 3000000u, 10u}) {
    block = static_cast<char*>(reallocate(block, bytes));
    EXPECT_STREQ(block, "012345678");
    EXPECT_EQ(bytes_in_use() - before, static_cast<std::int64_t>(usable(block)));
  }
  release(block);
  block = static_cast<char*>(reallocate(nullptr, 40));
  EXPECT_EQ(bytes_in_use() - before, static_cast<std::int64_t>(usable(block)));
  release(block);
  EXPECT_EQ(bytes_in_use(), before);
}

TEST(Heap, SumsOverThreadsAlsoWhenABlockIsFreedElsewhere) {
  release(allocate(1));  // this thread has its counter before the other's is free to be taken over
  const std::int64_t before = bytes_in_use();
  std::vector<void*> blocks(1000);
  std::int64_t bytes = 0;
  std::thread([&] {
    for (void*& block : blocks) {
      block = allocate(100);
      bytes += static_cast<std::int64_t>(usable(block));
    }
    EXPECT_EQ(bytes_of_this_thread() % 16, bytes % 16);
  }).join();
  EXPECT_EQ(bytes_in_use() - before, bytes) << "what an ended thread allocated still counts";
  const std::int64_t here = bytes_of_this_thread();
  for (void* block : blocks) release(block);
  EXPECT_EQ(bytes_of_this_thread() - here, -bytes);
  EXPECT_EQ(bytes_in_use(), before);
}

TEST(Heap, ThreadsThatComeAndGoKeepTheSumRight) {
  const std::int64_t before = bytes_in_use();
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 8; ++t) {
      threads.emplace_back([t] {
        std::mt19937 random(t);
        std::vector<void*> blocks;
        for (int i = 0; i < 200; ++i) blocks.push_back(allocate(random() % 500));
        for (void* block : blocks) release(block);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(bytes_in_use(), before);
}

TEST(HeapBytes, FreesWhatItOwnsAndNothingElse) {
  const std::int64_t before = bytes_in_use();
  char* released = nullptr;
  {
    HeapBytes empty;
    EXPECT_EQ(empty.size(), 0u);
    HeapBytes bytes = HeapBytes::allocate(33);
    EXPECT_EQ(bytes.size(), 33u);
    std::memset(bytes.data(), 'x', bytes.size());
    HeapBytes moved(std::move(bytes));
    EXPECT_EQ(bytes.data(), nullptr);
    EXPECT_EQ(moved.data()[32], 'x');
    HeapBytes other = HeapBytes::allocate(500);
    other = std::move(moved);
    EXPECT_EQ(other.size(), 33u);
    EXPECT_EQ(bytes_in_use() - before, static_cast<std::int64_t>(usable(other.data())));
    released = other.release();
    EXPECT_EQ(other.size(), 0u);
  }
  EXPECT_EQ(released[0], 'x');
  EXPECT_EQ(bytes_in_use() - before, static_cast<std::int64_t>(usable(released)));
  release(released);
  EXPECT_EQ(bytes_in_use(), before);
}

}  // namespace
}  // namespace shoal::heap
