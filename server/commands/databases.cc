// Whole databases: counting, drawing from, emptying and swapping them.
//
// All rows run with every slot of every core in hand, and look at each of them: some 50 us.
#include <algorithm>

#include "server/commands/database_argument.h"
#include "server/commands/families.h"
#include "server/dispatch/context.h"
#include "server/dispatch/core_services.h"
#include "storage/key_walk.h"
#include "storage/types/value.h"

namespace shoal::commands {

using namespace dispatch;
using types::Entry;
using types::is_expired;

namespace {

const Dictionary* dictionary_of(Context& ctx, SlotId slot) {
  return ctx.keys.keyspace().slot(slot).find(ctx.keys.database());
}

std::uint64_t count_keys(Context& ctx) {
  std::uint64_t count = 0;
  for (SlotId slot = 0; slot < kSlotCount; ++slot) {
    if (const Dictionary* dictionary = dictionary_of(ctx, slot)) count += dictionary->entries.size();
  }
  return count;
}

void dbsize(Context& ctx) {
  ctx.reply.integer(static_cast<std::int64_t>(count_keys(ctx)));
}

// ---- RANDOMKEY

// The key at a random place among all keys, expired ones included. Precondition: `key_count`, the keys there
// are, is above 0.
const Entry* draw(Context& ctx, std::uint64_t key_count) {
  const auto product = static_cast<unsigned __int128>(ctx.core.random()) * key_count;
  auto place = static_cast<std::uint64_t>(product >> 64);
  for (SlotId slot = 0;; ++slot) {
    CHECK(slot < kSlotCount);
    const Dictionary* dictionary = dictionary_of(ctx, slot);
    const std::size_t here = dictionary == nullptr ? 0 : dictionary->entries.size();
    if (place < here) return dictionary->entries.random(ctx.core.random());
    place -= here;
  }
}

// The first live key on the way round from a random slot, among the next `entries_max` entries; null if none
// lives.
const Entry* find_live(Context& ctx, std::size_t entries_max) {
  const Entry* found = nullptr;
  ScanCursor cursor{static_cast<SlotId>(ctx.core.random() % kSlotCount)};
  for (SlotId slots_seen = 0; slots_seen < kSlotCount && entries_max > 0 && found == nullptr;) {
    const SlotId slot = cursor.slot;
    const std::size_t looked_at = walk_on(ctx.keys.keyspace(), ctx.keys.database(), cursor, entries_max,
                                          ctx.keys.now(), [&found](const Entry& entry) {
                                            if (found == nullptr) found = &entry;
                                          });
    entries_max -= std::min(looked_at, entries_max);
    if (cursor.slot != slot) ++slots_seen;
    if (cursor.is_at_end()) cursor = {};
  }
  return found;
}

void randomkey(Context& ctx) {
  // Expired keys are reclaimed within moments, so a few draws find a live one; else most keys have just
  // expired. If 10,000 in a row have, there is as good as none left: looking at all would take too long.
  constexpr int kDraws = 4;
  constexpr std::size_t kEntriesMax = 10'000;
  const std::uint64_t key_count = count_keys(ctx);
  const Entry* chosen = nullptr;
  for (int i = 0; i < kDraws && chosen == nullptr && key_count > 0; ++i) {
    chosen = draw(ctx, key_count);
    if (is_expired(*chosen, ctx.keys.now())) chosen = nullptr;
  }
  if (chosen == nullptr && key_count > 0) chosen = find_live(ctx, kEntriesMax);
  chosen == nullptr ? ctx.reply.null_bulk() : ctx.reply.bulk(chosen->key());
}

// ---- FLUSHDB, FLUSHALL, SWAPDB

// Whether the arguments are [ASYNC | SYNC]; if not, the error is replied. Both mean the same: the keys are
// gone with the reply, and their memory follows in slices. To free it at once would hold every core.
bool parse_freeing(Context& ctx) {
  const bool is_option_known =
      ctx.args.size() == 1 ||
      (ctx.args.size() == 2 && (is_option(ctx.args[1], "SYNC") || is_option(ctx.args[1], "ASYNC")));
  if (!is_option_known) ctx.fail(Error::kSyntax);
  return is_option_known;
}

// Tells the watchers of keys in any of `databases` that these change, if they are there.
void touch_watched(Context& ctx, Slot& slot, std::initializer_list<DatabaseId> databases) {
  if (slot.watched() == nullptr) [[likely]]
    return;
  slot.watched()->touch_if([&](DatabaseId database, View name) {
    if (std::find(databases.begin(), databases.end(), database) == databases.end()) return false;
    const Key key = make_key(name);
    return std::any_of(databases.begin(), databases.end(), [&](DatabaseId any) {
      const InDatabase there(ctx.keys, any);
      return ctx.keys.peek(key) != nullptr;
    });
  });
}

void flush(Context& ctx, SlotId id, DatabaseId database) {
  Slot& slot = ctx.keys.keyspace().slot(id);
  Dictionary* dictionary = slot.find(database);
  if (dictionary == nullptr || dictionary->entries.empty()) return;
  touch_watched(ctx, slot, {database});
  Dictionary detached;
  std::swap(detached, *dictionary);
  ctx.core.free_later(std::move(detached));
  ctx.keys.changed_in(database, Key{{}, 0, id}, Event::kFlushed, {"FLUSHDB"});
}

void flushdb(Context& ctx) {
  if (!parse_freeing(ctx)) return;
  for (SlotId slot = 0; slot < kSlotCount; ++slot) flush(ctx, slot, ctx.keys.database());
  ctx.reply.ok();
}

void flushall(Context& ctx) {
  if (!parse_freeing(ctx)) return;
  for (SlotId slot = 0; slot < kSlotCount; ++slot) {
    const DatabaseId end = ctx.keys.keyspace().slot(slot).database_end();
    for (DatabaseId database = 0; database < end; ++database) flush(ctx, slot, database);
  }
  ctx.reply.ok();
}

void swapdb(Context& ctx) {
  const auto one = ctx.integer(1, Error::kInvalidFirstDatabase);
  if (!one) return;
  if (!fits_database_number(*one)) return ctx.fail(Error::kInvalidFirstDatabase);
  const auto other = ctx.integer(2, Error::kInvalidSecondDatabase);
  if (!other) return;
  if (!fits_database_number(*other)) return ctx.fail(Error::kInvalidSecondDatabase);
  const auto exists = [&ctx](std::int64_t database) {
    return database >= 0 && database < ctx.keys.database_count();
  };
  if (!exists(*one) || !exists(*other)) return ctx.fail(Error::kOutOfRangeDatabase);
  ctx.reply.ok();
  if (*one == *other) return;

  const auto first = static_cast<DatabaseId>(*one);
  const auto second = static_cast<DatabaseId>(*other);
  for (SlotId id = 0; id < kSlotCount; ++id) {
    Slot& slot = ctx.keys.keyspace().slot(id);
    if (!slot.holds_keys(first) && !slot.holds_keys(second)) continue;
    touch_watched(ctx, slot, {first, second});
    slot.swap(first, second);
    ctx.keys.changed_in(first, Key{{}, 0, id}, Event::kSwapped, {"SWAPDB", ctx.args[1], ctx.args[2]});
  }
}

using enum CommandFlag;
constexpr auto kEverywhere = Route::kWholeKeyspace;

constexpr dispatch::Documentation kFlushes = {
    .tips = "request_policy:all_shards response_policy:all_succeeded",
    .history = {{"4.0.0", "ASYNC frees behind the scenes"}, {"6.2.0", "SYNC frees at once"}}};

// clang-format off
constexpr Command kRows[] = {
    Command{"DBSIZE", 1, kReadOnly | kFast, kEverywhere, kNoKeys, dbsize, Group::kServer, "1.0.0", "O(1) for each hash slot",
     "How many keys the database holds", "", kKeyspace}.with_tips("request_policy:all_shards response_policy:agg_sum"),
    Command{"RANDOMKEY", 1, kReadOnly, kEverywhere, kNoKeys, randomkey, Group::kGeneric, "1.0.0", "O(1) for each hash slot",
     "The name of a key, drawn at random", "", kKeyspace}.with_tips("nondeterministic_output request_policy:all_shards"),
    Command{"FLUSHDB", -1, kWrite, kEverywhere, kNoKeys, flushdb, Group::kServer, "1.0.0", "O(1) for each hash slot",
     "Removes all keys of the database", "[async: ASYNC@4.0.0 | SYNC@6.2.0]", kKeyspace | kDangerous}.with(kFlushes),
    Command{"FLUSHALL", -1, kWrite, kEverywhere, kNoKeys, flushall, Group::kServer, "1.0.0", "O(1) for each hash slot",
     "Removes all keys of all databases", "[async: ASYNC@4.0.0 | SYNC@6.2.0]", kKeyspace | kDangerous}.with(kFlushes),
    {"SWAPDB", 3, kWrite | kFast, kEverywhere, kNoKeys, swapdb, Group::kServer, "4.0.0", "O(1) for each hash slot and watched key",
     "Exchanges the keys of two databases", "index1 index2", kKeyspace | kDangerous},
};
// clang-format on

}  // namespace

dispatch::Family database_family() {
  return kRows;
}

}  // namespace shoal::commands
