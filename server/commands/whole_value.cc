#include "server/commands/whole_value.h"

#include "server/commands/string_values.h"

namespace shoal::commands {

void changed_whole(dispatch::Context& ctx, DatabaseId database, const Key& key, Event event,
                   const types::Entry& entry) {
  if (!ctx.keys.effects_of(key.slot).listening()) return ctx.keys.changed_in(database, key, event, {});
  CHECK(is_string(entry));  // Values of other types travel in the file format's encoding, once there is one.
  types::String::Digits digits;
  const View value = types::String::view(entry, digits);
  if (!entry.has_expiry()) return ctx.keys.changed_in(database, key, event, {"SET", key.name, value});
  ctx.keys.changed_in(database, key, event, {"SET", key.name, value, "PXAT", Decimal(entry.expiry())});
}

void delete_key(dispatch::Context& ctx, const Key& key, KeyAccess::Handle& handle) {
  ctx.keys.erase(handle);
  ctx.keys.changed(key, Event::kDelete, {"DEL", key.name});
}

}  // namespace shoal::commands
