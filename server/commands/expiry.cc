// Deadlines of keys: EXPIRE, TTL and their kin.
#include "server/commands/deadline.h"
#include "server/commands/families.h"
#include "server/commands/string_values.h"

namespace shoal::commands {

using dispatch::Command;
using dispatch::Context;
using dispatch::is_option;
using dispatch::KeySpec;
using dispatch::Route;
using types::Entry;
using types::kNoExpiry;

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

void expire_in_form(Context& ctx, DeadlineForm form) {
  ExpireConditions conditions;
  if (!parse_conditions(ctx, conditions)) return;
  const auto deadline = any_deadline(ctx, 2, form);
  if (!deadline) return;
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  if (!handle || !conditions_hold(conditions, *handle, *deadline)) return ctx.reply.integer(0);

  ctx.reply.integer(1);
  if (*deadline <= ctx.keys.now()) {
    ctx.keys.erase(handle);
    return ctx.keys.changed(key, Event::kDelete, {"DEL", key.name});
  }
  ctx.keys.set_expiry(key, handle, *deadline);
  if (!ctx.keys.effects_of(key.slot).listening()) return ctx.keys.changed(key, Event::kExpire, {});
  ctx.keys.changed(key, Event::kExpire, {"PEXPIREAT", key.name, Decimal(*deadline)});
}

void expire(Context& ctx) {
  expire_in_form(ctx, kSecondsFromNow);
}
void pexpire(Context& ctx) {
  expire_in_form(ctx, kMillisFromNow);
}
void expireat(Context& ctx) {
  expire_in_form(ctx, kSecondsAbsolute);
}
void pexpireat(Context& ctx) {
  expire_in_form(ctx, kMillisAbsolute);
}

void persist(Context& ctx) {
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  if (!handle || !handle->has_expiry()) return ctx.reply.integer(0);
  ctx.keys.set_expiry(key, handle, kNoExpiry);
  ctx.keys.changed(key, Event::kPersist, {"PERSIST", key.name});
  ctx.reply.integer(1);
}

// ---- Asking

void tell_deadline(Context& ctx, DeadlineForm form) {
  constexpr std::int64_t kNoDeadline = -1;
  constexpr std::int64_t kNoKey = -2;
  const Entry* entry = ctx.keys.peek(ctx.key());
  if (entry == nullptr) return ctx.reply.integer(kNoKey);
  if (!entry->has_expiry()) return ctx.reply.integer(kNoDeadline);
  const Millis told = entry->expiry() - (form.from_now ? ctx.keys.now() : 0);
  // Rounded to the nearest second, without adding first: the farthest deadline would overflow.
  ctx.reply.integer(form.in_seconds ? told / 1000 + (told % 1000 >= 500 ? 1 : 0) : told);
}

void ttl(Context& ctx) {
  tell_deadline(ctx, kSecondsFromNow);
}
void pttl(Context& ctx) {
  tell_deadline(ctx, kMillisFromNow);
}
void expiretime(Context& ctx) {
  tell_deadline(ctx, kSecondsAbsolute);
}
void pexpiretime(Context& ctx) {
  tell_deadline(ctx, kMillisAbsolute);
}

using enum dispatch::CommandFlag;
using dispatch::Group;
using dispatch::kKeyspace;
constexpr auto kByKeys = Route::kKeys;
constexpr auto kSets = dispatch::first_key(KeySpec::kRW | KeySpec::kUpdate);
constexpr auto kAsks = dispatch::first_key(KeySpec::kRO | KeySpec::kAccess);

// clang-format off
constexpr Command kRows[] = {
    {"EXPIRE",      -3, kWrite | kFast,    kByKeys, kSets, expire,      Group::kGeneric, "1.0.0", "O(1)", "Sets how many seconds a key lives", "key seconds [NX | XX | GT | LT]", kKeyspace},
    {"PEXPIRE",     -3, kWrite | kFast,    kByKeys, kSets, pexpire,     Group::kGeneric, "2.6.0", "O(1)", "Sets how many milliseconds a key lives", "key milliseconds [NX | XX | GT | LT]", kKeyspace},
    {"EXPIREAT",    -3, kWrite | kFast,    kByKeys, kSets, expireat,    Group::kGeneric, "1.2.0", "O(1)", "Sets the Unix time, in seconds, at which a key ends", "key unix-time-seconds [NX | XX | GT | LT]", kKeyspace},
    {"PEXPIREAT",   -3, kWrite | kFast,    kByKeys, kSets, pexpireat,   Group::kGeneric, "2.6.0", "O(1)", "Sets the Unix time, in milliseconds, at which a key ends", "key unix-time-milliseconds [NX | XX | GT | LT]", kKeyspace},
    {"PERSIST",      2, kWrite | kFast,    kByKeys, kSets, persist,     Group::kGeneric, "2.2.0", "O(1)", "Lets a key live until it is deleted", "key", kKeyspace},
    {"TTL",          2, kReadOnly | kFast, kByKeys, kAsks, ttl,         Group::kGeneric, "1.0.0", "O(1)", "How many seconds a key has left", "key", kKeyspace},
    {"PTTL",         2, kReadOnly | kFast, kByKeys, kAsks, pttl,        Group::kGeneric, "2.6.0", "O(1)", "How many milliseconds a key has left", "key", kKeyspace},
    {"EXPIRETIME",   2, kReadOnly | kFast, kByKeys, kAsks, expiretime,  Group::kGeneric, "7.0.0", "O(1)", "The Unix time, in seconds, at which a key ends", "key", kKeyspace},
    {"PEXPIRETIME",  2, kReadOnly | kFast, kByKeys, kAsks, pexpiretime, Group::kGeneric, "7.0.0", "O(1)", "The Unix time, in milliseconds, at which a key ends", "key", kKeyspace},
};
// clang-format on

}  // namespace

dispatch::Family expiry_family() {
  return kRows;
}

}  // namespace shoal::commands
