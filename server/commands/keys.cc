// Keys of any type: whether they exist, what they are called, where they are.
#include "server/commands/database_argument.h"
#include "server/commands/families.h"
#include "server/commands/subcommands.h"
#include "server/commands/whole_value.h"
#include "server/dispatch/core_services.h"
#include "storage/types/string.h"
#include "storage/types/value.h"

namespace shoal::commands {

using namespace dispatch;
using types::Entry;

namespace {

// ---- Counting and deleting

void del(Context& ctx) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < ctx.key_count(); ++i) {
    const Key& key = ctx.key(i);
    auto handle = ctx.keys.write(key);
    if (!handle) continue;
    delete_key(ctx, key, handle);
    ++count;
  }
  ctx.reply.integer(count);
}

void exists(Context& ctx) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < ctx.key_count(); ++i) count += ctx.keys.peek(ctx.key(i)) != nullptr ? 1 : 0;
  ctx.reply.integer(count);
}

// Touching is what it is for, CLIENT NO-TOUCH or not: that is about the other commands.
void touch(Context& ctx) {
  ctx.keys.set_touch(KeyAccess::Touch::kYes);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < ctx.key_count(); ++i) count += ctx.keys.read(ctx.key(i)) != nullptr ? 1 : 0;
  ctx.reply.integer(count);
}

void type(Context& ctx) {
  const Entry* entry = ctx.keys.peek(ctx.key());
  ctx.reply.simple_string(entry == nullptr ? "none" : types::type_name(entry->type()));
}

// ---- Moving

// Moves the value under `source` (just found) to `target`, over whatever is there.
void rename_to(Context& ctx, KeyAccess::Handle& source, const Key& source_key, const Key& target) {
  Entry* entry = ctx.keys.extract(source);
  ctx.keys.changed(source_key, Event::kRenameFrom, {"DEL", source_key.name});
  if (auto old = ctx.keys.write(target)) ctx.keys.erase(old);
  Entry* moved = types::move_to(entry, target.name, entry->expiry());
  ctx.keys.insert_moved(target, moved);
  changed_whole(ctx, ctx.keys.database(), target, Event::kRenameTo, *moved);
}

void rename(Context& ctx) {
  auto source = ctx.keys.write(ctx.key(0));
  if (!source) return ctx.fail(Error::kNoSuchKey);
  if (ctx.key(0).name != ctx.key(1).name) rename_to(ctx, source, ctx.key(0), ctx.key(1));
  ctx.reply.ok();
}

void renamenx(Context& ctx) {
  if (ctx.keys.peek(ctx.key(0)) == nullptr) return ctx.fail(Error::kNoSuchKey);
  if (ctx.keys.write(ctx.key(1))) return ctx.reply.integer(0);
  auto source = ctx.keys.write(ctx.key(0));
  rename_to(ctx, source, ctx.key(0), ctx.key(1));
  ctx.reply.integer(1);
}

void move(Context& ctx) {
  const auto database = database_argument(ctx, 2);
  if (!database) return;
  const DatabaseId from = ctx.keys.database();
  if (*database == from) return ctx.fail(Error::kSameObject);
  const Key& key = ctx.key();
  auto source = ctx.keys.write(key);
  if (!source) return ctx.reply.integer(0);
  const InDatabase there(ctx.keys, *database);
  if (ctx.keys.write(key)) return ctx.reply.integer(0);

  Entry* entry = ctx.keys.extract(source);
  ctx.keys.changed_in(from, key, Event::kMoveFrom, {"DEL", key.name});
  ctx.keys.insert_moved(key, entry);
  changed_whole(ctx, *database, key, Event::kMoveTo, *entry);
  ctx.reply.integer(1);
}

struct CopyOptions {
  DatabaseId database;
  bool replace = false;
};

bool parse_copy_options(Context& ctx, CopyOptions& options) {
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    if (is_option(ctx.args[i], "REPLACE")) {
      options.replace = true;
    } else if (is_option(ctx.args[i], "DB") && i + 1 < ctx.args.size()) {
      const auto database = database_argument(ctx, ++i);
      if (!database) return false;
      options.database = *database;
    } else {
      ctx.fail(Error::kSyntax);
      return false;
    }
  }
  return true;
}

