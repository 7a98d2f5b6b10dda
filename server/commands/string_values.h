// What the families of string commands share.
#pragma once

#include "server/dispatch/context.h"
#include "storage/base/numbers.h"
#include "storage/types/string.h"

namespace shoal::commands {

/// A number's digits, for the effect of a change.
class Decimal {
 public:
  explicit Decimal(std::int64_t number) : length_(format_integer(number, digits_)) {}
  operator View() const { return {digits_, length_}; }  // NOLINT: implicit by design

 private:
  char digits_[kIntegerCharsMax];
  std::size_t length_;
};

inline bool is_string(const types::Entry& entry) {
  return entry.type() == types::Type::kString;
}

/// Replies WRONGTYPE and returns true unless the entry is a string.
inline bool refuse_other_type(dispatch::Context& ctx, const types::Entry& entry) {
  if (is_string(entry)) [[likely]]
    return false;
  ctx.fail(dispatch::Error::kWrongType);
  return true;
}

inline void reply_value(dispatch::Context& ctx, const types::Entry& entry) {
  types::String::Digits digits;
  ctx.reply.bulk(types::String::view(entry, digits));
}

/// Redis counts what write commands read into the hit rate as well.
inline void count_lookup(dispatch::Context& ctx, const KeyAccess::Handle& handle) {
  ++(handle ? ctx.keys.lookups().hits : ctx.keys.lookups().misses);
}

/// Whether a value of `bytes` bytes is longer than proto-max-bulk-len, with the error replied.
bool refuse_length(dispatch::Context& ctx, std::uint64_t bytes);

}  // namespace shoal::commands
