#include "storage/key_access.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "storage/base/random.h"
#include "storage/types/string.h"
#include "storage/types/value.h"

namespace shoal {
namespace {

using types::Entry;
using types::kNoExpiry;
using types::String;

constexpr Millis kNow = 1'000'000;

class KeyAccessTest : public testing::Test {
 protected:
  void put(View name, View value, Millis expiry = kNoExpiry) {
    const Key key = make_key(name);
    if (auto handle = keys_.write(key)) {
      keys_.store(key, handle, String::assign(handle.get(), value, expiry));
    } else {
      keys_.insert(key, String::create(name, value, expiry));
    }
  }
  std::string get(View name) {
    const Entry* entry = keys_.read(make_key(name));
    if (entry == nullptr) return "nothing";
    String::Digits digits;
    return std::string(String::view(*entry, digits));
  }
  void at(Millis now) { keys_.set_moment(Moment{now}); }
  // The moment at which access words are `access`.
  void at_access(std::uint32_t access) { keys_.set_moment({kNow, clock_at(access)}); }
  static eviction::AccessClock clock_at(std::uint32_t access) {
    return eviction::AccessClock::recency(access * eviction::AccessClock::kStepMs);
  }
  std::uint32_t expiring(View name) {
    return keyspace_.slot(key_slot(name)).database(keys_.database()).expiring;
  }

