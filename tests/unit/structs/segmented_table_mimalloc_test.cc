// What the hash table takes of the allocator's size classes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "storage/base/heap.h"
#include "tests/unit/structs/modelled_table.h"

namespace shoal::structs {
namespace {

TEST(SegmentedTable, EverySegmentSizeIsOneTheAllocatorHands) {
  for (std::uint32_t i = 1; i <= internal::kClassLargest; ++i) {
    const internal::SegmentClass& size = internal::kSegmentClasses[i];
    EXPECT_EQ(heap::good_size(size.bytes), size.bytes);
    EXPECT_LE(size.slots, size.groups * internal::kGroupSlots);
  }
}

TEST(SegmentedTable, SixteenThousandTablesOfAboutSixtyOneElementsTakeLittleMemory) {
  const std::uint64_t count = 1000000;
  std::vector<Item> items(count);
  std::vector<Table> tables(16384);
  const std::int64_t before = heap::bytes_in_use();
  for (std::uint64_t key = 0; key < count; ++key) {
    items[key] = {key, good_hash(key)};
    tables[good_hash(key ^ 0x5555) % tables.size()].insert(items[key].hash, &items[key]);
  }
  const std::int64_t heap = heap::bytes_in_use() - before;
  std::size_t reported = 0;
  for (const Table& table : tables) reported += table.memory_bytes();
  EXPECT_EQ(static_cast<std::int64_t>(reported), heap);
  const double bytes_each = static_cast<double>(heap + 16 * 16384) / count;
  RecordProperty("bytes_per_element", std::to_string(bytes_each));
  std::printf("    %.2f bytes an element\n", bytes_each);
  EXPECT_LT(bytes_each, 11.6);
}

TEST(SegmentedTable, OneLargeTableTakesLittleMemoryAtEverySize) {
  std::vector<Item> items(1000000);
  Table table;
  double worst = 0;
  double sum = 0;
  int samples = 0;
  for (std::uint64_t key = 0; key < items.size(); ++key) {
    items[key] = {key, good_hash(key)};
    table.insert(items[key].hash, &items[key]);
    if (key < 100000 || key % 50000 != 0) continue;
    const double bytes_each = static_cast<double>(table.memory_bytes()) / static_cast<double>(table.size());
    worst = std::max(worst, bytes_each);
    sum += bytes_each;
    ++samples;
  }
  std::printf("    %.2f bytes an element on average, %.2f at worst\n", sum / samples, worst);
  EXPECT_LT(worst, 12.0);
}

}  // namespace
}  // namespace shoal::structs
