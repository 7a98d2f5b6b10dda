// Strings, written and read whole: SET, GET and their kin.
#include <algorithm>

#include "server/commands/deadline.h"
#include "server/commands/families.h"
#include "server/commands/string_values.h"
#include "server/commands/whole_value.h"
#include "server/dispatch/admission.h"

namespace shoal::commands {

using namespace dispatch;
using types::kNoExpiry;
using types::String;

namespace {

// ---- Writing a value

// A big argument that the parser received into a block of its own becomes the value as it is.
[[gnu::noinline]] void put_big(Context& ctx, const Key& key, KeyAccess::Handle& handle, std::size_t arg,
                               Millis deadline) {
  HeapBytes block = ctx.take(arg);
  if (block.data() == nullptr) {
    if (handle) return ctx.keys.store(key, handle, String::assign(handle.get(), ctx.args[arg], deadline));
    return ctx.keys.insert(key, String::create(key.name, ctx.args[arg], deadline));
  }
  if (handle) {
    ctx.keys.store(key, handle, String::assign_adopting(handle.get(), std::move(block), deadline));
  } else {
    ctx.keys.insert(key, String::create_adopting(key.name, std::move(block), deadline));
  }
}

// Makes argument `arg` the key's value, whatever `handle` (just found by write()) holds.
void put(Context& ctx, const Key& key, KeyAccess::Handle& handle, std::size_t arg, Millis deadline) {
  const View value = ctx.args[arg];
  if (value.size() >= protocol::kBigArgumentBytes) [[unlikely]]
    return put_big(ctx, key, handle, arg, deadline);
  if (handle) {
    ctx.keys.store(key, handle, String::assign(handle.get(), value, deadline));
  } else {
    ctx.keys.insert(key, String::create(key.name, value, deadline));
  }
}

void changed_value(Context& ctx, const Key& key, View value) {
  ctx.keys.changed(key, Event::kSet, {"SET", key.name, value});
}

void changed_value_and_deadline(Context& ctx, const Key& key, View value, Millis deadline) {
  if (!ctx.keys.effects_of(key.slot).listening()) return ctx.keys.changed(key, Event::kSet, {});
  ctx.keys.changed(key, Event::kSet, {"SET", key.name, value, "PXAT", Decimal(deadline)});
}

void put_plainly(Context& ctx, const Key& key, std::size_t arg) {
  auto handle = ctx.keys.write(key);
  put(ctx, key, handle, arg, kNoExpiry);
  changed_value(ctx, key, ctx.args[arg]);
}

// ---- SET

struct SetOptions {
  enum class Condition : std::uint8_t { kNone, kIfMissing, kIfThere, kIfEqual };
  Condition condition = Condition::kNone;
  std::size_t equal_arg = 0;
  bool get = false;
  bool keep_deadline = false;
  Millis deadline = kNoExpiry;
};

bool set_condition(SetOptions& options, SetOptions::Condition condition) {
  const bool fits = options.condition == SetOptions::Condition::kNone || options.condition == condition;
  options.condition = condition;
  return fits;
}

// Reads the options of SET from argument 3 on; replies with the error, and returns false, if they make no
// sense.
bool parse_options(Context& ctx, SetOptions& options) {
  using Condition = SetOptions::Condition;
  std::optional<DeadlineForm> form;
  std::size_t deadline_arg = 0;
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    const View option = ctx.args[i];
    const bool has_next = i + 1 < ctx.args.size();
    bool understood = true;
    if (is_option(option, "NX")) {
      understood = set_condition(options, Condition::kIfMissing);
    } else if (is_option(option, "XX")) {
      understood = set_condition(options, Condition::kIfThere);
    } else if (is_option(option, "GET")) {
      options.get = true;
    } else if (is_option(option, "KEEPTTL")) {
      options.keep_deadline = true;
    } else if (is_option(option, "IFEQ") && has_next && options.condition == Condition::kNone) {
      understood = set_condition(options, Condition::kIfEqual);
      options.equal_arg = ++i;
    } else if (const auto named = deadline_form_named(option); named && has_next) {
      understood = !form || form == named;  // The same option again overrides.
      form = named;
      deadline_arg = ++i;
    } else {
      understood = false;
    }
    if (!understood || (options.keep_deadline && form)) {
      ctx.fail(Error::kSyntax);
      return false;
    }
  }
  if (!form) return true;
  const auto deadline = positive_deadline(ctx, deadline_arg, *form);
  if (deadline) options.deadline = *deadline;
  return deadline.has_value();
}

bool condition_holds(const Context& ctx, const SetOptions& options, const KeyAccess::Handle& handle) {
  switch (options.condition) {
    case SetOptions::Condition::kNone: return true;
    case SetOptions::Condition::kIfMissing: return !handle;
    case SetOptions::Condition::kIfThere: return static_cast<bool>(handle);
    case SetOptions::Condition::kIfEqual: break;
  }
  String::Digits digits;
  return handle && String::view(*handle, digits) == ctx.args[options.equal_arg];
}

[[gnu::noinline]] void set_with_options(Context& ctx) {
  SetOptions options;
  if (!parse_options(ctx, options)) return;
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  const bool reads = options.get || options.condition == SetOptions::Condition::kIfEqual;
  if (reads) count_lookup(ctx, handle);
  if (reads && handle && refuse_other_type(ctx, *handle)) return;

  const bool holds = condition_holds(ctx, options, handle);
  // The old value goes into the reply before the new one takes its place.
  if (options.get) {
    handle ? reply_value(ctx, *handle) : ctx.reply.null_bulk();
  } else {
    holds ? ctx.reply.ok() : ctx.reply.null_bulk();
  }
  if (!holds) return;
  const Millis deadline = options.keep_deadline && handle ? handle->expiry() : options.deadline;
  put(ctx, key, handle, 2, deadline);
  if (deadline == kNoExpiry) {
    changed_value(ctx, key, ctx.args[2]);
  } else {
    changed_value_and_deadline(ctx, key, ctx.args[2], deadline);
  }
}

void set(Context& ctx) {
  if (ctx.args.size() > 3) [[unlikely]]
    return set_with_options(ctx);
  put_plainly(ctx, ctx.key(), 2);
  ctx.reply.ok();
}

template <DeadlineForm kForm>
void set_for(Context& ctx) {
  const auto deadline = positive_deadline(ctx, 2, kForm);
  if (!deadline) return;
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  put(ctx, key, handle, 3, *deadline);
  changed_value_and_deadline(ctx, key, ctx.args[3], *deadline);
  ctx.reply.ok();
}

void setnx(Context& ctx) {
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  if (handle) return ctx.reply.integer(0);
  put(ctx, key, handle, 2, kNoExpiry);
  changed_value(ctx, key, ctx.args[2]);
  ctx.reply.integer(1);
}

// ---- GET

void get(Context& ctx) {
  const types::Entry* entry = ctx.keys.read(ctx.key());
  if (entry == nullptr) return ctx.reply.null_bulk();
  if (refuse_other_type(ctx, *entry)) [[unlikely]]
    return;
  reply_value(ctx, *entry);
}

void getset(Context& ctx) {
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  count_lookup(ctx, handle);
  if (handle && refuse_other_type(ctx, *handle)) return;
  handle ? reply_value(ctx, *handle) : ctx.reply.null_bulk();
  put(ctx, key, handle, 2, kNoExpiry);
  changed_value(ctx, key, ctx.args[2]);
}

void getdel(Context& ctx) {
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  count_lookup(ctx, handle);
  if (!handle) return ctx.reply.null_bulk();
  if (refuse_other_type(ctx, *handle)) return;
  reply_value(ctx, *handle);
  delete_key(ctx, key, handle);
}

// What GETEX is to do: nothing, forget the deadline, or set one in `form` from argument `deadline_arg`.
struct GetexOptions {
  bool persist = false;
  std::optional<DeadlineForm> form;
  std::size_t deadline_arg = 0;
};

bool parse_getex_options(const Context& ctx, GetexOptions& options) {
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    if (is_option(ctx.args[i], "PERSIST")) {
      options.persist = true;
    } else {
      const auto named = deadline_form_named(ctx.args[i]);
      if (!named || i + 1 == ctx.args.size() || (options.form && options.form != named)) return false;
      options.form = named;
      options.deadline_arg = ++i;
    }
  }
  return !options.persist || !options.form;
}