  Keyspace keyspace_{16};
  Effects effects_;
  KeyAccess keys_{keyspace_, effects_, Moment{kNow, clock_at(7)}, 0, KeyAccess::Touch::kYes};
};

TEST_F(KeyAccessTest, FindsWhatWasInserted) {
  EXPECT_EQ(get("a"), "nothing");
  put("a", "1");
  EXPECT_EQ(get("a"), "1");
  put("a", "a much longer value than the one before, which moves the entry");
  EXPECT_EQ(get("a"), "a much longer value than the one before, which moves the entry");
  EXPECT_EQ(keys_.lookups().hits, 2u);
  EXPECT_EQ(keys_.lookups().misses, 1u);
}

TEST_F(KeyAccessTest, DatabasesDoNotSeeEachOther) {
  put("a", "zero");
  {
    const InDatabase there(keys_, 15);
    EXPECT_EQ(get("a"), "nothing");
    put("a", "fifteen");
    EXPECT_EQ(get("a"), "fifteen");
  }
  EXPECT_EQ(keys_.database(), 0);
  EXPECT_EQ(get("a"), "zero");
}

TEST_F(KeyAccessTest, ReadingLeavesATraceAndPeekingNone) {
  put("a", "1");
  const Key key = make_key("a");
  EXPECT_EQ(keys_.peek(key)->access(), 7u);
  at_access(8);
  EXPECT_EQ(keys_.peek(key)->access(), 7u);
  EXPECT_EQ(keys_.read(key)->access(), 8u);
  at_access(9);
  EXPECT_EQ(keys_.write(key)->access(), 9u);
  at_access(10);
  keys_.set_touch(KeyAccess::Touch::kNo);
  EXPECT_EQ(keys_.read(key)->access(), 9u);
}

TEST_F(KeyAccessTest, UnderAPolicyOfFrequencyUsesAreCountedAlsoOfAKeyThatMoves) {
  Random random(1);
  eviction::Frequency frequency(random);
  frequency.configure(0, 0);
  const auto clock = eviction::AccessClock::frequency(kNow, frequency);
  keys_.set_moment({kNow, clock});
  put("a", "1");
  EXPECT_EQ(clock.frequency_of(keys_.peek(make_key("a"))->access()), 5);
  get("a");
  put("a", "a longer value, for which the entry is made anew, as it no longer fits where it was before");
  EXPECT_EQ(clock.frequency_of(keys_.peek(make_key("a"))->access()), 7);
  auto handle = keys_.write(make_key("a"));
  Entry* entry = keys_.extract(handle);
  keys_.insert_moved(make_key("a"), entry);
  EXPECT_EQ(clock.frequency_of(keys_.peek(make_key("a"))->access()), 8);
}

TEST_F(KeyAccessTest, AnExpiredKeyIsNeverSeenAndWritingReclaimsIt) {
  effects_.set_listening(true);
  put("a", "1", kNow + 10);
  effects_.clear();
  at(kNow + 10);
  const Key key = make_key("a");
  EXPECT_EQ(keys_.peek(key), nullptr);
  EXPECT_EQ(keys_.read(key), nullptr);
  EXPECT_EQ(expiring("a"), 1u) << "readers change nothing";
  EXPECT_FALSE(keys_.write(key));
  EXPECT_EQ(expiring("a"), 0u);
  EXPECT_TRUE(keyspace_.slot(key.slot).find(0)->entries.empty());
  ASSERT_EQ(effects_.records().size(), 1u);
  EXPECT_EQ(effects_.records()[0].event, Event::kExpired);
  EXPECT_EQ(effects_.records()[0].effect, (std::vector<std::string>{"DEL", "a"}));
  EXPECT_EQ(effects_.expired_count(), 1u);
}

TEST_F(KeyAccessTest, AnEarlierDeadlineGetsATimerAndALaterOneIsServedByTheOld) {
  put("a", "1", kNow + 100);
  ASSERT_EQ(effects_.timers().size(), 1u);
  const std::uint16_t stamp = keys_.peek(make_key("a"))->wheel_stamp();
  EXPECT_EQ(effects_.timers()[0].reference.stamp(), stamp);
  EXPECT_NE(stamp, 0);
  put("a", "2", kNow + 200);
  put("a", "a longer value, so that the entry is a new one, by far longer than what was there", kNow + 300);
  EXPECT_EQ(effects_.timers().size(), 1u);
  EXPECT_EQ(keys_.peek(make_key("a"))->wheel_stamp(), stamp);
  put("a", "3", kNow + 50);
  ASSERT_EQ(effects_.timers().size(), 2u);
  EXPECT_EQ(effects_.timers()[1].deadline, kNow + 50);
  EXPECT_EQ(keys_.peek(make_key("a"))->wheel_stamp(), effects_.timers()[1].reference.stamp());
}

TEST_F(KeyAccessTest, AFarDeadlineWaitsInNoWheelUntilItComesNearer) {
  const Key key = make_key("a");
  put("a", "1", types::kFarExpiry);
  EXPECT_TRUE(effects_.timers().empty());
  EXPECT_EQ(expiring("a"), 1u);
  auto handle = keys_.write(key);
  keys_.set_expiry(key, handle, kNow + 5);
  EXPECT_EQ(effects_.timers().size(), 1u);
  handle = keys_.write(key);
  keys_.set_expiry(key, handle, types::kFarExpiry + 1);
  EXPECT_EQ(keys_.peek(key)->expiry(), types::kFarExpiry + 1);
  EXPECT_EQ(effects_.timers().size(), 1u);
}

TEST_F(KeyAccessTest, SettingAndForgettingDeadlinesKeepsTheCountAndTheValue) {
  const Key key = make_key("a");
  put("a", "value");
  for (int round = 0; round < 3; ++round) {
    auto handle = keys_.write(key);
    keys_.set_expiry(key, handle, kNow + 10);
    EXPECT_EQ(handle->expiry(), kNow + 10);
    EXPECT_EQ(expiring("a"), 1u);
    keys_.set_expiry(key, handle, kNow + 20);
    EXPECT_EQ(expiring("a"), 1u);
    keys_.set_expiry(key, handle, kNoExpiry);
    EXPECT_EQ(expiring("a"), 0u);
    EXPECT_EQ(get("a"), "value");
  }
}

TEST_F(KeyAccessTest, ExtractHandsTheEntryOver) {
  const Key key = make_key("a");
  put("a", "1", kNow + 10);
  auto handle = keys_.write(key);
  Entry* entry = keys_.extract(handle);
  EXPECT_FALSE(handle);
  EXPECT_EQ(get("a"), "nothing");
  EXPECT_EQ(expiring("a"), 0u);
  EXPECT_EQ(entry->key(), "a");
  types::destroy(entry);
}

TEST_F(KeyAccessTest, ChangesAreCountedAlwaysAndKeptOnlyForListeners) {
  const Key key = make_key("a");
  keys_.changed(key, Event::kSet, {"SET", "a", "1"});
  EXPECT_EQ(effects_.change_count(), 1u);
  EXPECT_TRUE(effects_.records().empty());
  effects_.set_listening(true);
  keys_.changed_in(3, key, Event::kMoveTo, {"SET", "a", "1"});
  ASSERT_EQ(effects_.records().size(), 1u);
  EXPECT_EQ(effects_.records()[0].database, 3);
  EXPECT_EQ(effects_.records()[0].slot, key.slot);
  EXPECT_EQ(effects_.records()[0].key, "a");
  EXPECT_EQ(event_name(effects_.records()[0].event), "move_to");
}

TEST_F(KeyAccessTest, EffectsOfBorrowedSlotsGoWhereTheRouterSays) {
  struct ByParity final : EffectsRouter {
    Effects even, odd;
    Effects& effects_of(SlotId slot) override { return slot % 2 == 0 ? even : odd; }
  } router;
  keys_.set_router(&router);
  std::size_t even = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "key" + std::to_string(i);
    even += key_slot(name) % 2 == 0 ? 1 : 0;
    put(name, "1", kNow + 5);
    keys_.changed(make_key(name), Event::kSet, {});
  }
  EXPECT_EQ(router.even.timers().size(), even);
  EXPECT_EQ(router.even.change_count(), even);
  EXPECT_EQ(router.odd.timers().size(), 100 - even);
  EXPECT_TRUE(effects_.empty());
}

TEST_F(KeyAccessTest, AWatchedKeysVersionMovesWithEveryChangeInItsDatabase) {
  const Key key = make_key("a");
  const std::uint64_t version = keys_.watch(key);
  EXPECT_EQ(keys_.watched_version(0, key), version);
  keys_.changed_in(1, key, Event::kSet, {});
  keys_.changed(make_key("b"), Event::kSet, {});
  EXPECT_EQ(keys_.watched_version(0, key), version);
  keys_.changed(key, Event::kSet, {});
  EXPECT_NE(keys_.watched_version(0, key), version);
  keys_.unwatch(0, key);
  EXPECT_EQ(keys_.watched_version(0, key), 0u);
}

TEST_F(KeyAccessTest, AWatchOutlivesTheWatchesThatJoinedIt) {
  const Key key = make_key("a");
  keys_.watch(key);
  keys_.changed(key, Event::kSet, {});
  const std::uint64_t version = keys_.watch(key);
  keys_.unwatch(0, key);
  EXPECT_EQ(keys_.watched_version(0, key), version);
  keys_.unwatch(0, key);
  EXPECT_TRUE(keyspace_.slot(key.slot).watched()->empty());
}

TEST_F(KeyAccessTest, BehavesAsAMapOfDeadlinesUnderRandomUse) {
  const std::uint64_t seed = 99;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  struct Model {
    std::string value;
    Millis expiry;
  };
  std::map<std::pair<DatabaseId, std::string>, Model> model;
  Random random(seed);
  Millis now = kNow;
  for (int step = 0; step < 50000; ++step) {
    now += static_cast<Millis>(random.below(3));
    at(now);
    keys_.set_database(static_cast<DatabaseId>(random.below(3)));
    const std::string name = (random.below(2) == 0 ? "{s}" : "") + std::to_string(random.below(60));
    const Key key = make_key(name);
    const auto place = std::pair(keys_.database(), name);
    if (const auto found = model.find(place);
        found != model.end() && found->second.expiry != kNoExpiry && found->second.expiry <= now) {
      model.erase(found);
    }
    const Millis expiry = random.below(2) == 0 ? kNoExpiry : now + 1 + static_cast<Millis>(random.below(300));
    switch (random.below(4)) {
      case 0: {
        const std::string value(random.below(200), 'x');
        put(name, value, expiry);
        model[place] = {value, expiry};
        break;
      }
      case 1:
        if (auto handle = keys_.write(key)) {
          keys_.set_expiry(key, handle, expiry);
          model.at(place).expiry = expiry;
        }
        break;
      case 2:
        if (auto handle = keys_.write(key)) keys_.erase(handle);
        model.erase(place);
        break;
      default: break;
    }
    const auto found = model.find(place);
    ASSERT_EQ(get(name), found == model.end() ? "nothing" : found->second.value) << "step " << step;
    if (found != model.end()) {
      ASSERT_EQ(keys_.peek(key)->expiry(), found->second.expiry);
    }
  }
  // Every count of keys with a deadline is what a walk finds.
  for (SlotId slot = 0; slot < kSlotCount; ++slot) {
    for (DatabaseId database = 0; database < keyspace_.slot(slot).database_end(); ++database) {
      const Dictionary* dictionary = keyspace_.slot(slot).find(database);
      std::uint32_t expiring = 0;
      dictionary->entries.for_each([&](const Entry& entry) { expiring += entry.has_expiry() ? 1 : 0; });
      ASSERT_EQ(dictionary->expiring, expiring);
    }
  }
}

}  // namespace
}  // namespace shoal
