// Result<T>: a value, or why there is none. For the outside world (files, sockets, configuration); a client's
// mistake is a reply (server/dispatch/errors.h) and a bug is a CHECK.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "storage/base/check.h"

namespace shoal {

/// Why an operation failed, as a sentence for a person, without a final full stop.
struct Failure {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Failure failure)
      : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const std::string& message() const {
    CHECK(!ok());
    return std::get_if<1>(&state_)->message;
  }
  Failure failure() const { return Failure{message()}; }

 private:
  std::variant<T, Failure> state_;
};

/// The result of an operation that has no value to give.
using Status = Result<std::monostate>;
inline Status success() {
  return std::monostate{};
}

}  // namespace shoal