void getex(Context& ctx) {
  GetexOptions options;
  if (!parse_getex_options(ctx, options)) return ctx.fail(Error::kSyntax);
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  count_lookup(ctx, handle);
  if (!handle) return ctx.reply.null_bulk();
  if (refuse_other_type(ctx, *handle)) return;

  std::optional<Millis> deadline;
  if (options.form) {
    deadline = positive_deadline(ctx, options.deadline_arg, *options.form);
    if (!deadline) return;
  }
  reply_value(ctx, *handle);
  if (deadline) return give_deadline(ctx, key, handle, *deadline);
  if (options.persist && handle->has_expiry()) take_deadline(ctx, key, handle);
}

// ---- Several keys

void mget(Context& ctx) {
  ctx.reply.array(ctx.key_count());
  for (std::size_t i = 0; i < ctx.key_count(); ++i) {
    const types::Entry* entry = ctx.keys.read(ctx.key(i));
    if (entry == nullptr || !is_string(*entry)) {
      ctx.reply.null_bulk();
    } else {
      reply_value(ctx, *entry);
    }
  }
}

void put_all(Context& ctx) {
  for (std::size_t i = 0; i < ctx.key_count(); ++i) put_plainly(ctx, ctx.key(i), 2 + 2 * i);
}

// Whether every key has a value; if not, with the error replied.
bool comes_in_pairs(Context& ctx) {
  if (ctx.args.size() % 2 == 1) return true;
  ctx.fail(dispatch::wrong_arity_text(ctx.command));
  return false;
}

void mset(Context& ctx) {
  if (!comes_in_pairs(ctx)) return;
  put_all(ctx);
  ctx.reply.ok();
}

