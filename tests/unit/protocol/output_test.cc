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

// What an Output should hold, and the places marked in it.
struct Model {
  std::string bytes;
  uint64_t consumed = 0;
};

TEST(Output, RandomUseAgreesWithAString) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  ChunkPool pools[2];
  Output outputs[2] = {Output(pools[0]), Output(pools[1])};
  Model models[2];
  for (int step = 0; step < 20000; ++step) {
    const size_t which = random() % 2;
    Output& output = outputs[which];
    Model& model = models[which];
    Output& other = outputs[1 - which];
    Model& other_model = models[1 - which];
    const size_t some = random() % (model.bytes.size() + 1);
    switch (random() % 12) {
      case 0: {
        std::string big(random() % 60000, static_cast<char>('a' + step % 26));
        output.append(big);
        model.bytes += big;
        break;
      }
      case 1:
      case 2:
        output.consume(some);
        model.bytes.erase(0, some);
        model.consumed += some;
        break;
      case 3:
        output.truncate(model.consumed + some);
        model.bytes.resize(some);
        break;
      case 4:
        other.append_front_of(output, some);
        other_model.bytes += model.bytes.substr(0, some);
        model.bytes.erase(0, some);
        model.consumed += some;
        break;
      case 5: {
        const Output::Hole hole = output.open_hole(24);
        std::string rest(random() % 20000, 'r');
        output.append(rest);
        output.close_hole(hole, "hole");
        model.bytes += "hole" + rest;
        break;
      }
      default: {
        std::string small(random() % 300, static_cast<char>('A' + step % 26));
        std::memcpy(output.reserve(small.size() + 10), small.data(), small.size());
        output.commit(small.size());
        model.bytes += small;
        break;
      }
    }
    ASSERT_EQ(output.size(), model.bytes.size()) << "step " << step;
    ASSERT_EQ(output.mark(), model.consumed + model.bytes.size()) << "step " << step;
    ASSERT_TRUE(step % 16 != 0 || bytes_of(output) == model.bytes) << "step " << step;
  }
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(bytes_of(outputs[i]) == models[i].bytes);
    outputs[i].clear();
    EXPECT_EQ(outputs[i].heap_bytes(), 0u);
  }
}

}  // namespace
}  // namespace shoal::protocol
