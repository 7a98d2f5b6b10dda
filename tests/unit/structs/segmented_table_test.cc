#include "storage/structs/segmented_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/base/heap.h"
#include "tests/unit/structs/modelled_table.h"

namespace shoal::structs {
namespace {

struct HashCase {
  const char* name;
  HashFunction hash;
  std::uint64_t keys;
  int operations;
};

class SegmentedTableModel : public testing::TestWithParam<HashCase> {};

TEST_P(SegmentedTableModel, AgreesWithAnUnorderedMapOnRandomOperations) {
  const HashCase& given = GetParam();
  const std::uint64_t seed = 20240611;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const std::int64_t heap_before = heap::bytes_in_use();
  {
    Modelled both(given.hash);
    for (int i = 0; i < given.operations; ++i) {
      // Tides: mostly growing, then mostly shrinking, so that every size is passed in both directions.
      const bool ebb = i / (given.operations / 6) % 2 == 1;
      const std::uint64_t key = random() % given.keys;
      const std::uint64_t dice = random() % 10;
      if (dice < (ebb ? 1u : 6u)) {
        both.insert(key);
      } else if (dice < 8) {
        both.erase(key);
      } else if (dice == 8) {
        both.reallocate(key);
      } else {
        both.find(key);
      }
      if (i % (given.operations / 24) == 0) both.expect_all_found();
      if (testing::Test::HasFailure()) return;
    }
    both.expect_all_found();
    EXPECT_EQ(heap::bytes_in_use() - heap_before, static_cast<std::int64_t>(both.table.memory_bytes()));
    std::vector<std::uint64_t> keys;
    for (const auto& [key, item] : both.model) keys.push_back(key);
    for (const std::uint64_t key : keys) both.erase(key);
    EXPECT_EQ(both.table.size(), 0u);
    EXPECT_EQ(both.table.memory_bytes(), 0u) << "an empty table owns no memory";
  }
  EXPECT_EQ(heap::bytes_in_use(), heap_before);
}

INSTANTIATE_TEST_SUITE_P(
    Hashes, SegmentedTableModel,
    testing::Values(
        HashCase{"Mixed", good_hash, 200000, 1500000}, HashCase{"MixedSmall", good_hash, 40, 200000},
        HashCase{"MixedOneSegment", good_hash, 200, 200000},
        HashCase{"MixedFewSegments", good_hash, 3000, 500000},
        // No two differ in their upper half: nothing to split by.
        HashCase{"EqualUpperHalf", [](std::uint64_t key) { return good_hash(key) & 0xffffffff; }, 20000,
                 300000},
        // Only 64 different upper halves: split as far as that goes.
        HashCase{"FewUpperHalves",
                 [](std::uint64_t key) { return good_hash(key % 64) << 32 | (good_hash(key) >> 32); }, 20000,
                 300000},
        HashCase{"EqualLowerHalf", [](std::uint64_t key) { return good_hash(key) & 0xffffffff00000000; },
                 20000, 300000},
        HashCase{"AllEqual", [](std::uint64_t) { return std::uint64_t{0x123456789abcdef0}; }, 400, 60000},
        HashCase{"AllZero", [](std::uint64_t) { return std::uint64_t{0}; }, 400, 60000},
        HashCase{"AllOnes", [](std::uint64_t) { return ~std::uint64_t{0}; }, 400, 60000},
        HashCase{"Counting", [](std::uint64_t key) { return key; }, 5000, 100000},
        HashCase{"CountingFromTheTop", [](std::uint64_t key) { return key << 44; }, 50000, 300000}),
    [](const auto& instance) { return instance.param.name; });

TEST(SegmentedTable, AnEmptyTableIsSixteenBytesAndOwnsNothing) {
  static_assert(sizeof(Table) == 16);
  Table table;
  EXPECT_EQ(table.memory_bytes(), 0u);
  EXPECT_EQ(table.find(7, [](const Item&) { return true; }), nullptr);
  EXPECT_EQ(table.random(1), nullptr);
  EXPECT_EQ(table.scan(0, 10, [](Item&) { FAIL(); }), 0u);
  EXPECT_FALSE(table.drain(10, [](Item*) { FAIL(); }));
  table.prefetch_segment(7);
  table.prefetch_group(7);
  EXPECT_EQ(table.prefetch_element(7), nullptr);
}

TEST(SegmentedTable, AsksEqualOnlyAboutElementsThatAgreeInManyBits) {
  Modelled both(good_hash);
  for (std::uint64_t key = 0; key < 300000; ++key) both.insert(key);
  std::size_t asked = 0;
  for (std::uint64_t key = 1000000; key < 1200000; ++key)
    both.table.find(good_hash(key), [&](const Item&) { return ++asked == 0; });
  EXPECT_LT(asked, 2000u) << "false candidates in 200,000 searches for absent keys";
}

TEST(SegmentedTable, AnInsertRewritesAtMost225Words) {
  // The words of all elements, before and after every insert that allocated: those that lie elsewhere have
  // moved.
  std::vector<Item> items(20000);
  Table table;
  std::unordered_map<const Item*, std::uint64_t> written;
  std::size_t most = 0;
  for (std::uint64_t key = 0; key < items.size(); ++key) {
    items[key] = {key, good_hash(key)};
    const auto before = table.shape();
    const std::size_t bytes = table.memory_bytes();
    table.insert(items[key].hash, &items[key]);
    if (table.memory_bytes() == bytes) continue;
    const auto after = table.shape();
    ASSERT_LE(after.segments, before.segments + 1) << "at most one split";
    most = std::max(most, before.largest_segment);
  }
  EXPECT_LE(most, 225u);
  EXPECT_GE(most, 200u) << "segments are meant to fill before they split";
}

TEST(SegmentedTable, ReadsElementsOnlyForTheSplitsThatNeedFreshBits) {
  struct CountingTraits {
    using Element = Item;
    static std::uint64_t hash(const Item& item) {
      const_cast<Item&>(item).key += std::uint64_t{1} << 32;
      return item.hash;
    }
  };
  std::vector<Item> items(100000);
  SegmentedTable<CountingTraits> table;
  for (std::uint64_t key = 0; key < items.size(); ++key) {
    items[key] = {key, good_hash(key)};
    table.insert(items[key].hash, &items[key]);
  }
  ASSERT_GT(table.shape().directory_entries, 256u) << "deep enough for fresh bits";
  std::uint64_t most = 0;
  for (const Item& item : items) most = std::max(most, item.key >> 32);
  EXPECT_EQ(most, 1u) << "once, at depth 8";
}

TEST(SegmentedTable, ChurnAtAConstantSizeChangesNeitherMemoryNorTheLengthOfSearches) {
  const std::uint64_t seed = 5;
  std::mt19937_64 random(seed);
  for (const std::uint64_t size : {50u, 215u, 5000u}) {
    Modelled both(good_hash);
    std::deque<std::uint64_t> keys;
    const auto turn_over = [&](std::uint64_t times) {
      for (std::uint64_t i = 0; i < times; ++i) {
        keys.push_back(random());
        both.insert(keys.back());
        if (keys.size() <= size) continue;
        both.erase(keys.front());
        keys.pop_front();
      }
    };
    turn_over(size * 20);
    const std::size_t memory = both.table.memory_bytes();
    turn_over(200000);
    EXPECT_LT(both.table.memory_bytes(), memory * 5 / 4 + 300) << "size " << size;
    // It is about a fifth; without pulling back, six groups an element at 215 elements.
    EXPECT_LT(both.table.shape().passed_groups, size / 2) << "size " << size;
    both.expect_all_found();
  }
}

TEST(SegmentedTable, MovesAndSwapsKeepElementsWhereTheyAre) {
  std::vector<Item> items(1000);
  Table table;
  for (std::uint64_t key = 0; key < items.size(); ++key) {
    items[key] = {key, good_hash(key)};
    table.insert(items[key].hash, &items[key]);
  }
  Table other;
  other.swap(table);
  EXPECT_TRUE(table.empty());
  Table third(std::move(other));
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(third.size(), items.size());
  for (Item& item : items)
    EXPECT_EQ(third.find(item.hash, [&](const Item& found) { return &found == &item; }), &item);
}

TEST(SegmentedTable, PrefetchElementFindsWhatFindWillFind) {
  for (const std::uint64_t count : {40u, 5000u}) {
    Modelled both(good_hash);
    for (std::uint64_t key = 0; key < count; ++key) both.insert(key);
    std::size_t same = 0;
    for (const auto& [key, item] : both.model) {
      both.table.prefetch_segment(item->hash);
      both.table.prefetch_group(item->hash);
      Item* candidate = both.table.prefetch_element(item->hash);
      ASSERT_NE(candidate, nullptr);
      if (candidate == item.get()) ++same;
    }
    EXPECT_GE(same, count * 99 / 100);
  }
}

TEST(SegmentedTable, DrainGivesEveryElementOnceInSlicesAndAllMemoryBack) {
  for (const std::uint64_t count : {1u, 100u, 30000u}) {
    std::vector<Item> items(count);
    const std::int64_t before = heap::bytes_in_use();
    Table table;
    for (std::uint64_t key = 0; key < count; ++key) {
      items[key] = {key, good_hash(key)};
      table.insert(items[key].hash, &items[key]);
    }
    std::unordered_set<std::uint64_t> freed;
    bool more = true;
    while (more) {
      std::size_t slice = 0;
      more = table.drain(64, [&](Item* item) {
        ++slice;
        EXPECT_TRUE(freed.insert(item->key).second);
      });
      ASSERT_LE(slice, 64u);
      ASSERT_TRUE(slice > 0 || !more);
      ASSERT_EQ(table.size() + freed.size(), count);
    }
    EXPECT_EQ(freed.size(), count);
    EXPECT_EQ(heap::bytes_in_use(), before);
    table.insert(items[0].hash, &items[0]);  // A drained table is an empty table.
    EXPECT_EQ(table.size(), 1u);
  }
}

TEST(SegmentedTable, ATableMayBeDestroyedHalfDrained) {
  std::vector<Item> items(5000);
  const std::int64_t before = heap::bytes_in_use();
  {
    Table table;
    for (std::uint64_t key = 0; key < items.size(); ++key) {
      items[key] = {key, good_hash(key)};
      table.insert(items[key].hash, &items[key]);
    }
    EXPECT_TRUE(table.drain(2500, [](Item*) {}));
  }
  EXPECT_EQ(heap::bytes_in_use(), before);
}

// ---- scan

/// One whole scan during which `mutate` changes the table between the calls.
std::unordered_map<std::uint64_t, int> scan_all(Table& table, std::size_t count,
                                                const std::function<void()>& mutate) {
  std::unordered_map<std::uint64_t, int> seen;
  std::uint64_t cursor = 0;
  std::size_t calls = 0;
  do {
    cursor = table.scan(cursor, count, [&](Item& item) { ++seen[item.key]; });
    EXPECT_LT(cursor, std::uint64_t{1} << 48);
    mutate();
    if (++calls > 1000000) {
      ADD_FAILURE() << "the scan does not end";
      break;
    }
  } while (cursor != 0);
  return seen;
}

TEST(SegmentedTableScan, OfAnUnchangingTableVisitsEveryElementExactlyOnce) {
  for (const std::uint64_t count : {1u, 5u, 61u, 300u, 20000u}) {
    Modelled both(good_hash);
    for (std::uint64_t key = 0; key < count; ++key) both.insert(key);
    for (const std::size_t step : {1u, 10u, 1000u}) {
      const auto seen = scan_all(both.table, step, [] {});
      ASSERT_EQ(seen.size(), count);
      for (const auto& [key, times] : seen) ASSERT_EQ(times, 1);
    }
  }
}

TEST(SegmentedTableScan, VisitsAboutAsManyElementsAsAskedFor) {
  Modelled both(good_hash);
  for (std::uint64_t key = 0; key < 50000; ++key) both.insert(key);
  std::uint64_t cursor = 0;
  do {
    std::size_t visited = 0;
    cursor = both.table.scan(cursor, 10, [&](Item&) { ++visited; });
    if (cursor != 0) {
      ASSERT_GE(visited, 10u);
    }
    ASSERT_LE(visited, 30u);
  } while (cursor != 0);
}

TEST(SegmentedTableScan, VisitsWhatStaysThroughoutWhateverElseHappens) {
  struct Tide {
    const char* name;
    std::uint64_t initial;
    int inserts_each_call;
    int erases_each_call;
    HashFunction hash;
  };
  const Tide tides[] = {
      {"growing", 300, 40, 0, good_hash},
      {"shrinking", 60000, 0, 60, good_hash},
      {"churning", 3000, 20, 20, good_hash},
      {"shrinking to nearly nothing", 20000, 0, 400, good_hash},
      {"few positions", 3000, 5, 5,
       [](std::uint64_t key) { return good_hash(key % 50) << 40 | (key & 0xffff); }},
  };
  for (const Tide& tide : tides) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(testing::Message() << tide.name << ", seed " << seed);
      std::mt19937_64 random(seed);
      Modelled both(tide.hash);
      std::vector<std::uint64_t> passing;
      std::uint64_t next_key = 0;
      // Every tenth key stays; the others come and go.
      const auto insert_one = [&] {
        const std::uint64_t key = next_key++ * 10 + 1 + random() % 9;
        if (both.insert(key)) passing.push_back(key);
      };
      for (std::uint64_t i = 0; i < tide.initial / 10; ++i) both.insert(i * 10);
      for (std::uint64_t i = 0; i < tide.initial; ++i) insert_one();
      int calls = 0;
      const auto seen = scan_all(both.table, 10, [&] {
        if (++calls > 3000) return;  // Else growth might outrun the scan.
        for (int i = 0; i < tide.inserts_each_call; ++i) insert_one();
        for (int i = 0; i < tide.erases_each_call && !passing.empty(); ++i) {
          std::swap(passing[random() % passing.size()], passing.back());
          both.erase(passing.back());
          passing.pop_back();
        }
      });
      for (std::uint64_t i = 0; i < tide.initial / 10; ++i)
        ASSERT_TRUE(seen.contains(i * 10)) << "missed " << i * 10;
    }
  }
}

