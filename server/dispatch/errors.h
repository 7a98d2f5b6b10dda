// What a client can get wrong, and what it is told: one table. Texts are those of Redis 7.0, for clients read
// them.
#pragma once

#include <array>

#include "storage/base/units.h"

namespace shoal::dispatch {

enum class Error : std::uint8_t {
  kSyntax,
  kWrongType,
  kNotInteger,
  kNotFloat,
  kOverflow,
  kDecrementOverflow,
  kNotFinite,
  kNoSuchKey,
  kSameObject,
  kOutOfRangeDatabase,
  kInvalidDatabase,
  kInvalidFirstDatabase,
  kInvalidSecondDatabase,
  kOffsetOutOfRange,
  kStringTooLong,
  kInvalidCursor,
  kNestedMulti,
  kExecWithoutMulti,
  kDiscardWithoutMulti,
  kWatchInsideMulti,
  kExecAborted,
  kNoAuth,
  kWrongPassword,
  kNoPasswordSet,
  kProtocolVersion,
  kNotInTransaction,
  kMaxClients,
  kOutOfMemory,
  kLoading,
  kReadOnlyReplica,
  kDebugForbidden,
  kCount,
};

/// The whole error line, code included.
View error_text(Error error);
/// The code of an error line: its first word.
constexpr View error_code(View text) {
  return text.substr(0, text.find(' '));
}

}  // namespace shoal::dispatch
