#include "protocol/output.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace shoal::protocol {
namespace {

std::string bytes_of(const Output& output) {
  std::array<iovec, 4096> vectors;
  const size_t count = output.gather(vectors);
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    EXPECT_GT(vectors[i].iov_len, 0u);
    out.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
  }
  return out;
}

TEST(Output, HoldsNoChunkBeforeTheFirstByteNorAfterTheLastIsConsumed) {
  ChunkPool pool;
  Output output(pool);
  EXPECT_EQ(output.heap_bytes(), 0u);
  output.append("hello");
  EXPECT_EQ(output.heap_bytes(), kChunkBytes);
  output.consume(2);
  EXPECT_EQ(bytes_of(output), "llo");
  output.consume(3);
  EXPECT_EQ(output.heap_bytes(), 0u);
  EXPECT_EQ(pool.spare_count(), 1u);
}

TEST(Output, BytesBeingSentStayPutWhileMoreIsAppended) {
  ChunkPool pool;
  Output output(pool);
  output.append("first");
  iovec vector;
  ASSERT_EQ(output.gather({&vector, 1}), 1u);
  for (int i = 0; i < 10000; ++i) output.append("more bytes");
  EXPECT_EQ(std::memcmp(vector.iov_base, "first", 5), 0);
  iovec again;
  output.gather({&again, 1});
  EXPECT_EQ(again.iov_base, vector.iov_base);
  output.consume(5);
  EXPECT_EQ(output.size(), 100000u);
  EXPECT_EQ(bytes_of(output).substr(0, 10), "more bytes");
}

TEST(Output, ABigPayloadGetsAChunkOfItsOwnSize) {
  ChunkPool pool;
  Output output(pool);
  output.append(std::string(100000, 'x'));
  EXPECT_LT(output.heap_bytes(), 100100u);
  output.append("y");
  EXPECT_EQ(bytes_of(output), std::string(100000, 'x') + "y");
}

TEST(Output, GatherFillsNoMoreVectorsThanThereAre) {
  ChunkPool pool;
  Output output(pool);
  for (int i = 0; i < 10; ++i) output.append(std::string(20000, 'x'));
  std::array<iovec, 4> vectors;
  EXPECT_EQ(output.gather(vectors), 4u);
  EXPECT_EQ(output.gather({}), 0u);
}

TEST(Output, GathersNoMoreBytesThanItMay) {
  ChunkPool pool;
  Output output(pool);
  for (const char byte : {'a', 'b', 'c'}) output.append(std::string(20000, byte));
  std::array<iovec, 4> vectors;
  ASSERT_EQ(output.gather(vectors, 25000), 2u);
  EXPECT_EQ(vectors[0].iov_len, 20000u);
  EXPECT_EQ(vectors[1].iov_len, 5000u);
  output.consume(25000);
  ASSERT_EQ(output.gather(vectors, 25000), 2u);
  EXPECT_EQ(View(static_cast<const char*>(vectors[0].iov_base), vectors[0].iov_len), std::string(15000, 'b'));
  EXPECT_EQ(vectors[1].iov_len, 10000u);
}

TEST(Output, ABigChunkMovesToAnotherOutputWithoutBeingCopied) {
  ChunkPool pool;
  Output source(pool);
  Output target(pool);
  source.append(std::string(100000, 'x'));
  iovec before;
  source.gather({&before, 1});
  target.append("start");
  target.append_chain(std::move(source));
  std::array<iovec, 2> after;
  ASSERT_EQ(target.gather(after), 2u);
  EXPECT_EQ(after[1].iov_base, before.iov_base);
  EXPECT_EQ(source.size(), 0u);
  EXPECT_EQ(source.heap_bytes(), 0u);
}

TEST(Output, SmallPiecesOfAnotherOutputAreCopiedIntoTheSameChunk) {
  ChunkPool pool;
  Output source(pool);
  Output target(pool);
  target.append("1 ");
  source.append("2 4 ");
  target.append_front_of(source, 2);
  target.append("3 ");
  target.append_front_of(source, 2);
  EXPECT_EQ(bytes_of(target), "1 2 3 4 ");
  EXPECT_EQ(target.heap_bytes(), kChunkBytes);
  EXPECT_EQ(source.heap_bytes(), 0u);
}

TEST(Output, TruncateGoesBackToAMarkAcrossChunks) {
  ChunkPool pool;
  Output output(pool);
  output.append("kept");
  const Output::Mark mark = output.mark();
  output.append(std::string(50000, 'x'));
  output.append("dropped");
  output.truncate(mark);
  EXPECT_EQ(bytes_of(output), "kept");
  output.append(" and more");
  EXPECT_EQ(bytes_of(output), "kept and more");
  EXPECT_EQ(output.heap_bytes(), kChunkBytes);
}