void msetnx(Context& ctx) {
  if (!comes_in_pairs(ctx)) return;
  for (std::size_t i = 0; i < ctx.key_count(); ++i) {
    if (ctx.keys.write(ctx.key(i))) return ctx.reply.integer(0);
  }
  put_all(ctx);
  ctx.reply.integer(1);
}

using enum CommandFlag;
constexpr auto kByKeys = Route::kKeys;
constexpr std::uint16_t kReads = KeySpec::kRO | KeySpec::kAccess;
constexpr std::uint16_t kUpdates = KeySpec::kRW | KeySpec::kAccess | KeySpec::kUpdate;

// What SET does to its key: it reads what was there only for GET.
std::uint16_t access_of_set(std::span<const View> args) {
  const auto options = args.subspan(std::min<std::size_t>(args.size(), 3));
  const bool gets =
      std::any_of(options.begin(), options.end(), [](View option) { return is_option(option, "GET"); });
  return gets ? kUpdates : KeySpec::kOW | KeySpec::kUpdate;
}
constexpr std::uint16_t kOverwrites = KeySpec::kOW | KeySpec::kUpdate;
constexpr std::uint16_t kInserts = KeySpec::kOW | KeySpec::kInsert;

// clang-format off
constexpr Command kRows[] = {
    {"GET", 2, kReadOnly | kFast, kByKeys, dispatch::first_key(kReads), get, Group::kString, "1.0.0", "O(1)",
     "The string value of a key", "key"},
    Command{"SET", -3, kWrite | kGrows, kByKeys, dispatch::first_key(kUpdates, access_of_set), set, Group::kString, "1.0.0", "O(1)",
     "Sets the string value of a key, whatever it held, if a condition holds; with or without a deadline",
     "key value [condition: NX | XX | IFEQ comparison-value]@2.6.12 [GET@6.2.0] [expiration: EX seconds@2.6.12 | PX milliseconds@2.6.12 | "
     "EXAT unix-time-seconds@6.2.0 | PXAT unix-time-milliseconds@6.2.0 | KEEPTTL@6.0.0]"}
         .with({.history = {
              {"2.6.12", "EX, PX, NX and XX"},
              {"6.0.0", "KEEPTTL"},
              {"6.2.0", "GET, EXAT and PXAT"},
              {"7.0.0", "GET together with NX"}}}),
    Command{"MGET", -2, kReadOnly | kFast, kByKeys, dispatch::every_key(kReads), mget, Group::kString, "1.0.0", "O(N) for N keys",
     "The string values of several keys, read at one moment", "key [key ...]"}.with_tips("request_policy:multi_shard"),
    Command{"MSET", -3, kWrite | kGrows, kByKeys, dispatch::every_second_key(kOverwrites), mset, Group::kString, "1.0.1", "O(N) for N keys",
     "Sets the string values of several keys, all at one moment", "key value [key value ...]"}
         .with_tips("request_policy:multi_shard response_policy:all_succeeded"),
    Command{"MSETNX", -3, kWrite | kGrows, kByKeys, dispatch::every_second_key(kInserts), msetnx, Group::kString, "1.0.1", "O(N) for N keys",
     "Sets the string values of several keys, if none of them exists", "key value [key value ...]"}
         .with_tips("request_policy:multi_shard response_policy:agg_min"),
    {"SETNX", 3, kWrite | kGrows | kFast, kByKeys, dispatch::first_key(kInserts), setnx, Group::kString, "1.0.0", "O(1)",
     "Sets the string value of a key that does not exist", "key value"},
    {"SETEX", 4, kWrite | kGrows, kByKeys, dispatch::first_key(kOverwrites), set_for<kSecondsFromNow>, Group::kString, "2.0.0", "O(1)",
     "Sets the string value of a key and how many seconds it lives", "key seconds value"},
    {"PSETEX", 4, kWrite | kGrows, kByKeys, dispatch::first_key(kOverwrites), set_for<kMillisFromNow>, Group::kString, "2.6.0", "O(1)",
     "Sets the string value of a key and how many milliseconds it lives", "key milliseconds value"},
    Command{"GETSET", 3, kWrite | kGrows | kFast, kByKeys, dispatch::first_key(kUpdates), getset, Group::kString, "1.0.0", "O(1)",
     "Sets the string value of a key and returns the one before", "key value"}
         .with({.deprecated_since = "6.2.0", .replaced_by = "SET with GET"}),
    {"GETDEL", 2, kWrite | kFast, kByKeys, dispatch::first_key(KeySpec::kRW | KeySpec::kAccess | KeySpec::kDelete), getdel, Group::kString, "6.2.0", "O(1)",
     "Returns the string value of a key and deletes the key", "key"},
    {"GETEX", -2, kWrite | kFast, kByKeys, dispatch::first_key(kUpdates), getex, Group::kString, "6.2.0", "O(1)",
     "Returns the string value of a key and sets or removes its deadline",
     "key [expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]"},
};
// clang-format on

}  // namespace

dispatch::Family string_family() {
  return kRows;
}

}  // namespace shoal::commands
