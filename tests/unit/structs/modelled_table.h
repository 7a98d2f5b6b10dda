// What the tests of the hash table share: its elements, a hash for them, and a table beside a model.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <unordered_map>

#include "storage/base/random.h"
#include "storage/structs/segmented_table.h"

namespace shoal::structs {

struct Item {
  std::uint64_t key;
  std::uint64_t hash;
};

struct ItemTraits {
  using Element = Item;
  static std::uint64_t hash(const Item& item) { return item.hash; }
};
using Table = SegmentedTable<ItemTraits>;

using HashFunction = std::uint64_t (*)(std::uint64_t key);
inline std::uint64_t good_hash(std::uint64_t key) {
  return split_mix(key);
}

/// A table beside a std::unordered_map, which owns the items: the model every operation is held against.
class Modelled {
 public:
  explicit Modelled(HashFunction hash) : hash_(hash) {}

  bool insert(std::uint64_t key) {
    if (find(key) != nullptr) return false;
    auto item = std::make_unique<Item>(Item{key, hash_(key)});
    const auto position = table.insert(item->hash, item.get());
    EXPECT_EQ(position.get(), item.get());
    model.emplace(key, std::move(item));
    return true;
  }
  bool erase(std::uint64_t key) {
    const auto position = table.locate(hash_(key), [&](const Item& item) { return item.key == key; });
    const auto found = model.find(key);
    EXPECT_EQ(static_cast<bool>(position), found != model.end());
    if (!position) return false;
    EXPECT_EQ(table.erase(position), found->second.get());
    model.erase(found);
    return true;
  }
  /// Puts a new allocation in the place of the old one, as a value that grew.
  void reallocate(std::uint64_t key) {
    const auto position = table.locate(hash_(key), [&](const Item& item) { return item.key == key; });
    const auto found = model.find(key);
    ASSERT_EQ(static_cast<bool>(position), found != model.end());
    if (!position) return;
    auto item = std::make_unique<Item>(*found->second);
    position.replace(item.get());
    found->second = std::move(item);
  }
  Item* find(std::uint64_t key) {
    Item* item = table.find(hash_(key), [&](const Item& candidate) { return candidate.key == key; });
    const auto found = model.find(key);
    EXPECT_EQ(item, found == model.end() ? nullptr : found->second.get());
    return item;
  }
  void expect_all_found() {
    ASSERT_EQ(table.size(), model.size());
    for (const auto& [key, item] : model) ASSERT_EQ(find(key), item.get());
    std::size_t visited = 0;
    table.for_each([&](Item& item) {
      ++visited;
      const auto found = model.find(item.key);
      ASSERT_TRUE(found != model.end());
      ASSERT_EQ(found->second.get(), &item);
    });
    ASSERT_EQ(visited, model.size());
  }

  Table table;
  std::unordered_map<std::uint64_t, std::unique_ptr<Item>> model;

 private:
  HashFunction hash_;
};

}  // namespace shoal::structs
