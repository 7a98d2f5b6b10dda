// Deadlines of keys: EXPIRE, TTL and their kin.
#include "server/commands/deadline.h"
#include "server/commands/families.h"

namespace shoal::commands {

using namespace dispatch;
using types::Entry;

namespace {

// ---- Setting

struct ExpireConditions {
  bool if_none = false;    // NX
  bool if_any = false;     // XX
  bool if_later = false;   // GT
  bool if_sooner = false;  // LT
};

bool parse_conditions(Context& ctx, ExpireConditions& conditions) {
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    const View option = ctx.args[i];
    if (is_option(option, "NX")) {
      conditions.if_none = true;
    } else if (is_option(option, "XX")) {
      conditions.if_any = true;
    } else if (is_option(option, "GT")) {
      conditions.if_later = true;
    } else if (is_option(option, "LT")) {
      conditions.if_sooner = true;
    } else {
      // Shown up to a zero byte, as Redis does.
      ctx.fail("ERR Unsupported option " + std::string(option.substr(0, option.find('\0'))));
      return false;
    }
  }
  if (conditions.if_none && (conditions.if_any || conditions.if_later || conditions.if_sooner)) {
    ctx.fail("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions.if_later && conditions.if_sooner) {
    ctx.fail("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// A key without a deadline counts as one with an endless deadline.
bool conditions_hold(const ExpireConditions& conditions, const Entry& entry, Millis deadline) {
  const bool has_deadline = entry.has_expiry();
  if (conditions.if_none && has_deadline) return false;
  if (conditions.if_any && !has_deadline) return false;
  if (conditions.if_later && (!has_deadline || deadline <= entry.expiry())) return false;
  if (conditions.if_sooner && has_deadline && deadline >= entry.expiry()) return false;
  return true;
}

template <DeadlineForm kForm>
void expire(Context& ctx) {
  ExpireConditions conditions;
  if (!parse_conditions(ctx, conditions)) return;
  const auto deadline = any_deadline(ctx, 2, kForm);
  if (!deadline) return;
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  if (!handle || !conditions_hold(conditions, *handle, *deadline)) return ctx.reply.integer(0);
  give_deadline(ctx, key, handle, *deadline);
  ctx.reply.integer(1);
}

void persist(Context& ctx) {
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  if (!handle || !handle->has_expiry()) return ctx.reply.integer(0);
  take_deadline(ctx, key, handle);
  ctx.reply.integer(1);
}

// ---- Asking

template <DeadlineForm kForm>
void deadline_of(Context& ctx) {
  constexpr std::int64_t kNoDeadline = -1;
  constexpr std::int64_t kNoKey = -2;
  const Entry* entry = ctx.keys.peek(ctx.key());
  if (entry == nullptr) return ctx.reply.integer(kNoKey);
  if (!entry->has_expiry()) return ctx.reply.integer(kNoDeadline);
  const Millis told = entry->expiry() - (kForm.from_now ? ctx.keys.now() : 0);
  // Rounded to the nearest second, without adding first: the farthest deadline would overflow.
  ctx.reply.integer(kForm.in_seconds ? told / 1000 + (told % 1000 >= 500 ? 1 : 0) : told);
}

using enum CommandFlag;
constexpr auto kByKeys = Route::kKeys;
constexpr auto kSets = dispatch::first_key(KeySpec::kRW | KeySpec::kUpdate);
constexpr auto kAsks = dispatch::first_key(KeySpec::kRO | KeySpec::kAccess);

constexpr dispatch::Documentation kHasConditions = {
    .history = {{"7.0.0", "NX, XX, GT and LT say for which present deadlines it holds"}}};
constexpr dispatch::Documentation kTellsRest = {.tips = "nondeterministic_output",
                                                .history = {{"2.8.0", "-2 for a key that does not exist"}}};

// clang-format off
constexpr Command kRows[] = {
    Command{"EXPIRE",      -3, kWrite | kFast,    kByKeys, kSets, expire<kSecondsFromNow>,        Group::kGeneric, "1.0.0", "O(1)", "Sets how many seconds a key lives", "key seconds [condition: NX | XX | GT | LT]@7.0.0", kKeyspace}
         .with(kHasConditions),
    Command{"PEXPIRE",     -3, kWrite | kFast,    kByKeys, kSets, expire<kMillisFromNow>,         Group::kGeneric, "2.6.0", "O(1)", "Sets how many milliseconds a key lives", "key milliseconds [condition: NX | XX | GT | LT]@7.0.0", kKeyspace}
         .with(kHasConditions),
    Command{"EXPIREAT",    -3, kWrite | kFast,    kByKeys, kSets, expire<kSecondsAbsolute>,       Group::kGeneric, "1.2.0", "O(1)", "Sets the Unix time, in seconds, at which a key ends", "key unix-time-seconds [condition: NX | XX | GT | LT]@7.0.0", kKeyspace}
         .with(kHasConditions),
    Command{"PEXPIREAT",   -3, kWrite | kFast,    kByKeys, kSets, expire<kMillisAbsolute>,        Group::kGeneric, "2.6.0", "O(1)", "Sets the Unix time, in milliseconds, at which a key ends", "key unix-time-milliseconds [condition: NX | XX | GT | LT]@7.0.0", kKeyspace}
         .with(kHasConditions),
    {"PERSIST",      2, kWrite | kFast,    kByKeys, kSets, persist,                        Group::kGeneric, "2.2.0", "O(1)", "Lets a key live until it is deleted", "key", kKeyspace},
    Command{"TTL",          2, kReadOnly | kFast, kByKeys, kAsks, deadline_of<kSecondsFromNow>,   Group::kGeneric, "1.0.0", "O(1)", "How many seconds a key has left", "key", kKeyspace}
         .with(kTellsRest),
    Command{"PTTL",         2, kReadOnly | kFast, kByKeys, kAsks, deadline_of<kMillisFromNow>,    Group::kGeneric, "2.6.0", "O(1)", "How many milliseconds a key has left", "key", kKeyspace}
         .with(kTellsRest),
    {"EXPIRETIME",   2, kReadOnly | kFast, kByKeys, kAsks, deadline_of<kSecondsAbsolute>,  Group::kGeneric, "7.0.0", "O(1)", "The Unix time, in seconds, at which a key ends", "key", kKeyspace},
    {"PEXPIRETIME",  2, kReadOnly | kFast, kByKeys, kAsks, deadline_of<kMillisAbsolute>,   Group::kGeneric, "7.0.0", "O(1)", "The Unix time, in milliseconds, at which a key ends", "key", kKeyspace},
};
// clang-format on

}  // namespace

dispatch::Family expiry_family() {
  return kRows;
}

}  // namespace shoal::commands