void copy(Context& ctx) {
  CopyOptions options{ctx.keys.database()};
  if (!parse_copy_options(ctx, options)) return;
  const Key& target = ctx.key(1);
  if (options.database == ctx.keys.database() && ctx.key(0).name == target.name)
    return ctx.fail(Error::kSameObject);
  const Entry* source = ctx.keys.read(ctx.key(0));
  if (source == nullptr) return ctx.reply.integer(0);

  const InDatabase there(ctx.keys, options.database);
  auto old = ctx.keys.write(target);
  if (old && !options.replace) return ctx.reply.integer(0);
  if (old) ctx.keys.erase(old);
  Entry* copied = types::copy(*source, target.name, source->expiry());
  ctx.keys.insert(target, copied);
  changed_whole(ctx, options.database, target, Event::kCopyTo, *copied);
  ctx.reply.integer(1);
}

// ---- OBJECT

constexpr View kLfuNote =
    "Please note that when switching between policies at runtime LRU and LFU data will take some time to "
    "adjust.";

void object_encoding(Context& ctx) {
  const Entry* entry = ctx.keys.peek(ctx.key());
  entry == nullptr ? ctx.reply.null_bulk() : ctx.reply.bulk(types::encoding_name(*entry));
}

void object_freq(Context& ctx) {
  const Entry* entry = ctx.keys.peek(ctx.key());
  if (entry == nullptr) return ctx.reply.null_bulk();
  const eviction::AccessClock& clock = ctx.keys.moment().access;
  if (clock.counts_frequency()) return ctx.reply.integer(clock.frequency_of(entry->access()));
  ctx.fail("ERR An LFU maxmemory policy is not selected, access frequency not tracked. " +
           std::string(kLfuNote));
}

void object_idletime(Context& ctx) {
  const Entry* entry = ctx.keys.peek(ctx.key());
  if (entry == nullptr) return ctx.reply.null_bulk();
  const eviction::AccessClock& clock = ctx.keys.moment().access;
  if (!clock.counts_frequency()) return ctx.reply.integer(clock.idle_ms(entry->access()) / 1000);
  ctx.fail("ERR An LFU maxmemory policy is selected, idle time not tracked. " + std::string(kLfuNote));
}

// Values have one owner here. Redis shares small integers, and clients that look see the count it gives
// these.
void object_refcount(Context& ctx) {
  constexpr std::int64_t kSharedIntegers = 10000;
  constexpr std::int64_t kShared = 0x7fffffff;
  const Entry* entry = ctx.keys.peek(ctx.key());
  if (entry == nullptr) return ctx.reply.null_bulk();
  const bool is_integer = types::String::is_integer_encoded(*entry);
  const std::int64_t value = is_integer ? *types::String::integer(*entry) : -1;
  ctx.reply.integer(value >= 0 && value < kSharedIntegers ? kShared : 1);
}

void object_help(Context& ctx) {
  constexpr View kLines[] = {
      "ENCODING <key>", "    How the value of a key is kept.",
      "FREQ <key>",     "    How often a key is used, on a logarithmic scale (under an LFU policy).",
      "IDLETIME <key>", "    Seconds since a key was last used (not under an LFU policy).",
      "REFCOUNT <key>", "    How many refer to the value of a key.",
  };
  reply_help(ctx, "OBJECT", kLines);
}

using enum CommandFlag;
constexpr auto kByKeys = Route::kKeys;
constexpr auto kLooked = dispatch::second_key(KeySpec::kRO);

constexpr View kCounted = "request_policy:multi_shard response_policy:agg_sum";

