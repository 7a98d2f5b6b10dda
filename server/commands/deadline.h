// Deadlines as clients write them: EX, PX, EXAT and PXAT, EXPIRE and its kin.
#pragma once

#include <optional>

#include "server/dispatch/context.h"

namespace shoal::commands {

/// What a number stands for: seconds or milliseconds, from now or since the Unix epoch.
struct DeadlineForm {
  bool in_seconds;
  bool from_now;
  bool operator==(const DeadlineForm&) const = default;
};
constexpr DeadlineForm kSecondsFromNow = {true, true};
constexpr DeadlineForm kMillisFromNow = {false, true};
constexpr DeadlineForm kSecondsAbsolute = {true, false};
constexpr DeadlineForm kMillisAbsolute = {false, false};

/// The form that an option of SET or GETEX names ("EX", "PX", "EXAT", "PXAT", in any case).
std::optional<DeadlineForm> deadline_form_named(View option);

/// The moment, which must come after the epoch (and after now, if relative), that argument `arg` names; it
/// may have passed. Else replies with the error and returns nothing.
std::optional<Millis> positive_deadline(dispatch::Context& ctx, std::size_t arg, DeadlineForm form);
/// The same for EXPIRE and its kin, which take any number whose moment can be told.
std::optional<Millis> any_deadline(dispatch::Context& ctx, std::size_t arg, DeadlineForm form);

/// Gives the key that `handle` holds a deadline, or deletes it if that has passed, and says so.
void give_deadline(dispatch::Context& ctx, const Key& key, KeyAccess::Handle& handle, Millis deadline);
/// Takes the deadline away that the key has, and says so.
void take_deadline(dispatch::Context& ctx, const Key& key, KeyAccess::Handle& handle);

}  // namespace shoal::commands
