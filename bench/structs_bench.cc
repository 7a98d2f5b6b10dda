// The hash table and the timing wheel. A million elements either way: in one table, or in 16,384 tables of
// 61, as a server's keyspace holds them. "Batched" looks up 64 keys at a time with the three prefetch passes
// before.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "storage/base/heap.h"
#include "storage/base/random.h"
#include "storage/structs/segmented_table.h"
#include "storage/structs/timing_wheel.h"

namespace shoal::structs {
namespace {

constexpr std::uint64_t kElements = 1000000;
constexpr std::size_t kBatch = 64;

/// About what an entry with a short key and a 64-byte value takes.
struct Item {
  std::uint64_t key;
  char rest[88];
};

std::uint64_t hash_of(std::uint64_t key) {
  return split_mix(key);
}

/// One of `count` (a power of two) tables, independent of the hash, as a key's CRC16 is. A mask, since the
/// division of a modulo would cost as much as a lookup.
std::size_t slot_of(std::uint64_t key, std::size_t count) {
  return (key * 0x9e3779b97f4a7c15 >> 40) & (count - 1);
}

struct ItemTraits {
  using Element = Item;
  static std::uint64_t hash(const Item& item) { return hash_of(item.key); }
};
using Table = SegmentedTable<ItemTraits>;

/// A million items in `count` tables.
class Keyspace {
 public:
  explicit Keyspace(std::size_t count) : tables_(count) {
    for (std::uint64_t key = 0; key < kElements; ++key) {
      auto* item = static_cast<Item*>(heap::allocate(sizeof(Item)));
      item->key = key;
      table(key).insert(hash_of(key), item);
    }
  }
  ~Keyspace() {
    for (Table& table : tables_) {
      while (table.drain(1000000, [](Item* item) { heap::release(item); })) {
      }
    }
  }
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  Table& table(std::uint64_t key) { return tables_[slot_of(key, tables_.size())]; }

  Item* find(std::uint64_t key) {
    return table(key).find(hash_of(key), [key](const Item& item) { return item.key == key; });
  }