// clang-format off
constexpr Command kObjectRows[] = {
    Command{"OBJECT|ENCODING", 3, kReadOnly, kByKeys, kLooked, object_encoding, Group::kGeneric, "2.2.3", "O(1)",
     "How the value of a key is kept", "key", kKeyspace}.with_tips("nondeterministic_output"),
    Command{"OBJECT|FREQ", 3, kReadOnly, kByKeys, kLooked, object_freq, Group::kGeneric, "4.0.0", "O(1)",
     "How often a key is used, on a logarithmic scale", "key", kKeyspace}.with_tips("nondeterministic_output"),
    Command{"OBJECT|IDLETIME", 3, kReadOnly, kByKeys, kLooked, object_idletime, Group::kGeneric, "2.2.3", "O(1)",
     "Seconds since a key was last used", "key", kKeyspace}.with_tips("nondeterministic_output"),
    Command{"OBJECT|REFCOUNT", 3, kReadOnly, kByKeys, kLooked, object_refcount, Group::kGeneric, "2.2.3", "O(1)",
     "How many refer to the value of a key", "key", kKeyspace}.with_tips("nondeterministic_output"),
    {"OBJECT|HELP", 2, kLoadingOk | kStaleOk, Route::kAnywhere, dispatch::kNoKeys, object_help, Group::kGeneric, "6.2.0", "O(1)",
     "What OBJECT can tell", "", kKeyspace},
};

constexpr auto kDeletes = dispatch::every_key(KeySpec::kRM | KeySpec::kDelete);
constexpr std::uint16_t kTaken = KeySpec::kRW | KeySpec::kAccess | KeySpec::kDelete;

constexpr Command kRows[] = {
    Command{"DEL", -2, kWrite, kByKeys, kDeletes, del, Group::kGeneric, "1.0.0", "O(N) for N keys and what they hold",
     "Deletes keys", "key [key ...]", kKeyspace}.with_tips(kCounted),
    Command{"UNLINK", -2, kWrite | kFast, kByKeys, kDeletes, del, Group::kGeneric, "4.0.0", "O(N) for N keys",
     "Deletes keys; what is large is freed later", "key [key ...]", kKeyspace}.with_tips(kCounted),
    Command{"EXISTS", -2, kReadOnly | kFast, kByKeys, dispatch::every_key(KeySpec::kRO), exists, Group::kGeneric, "1.0.0", "O(N) for N keys",
     "How many of the keys exist; one named twice counts twice", "key [key ...]", kKeyspace}
         .with({.tips = kCounted,
           .history = {{"3.0.3", "Takes several keys"}}}),
    Command{"TOUCH", -2, kReadOnly | kFast, kByKeys, dispatch::every_key(KeySpec::kRO), touch, Group::kGeneric, "3.2.1", "O(N) for N keys",
     "Marks keys as used; how many of them exist", "key [key ...]", kKeyspace}.with_tips(kCounted),
    {"TYPE", 2, kReadOnly | kFast, kByKeys, dispatch::first_key(KeySpec::kRO), type, Group::kGeneric, "1.0.0", "O(1)",
     "The type of the value of a key", "key", kKeyspace},
    {"RENAME", 3, kWrite, kByKeys, dispatch::two_keys(kTaken, KeySpec::kOW | KeySpec::kUpdate), rename, Group::kGeneric, "1.0.0", "O(1)",
     "Gives a key another name, over a key that had it", "key newkey", kKeyspace},
    Command{"RENAMENX", 3, kWrite | kFast, kByKeys, dispatch::two_keys(kTaken, KeySpec::kOW | KeySpec::kInsert), renamenx, Group::kGeneric, "1.0.0", "O(1)",
     "Gives a key another name that no key has", "key newkey", kKeyspace}
         .with({.history = {{"3.2.0", "One name twice is no error"}}}),
    {"COPY", -3, kWrite | kGrows, kByKeys, dispatch::two_keys(KeySpec::kRO | KeySpec::kAccess, KeySpec::kOW | KeySpec::kUpdate), copy, Group::kGeneric, "6.2.0",
     "O(N) for a value of N elements or bytes", "Copies the value and the deadline of a key to another key",
     "source destination [DB destination-db] [REPLACE]", kKeyspace},
    {"MOVE", 3, kWrite | kFast, kByKeys, dispatch::first_key(KeySpec::kRW | KeySpec::kAccess | KeySpec::kUpdate), move, Group::kGeneric, "1.0.0", "O(1)",
     "Moves a key to another database", "key db", kKeyspace},
    {"OBJECT", -2, kContainer, Route::kAnywhere, dispatch::kNoKeys, nullptr, Group::kGeneric, "2.2.3", "As the subcommand says",
     "What is behind a key", "", dispatch::kNoExtraCategory, kObjectRows},
};
// clang-format on

}  // namespace

dispatch::Family key_family() {
  return kRows;
}

}  // namespace shoal::commands
