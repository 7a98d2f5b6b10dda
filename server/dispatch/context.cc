#include "server/dispatch/context.h"

#include <algorithm>
#include <cstring>

#include "storage/base/numbers.h"

namespace shoal::dispatch {

void Context::fail(View text) {
  reply.error(text);
  failed_ = true;
  const std::size_t length = std::min(text.substr(0, text.find(' ')).size(), sizeof error_code_room_);
  std::memcpy(error_code_room_, text.data(), length);
  error_code_ = View(error_code_room_, length);
}

Deferral Context::defer() {
  CHECK(make_deferral_ != nullptr && !deferred_);
  deferred_ = true;
  return (*make_deferral_)();
}

std::optional<std::int64_t> Context::integer(std::size_t arg, Error error) {
  const auto value = parse_integer(args[arg]);
  if (!value) fail(error);
  return value;
}

std::optional<std::int64_t> Context::integer_in(std::size_t arg, std::int64_t min, std::int64_t max,
                                                View error) {
  const auto value = parse_integer(args[arg]);
  if (value && *value >= min && *value <= max) return value;
  fail(error);
  return std::nullopt;
}

}  // namespace shoal::dispatch