 private:
  std::vector<Table> tables_;
};

/// Keys to look up, present when `first` is 0 and absent when it is kElements.
std::vector<std::uint64_t> random_keys(std::uint64_t first) {
  std::vector<std::uint64_t> keys(1 << 20);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = first + hash_of(i) % kElements;
  return keys;
}

void find_one_by_one(benchmark::State& state, std::uint64_t first) {
  Keyspace keyspace(static_cast<std::size_t>(state.range(0)));
  const std::vector<std::uint64_t> keys = random_keys(first);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(keyspace.find(keys[next]));
    next = (next + 1) & (keys.size() - 1);
  }
  state.SetItemsProcessed(state.iterations());
}

void find_batched(benchmark::State& state, std::uint64_t first) {
  Keyspace keyspace(static_cast<std::size_t>(state.range(0)));
  const std::vector<std::uint64_t> keys = random_keys(first);
  std::size_t next = 0;
  for (auto _ : state) {
    struct Lookup {
      std::uint64_t key;
      std::uint64_t hash;
      Table* table;
    };
    Lookup batch[kBatch];
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::uint64_t key = keys[next + i];
      batch[i] = {key, hash_of(key), &keyspace.table(key)};
      __builtin_prefetch(batch[i].table);
    }
    for (const Lookup& lookup : batch) lookup.table->prefetch_segment(lookup.hash);
    for (const Lookup& lookup : batch) lookup.table->prefetch_group(lookup.hash);
    for (const Lookup& lookup : batch) lookup.table->prefetch_element(lookup.hash);
    for (const Lookup& lookup : batch) {
      benchmark::DoNotOptimize(
          lookup.table->find(lookup.hash, [&](const Item& item) { return item.key == lookup.key; }));
    }
    next = (next + kBatch) & (keys.size() - 1);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

void FindPresent(benchmark::State& state) {
  find_one_by_one(state, 0);
}
void FindAbsent(benchmark::State& state) {
  find_one_by_one(state, kElements);
}
void FindPresentBatched(benchmark::State& state) {
  find_batched(state, 0);
}
void FindAbsentBatched(benchmark::State& state) {
  find_batched(state, kElements);
}
BENCHMARK(FindPresent)->Arg(1)->Arg(16384);
BENCHMARK(FindPresentBatched)->Arg(1)->Arg(16384);
BENCHMARK(FindAbsent)->Arg(1)->Arg(16384);
BENCHMARK(FindAbsentBatched)->Arg(1)->Arg(16384);

/// From nothing to a million elements (allocated before), and the longest single insert on the way.
void InsertGrowing(benchmark::State& state) {
  std::vector<Item> items(kElements);
  for (std::uint64_t key = 0; key < kElements; ++key) items[key].key = key;
  for (auto _ : state) {
    std::vector<Table> tables(static_cast<std::size_t>(state.range(0)));
    for (Item& item : items) tables[slot_of(item.key, tables.size())].insert(hash_of(item.key), &item);
    benchmark::DoNotOptimize(tables.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kElements));
}
BENCHMARK(InsertGrowing)->Arg(1)->Arg(16384)->Unit(benchmark::kMillisecond);

std::int64_t thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1000000000 + time.tv_nsec;
}

/// The longest that 64 inserts in a row take, in this thread's CPU time (so that a busy machine does not
/// count): a bound on the longest insert, directory doublings and page faults included.
void LongestInsertWhileGrowingTo20Million(benchmark::State& state) {
  const std::uint64_t elements = 20000000;
  std::vector<std::uint64_t> keys(elements);
  struct KeyTraits {
    using Element = std::uint64_t;
    static std::uint64_t hash(const std::uint64_t& key) { return hash_of(key); }
  };
  for (auto _ : state) {
    SegmentedTable<KeyTraits> table;
    std::int64_t doubling_ns = 0;
    std::int64_t other_ns = 0;
    for (std::uint64_t key = 0; key < elements;) {
      const std::size_t memory = table.memory_bytes();
      const std::int64_t start = thread_cpu_ns();
      for (int i = 0; i < 64; ++i, ++key) {
        keys[key] = key;
        table.insert(hash_of(key), &keys[key]);
      }
      const std::int64_t took_ns = thread_cpu_ns() - start;
      std::int64_t& longest_ns = table.memory_bytes() > memory + 65536 ? doubling_ns : other_ns;
      longest_ns = std::max(longest_ns, took_ns);
    }
    state.counters["doubling_us"] = static_cast<double>(doubling_ns) / 1000;
    state.counters["other_us"] = static_cast<double>(other_ns) / 1000;
    state.counters["bytes_per_element"] = static_cast<double>(table.memory_bytes()) / elements;
    state.counters["directory_entries"] = static_cast<double>(table.shape().directory_entries);
  }
}
BENCHMARK(LongestInsertWhileGrowingTo20Million)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Insert at a constant size: one in, the oldest out.
void Churn(benchmark::State& state) {
  const auto size = static_cast<std::uint64_t>(state.range(0));
  std::vector<Item> items(size);
  Table table;
  std::uint64_t key = 0;
  for (auto _ : state) {
    Item& item = items[key % size];
    if (key >= size) {
      const auto position =
          table.locate(hash_of(item.key), [&](const Item& found) { return &found == &item; });
      table.erase(position);
    }
    item.key = key++;
    table.insert(hash_of(item.key), &item);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Churn)->Arg(61)->Arg(100000);

/// Timers within the range (in ms) at 1 million alive: each fires once and is replaced.
void WheelInsertAndFire(benchmark::State& state) {
  const auto range = static_cast<std::uint64_t>(state.range(0));
  Millis now = 1700000000000;
  TimingWheel wheel(now);
  std::uint64_t n = 0;
  for (; n < kElements; ++n) wheel.insert(now + static_cast<Millis>(hash_of(n) % range), n);
  std::int64_t fired = 0;
  for (auto _ : state) {
    now += TimingWheel::kTick;
    wheel.advance(now, kElements, [&](std::uint64_t reference) {
      ++fired;
      wheel.insert(now + static_cast<Millis>(hash_of(reference + ++n) % range), reference);
    });
  }
  state.SetItemsProcessed(fired);
}
BENCHMARK(WheelInsertAndFire)->Arg(60 * 1000)->Arg(3600 * 1000);

}  // namespace
}  // namespace shoal::structs
