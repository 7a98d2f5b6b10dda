// Strings as numbers: INCR and its kin.
#include <cmath>

#include "server/commands/families.h"
#include "server/commands/string_values.h"

namespace shoal::commands {

using namespace dispatch;
using types::kNoExpiry;
using types::String;

namespace {

void add_integer(Context& ctx, std::int64_t delta) {
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  std::int64_t value = 0;
  if (handle) {
    if (refuse_other_type(ctx, *handle)) return;
    const auto old = String::integer(*handle);
    if (!old) return ctx.fail(Error::kNotInteger);
    value = *old;
  }
  if (__builtin_add_overflow(value, delta, &value)) return ctx.fail(Error::kOverflow);
  if (handle) {
    ctx.keys.store(key, handle, String::assign_integer(handle.get(), value, handle->expiry()));
  } else {
    ctx.keys.insert(key, String::create_integer(key.name, value, kNoExpiry));
  }
  // Adding is as good on a copy as here: the request itself is the effect.
  if (ctx.args.size() == 2) {
    ctx.keys.changed(key, Event::kIncrementBy, {ctx.command.name, key.name});
  } else {
    ctx.keys.changed(key, Event::kIncrementBy, {ctx.command.name, key.name, ctx.args[2]});
  }
  ctx.reply.integer(value);
}

void incr(Context& ctx) {
  add_integer(ctx, 1);
}
void decr(Context& ctx) {
  add_integer(ctx, -1);
}

void incrby(Context& ctx) {
  if (const auto delta = ctx.integer(2)) add_integer(ctx, *delta);
}

void decrby(Context& ctx) {
  const auto delta = ctx.integer(2);
  if (!delta) return;
  if (*delta == INT64_MIN) return ctx.fail(Error::kDecrementOverflow);
  add_integer(ctx, -*delta);
}

void incrbyfloat(Context& ctx) {
  const Key& key = ctx.key();
  auto handle = ctx.keys.write(key);
  if (handle && refuse_other_type(ctx, *handle)) return;
  std::optional<long double> value = 0;
  if (handle) {
    String::Digits digits;
    value = parse_float(String::view(*handle, digits));
  }
  const auto delta = value ? parse_float(ctx.args[2]) : std::nullopt;
  if (!delta) return ctx.fail(Error::kNotFloat);
  const long double sum = *value + *delta;
  if (!std::isfinite(sum)) return ctx.fail(Error::kNotFinite);

  const std::string text = format_long_double(sum);
  if (handle) {
    ctx.keys.store(key, handle, String::assign_text(handle.get(), text, handle->expiry()));
  } else {
    ctx.keys.insert(key, String::create_text(key.name, text, kNoExpiry));
  }
  // A sum of floats may differ from machine to machine, the text of it does not.
  ctx.keys.changed(key, Event::kIncrementByFloat, {"SET", key.name, text, "KEEPTTL"});
  ctx.reply.bulk(text);
}

using enum CommandFlag;
constexpr auto kByKeys = Route::kKeys;
constexpr auto kFlags = kWrite | kGrows | kFast;
constexpr auto kKey = dispatch::first_key(KeySpec::kRW | KeySpec::kAccess | KeySpec::kUpdate);

// clang-format off
constexpr Command kRows[] = {  // A missing key counts as 0 for all of them.
    {"INCR",        2, kFlags, kByKeys, kKey, incr,        Group::kString, "1.0.0", "O(1)", "Adds one to the integer value of a key", "key"},
    {"DECR",        2, kFlags, kByKeys, kKey, decr,        Group::kString, "1.0.0", "O(1)", "Takes one from the integer value of a key", "key"},
    {"INCRBY",      3, kFlags, kByKeys, kKey, incrby,      Group::kString, "1.0.0", "O(1)", "Adds a number to the integer value of a key", "key increment"},
    {"DECRBY",      3, kFlags, kByKeys, kKey, decrby,      Group::kString, "1.0.0", "O(1)", "Takes a number from the integer value of a key", "key decrement"},
    {"INCRBYFLOAT", 3, kFlags, kByKeys, kKey, incrbyfloat, Group::kString, "2.6.0", "O(1)", "Adds a floating point number to the value of a key", "key increment@double"},
};
// clang-format on

}  // namespace

dispatch::Family string_number_family() {
  return kRows;
}

}  // namespace shoal::commands
