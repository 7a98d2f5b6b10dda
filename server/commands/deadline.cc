#include "server/commands/deadline.h"

#include <fmt/format.h>

#include "server/commands/string_values.h"
#include "server/commands/whole_value.h"
#include "server/dispatch/command_table.h"

namespace shoal::commands {

using dispatch::Context;

namespace {

std::nullopt_t fail_invalid(Context& ctx) {
  ctx.fail(fmt::format("ERR invalid expire time in '{}' command", dispatch::shown_name(ctx.command)));
  return std::nullopt;
}

// Nothing when the moment cannot be told in milliseconds.
std::optional<Millis> moment_of(std::int64_t number, DeadlineForm form, Millis now) {
  Millis moment = number;
  if (form.in_seconds && __builtin_mul_overflow(number, Millis{1000}, &moment)) return std::nullopt;
  if (form.from_now && __builtin_add_overflow(moment, now, &moment)) return std::nullopt;
  return moment;
}

}  // namespace

std::optional<DeadlineForm> deadline_form_named(View option) {
  if (dispatch::is_option(option, "EX")) return kSecondsFromNow;
  if (dispatch::is_option(option, "PX")) return kMillisFromNow;
  if (dispatch::is_option(option, "EXAT")) return kSecondsAbsolute;
  if (dispatch::is_option(option, "PXAT")) return kMillisAbsolute;
  return std::nullopt;
}

std::optional<Millis> any_deadline(Context& ctx, std::size_t arg, DeadlineForm form) {
  const auto number = ctx.integer(arg);
  if (!number) return std::nullopt;
  const auto moment = moment_of(*number, form, ctx.keys.now());
  return moment ? moment : fail_invalid(ctx);
}

std::optional<Millis> positive_deadline(Context& ctx, std::size_t arg, DeadlineForm form) {
  const auto number = ctx.integer(arg);
  if (!number) return std::nullopt;
  if (*number <= 0) return fail_invalid(ctx);
  const auto moment = moment_of(*number, form, ctx.keys.now());
  return moment ? moment : fail_invalid(ctx);
}

void give_deadline(Context& ctx, const Key& key, KeyAccess::Handle& handle, Millis deadline) {
  if (deadline <= ctx.keys.now()) return delete_key(ctx, key, handle);
  ctx.keys.set_expiry(key, handle, deadline);
  if (!ctx.keys.effects_of(key.slot).listening()) return ctx.keys.changed(key, Event::kExpire, {});
  ctx.keys.changed(key, Event::kExpire, {"PEXPIREAT", key.name, Decimal(deadline)});
}

void take_deadline(Context& ctx, const Key& key, KeyAccess::Handle& handle) {
  ctx.keys.set_expiry(key, handle, types::kNoExpiry);
  ctx.keys.changed(key, Event::kPersist, {"PERSIST", key.name});
}

}  // namespace shoal::commands