TEST(Output, AMarkStaysGoodWhenBytesBeforeItAreSent) {
  ChunkPool pool;
  Output output(pool);
  output.append("sent");
  const Output::Mark mark = output.mark();
  output.append("dropped");
  output.consume(4);
  output.truncate(mark);
  EXPECT_EQ(output.size(), 0u);
  EXPECT_EQ(output.heap_bytes(), 0u);
  output.append("next");
  EXPECT_EQ(output.mark(), mark + 4);
}

TEST(OutputDeathTest, TruncatingWhatWasSentIsABug) {
  ChunkPool pool;
  Output output(pool);
  const Output::Mark mark = output.mark();
  output.append("sent");
  output.consume(4);
  EXPECT_DEATH(output.truncate(mark), "CHECK failed");
}

TEST(Output, AHoleIsClosedUpToWhatFollowsIt) {
  ChunkPool pool;
  Output output(pool);
  output.append("a");
  const Output::Hole outer = output.open_hole(24);
  output.append("b");
  const Output::Hole inner = output.open_hole(24);
  output.append("c");
  output.close_hole(inner, "22");
  output.close_hole(outer, "1");
  output.append("d");
  EXPECT_EQ(bytes_of(output), "a1b22cd");
  EXPECT_EQ(output.size(), 7u);
}

TEST(Output, AMovedFromOutputIsEmptyAndUsable) {
  ChunkPool pool;
  Output first(pool);
  first.append("abc");
  Output second(std::move(first));
  EXPECT_EQ(first.size(), 0u);
  first.append("x");
  EXPECT_EQ(bytes_of(first), "x");
  EXPECT_EQ(bytes_of(second), "abc");
  first = std::move(second);
  EXPECT_EQ(bytes_of(first), "abc");
  EXPECT_EQ(second.heap_bytes(), 0u);
}

TEST(ChunkPool, KeepsABoundedNumberOfSpareChunks) {
  ChunkPool pool;
  Output output(pool);
  output.append(std::string(10000, 'x'));
  for (size_t i = 0; i < 2 * ChunkPool::kSpareMax; ++i) output.append(std::string(10000, 'x'));
  output.clear();
  EXPECT_EQ(pool.spare_count(), size_t{ChunkPool::kSpareMax});
}

// An Output and what it should hold.
struct Modelled {
  ChunkPool pool;
  Output output{pool};
  std::string bytes = {};
  uint64_t consumed = 0;

  void drop_front(size_t count) {
    bytes.erase(0, count);
    consumed += count;
  }
  void expect_equal_sizes() const {
    ASSERT_EQ(output.size(), bytes.size());
    ASSERT_EQ(output.mark(), consumed + bytes.size());
  }
};

void append_in_place(Modelled& one, const std::string& text) {
  std::memcpy(one.output.reserve(text.size() + 10), text.data(), text.size());
  one.output.commit(text.size());
  one.bytes += text;
}

void append_behind_a_hole(Modelled& one, const std::string& text) {
  const Output::Hole hole = one.output.open_hole(24);
  one.output.append(text);
  one.output.close_hole(hole, "hole");
  one.bytes += "hole" + text;
}

// Does one random thing to `one`, for which it may need `other`. `letter` tells the steps apart.
void take_random_step(Modelled& one, Modelled& other, std::mt19937& random, char letter) {
  const size_t some = random() % (one.bytes.size() + 1);
  switch (random() % 12) {
    case 0: {
      const std::string big(random() % 60000, letter);
      one.output.append(big);
      one.bytes += big;
      return;
    }
    case 1:
    case 2: one.output.consume(some); return one.drop_front(some);
    case 3: one.output.truncate(one.consumed + some); return one.bytes.resize(some);
    case 4:
      other.output.append_front_of(one.output, some);
      other.bytes += one.bytes.substr(0, some);
      return one.drop_front(some);
    case 5: return append_behind_a_hole(one, std::string(random() % 20000, letter));
    default: return append_in_place(one, std::string(random() % 300, letter));
  }
}

TEST(Output, RandomUseAgreesWithAString) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Modelled both[2];
  for (int step = 0; step < 20000 && !testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const size_t which = random() % 2;
    take_random_step(both[which], both[1 - which], random, static_cast<char>('a' + step % 26));
    both[which].expect_equal_sizes();
    ASSERT_TRUE(step % 16 != 0 || bytes_of(both[which].output) == both[which].bytes);
  }
  for (Modelled& one : both) {
    EXPECT_TRUE(bytes_of(one.output) == one.bytes);
    one.output.clear();
    EXPECT_EQ(one.output.heap_bytes(), 0u);
  }
}

}  // namespace
}  // namespace shoal::protocol