TEST(SegmentedTableScan, ACursorNobodyGaveOutIsHarmless) {
  Modelled both(good_hash);
  for (std::uint64_t key = 0; key < 1000; ++key) both.insert(key);
  std::mt19937_64 random(9);
  for (int i = 0; i < 10000; ++i)
    EXPECT_LT(both.table.scan(random() >> 16, 1 + random() % 50, [](Item&) {}), std::uint64_t{1} << 48);
}

// ---- random

TEST(SegmentedTableRandom, DrawsEveryElementAboutEquallyOften) {
  for (const std::uint64_t count : {3u, 61u, 500u, 2000u}) {
    Modelled both(good_hash);
    for (std::uint64_t key = 0; key < count; ++key) both.insert(key);
    std::unordered_map<std::uint64_t, int> drawn;
    const int draws_each = 400;
    std::mt19937_64 random(11);
    for (std::uint64_t i = 0; i < count * draws_each; ++i) ++drawn[both.table.random(random())->key];
    double chi_square = 0;
    for (std::uint64_t key = 0; key < count; ++key)
      chi_square += std::pow(drawn[key] - draws_each, 2) / static_cast<double>(draws_each);
    const double degrees = static_cast<double>(count - 1);
    EXPECT_LT(chi_square, degrees + 5 * std::sqrt(2 * degrees) + 5) << count << " elements";
  }
}

}  // namespace
}  // namespace shoal::structs
