#include "server/dispatch/errors.h"

#include "storage/base/check.h"

namespace shoal::dispatch {

namespace {

struct Row {
  Error error;
  View text;
};

// clang-format off
constexpr Row kTexts[] = {
    {Error::kSyntax,                "ERR syntax error"},
    {Error::kWrongType,             "WRONGTYPE Operation against a key holding the wrong kind of value"},
    {Error::kNotInteger,            "ERR value is not an integer or out of range"},
    {Error::kNotFloat,              "ERR value is not a valid float"},
    {Error::kOverflow,              "ERR increment or decrement would overflow"},
    {Error::kDecrementOverflow,     "ERR decrement would overflow"},
    {Error::kNotFinite,             "ERR increment would produce NaN or Infinity"},
    {Error::kNoSuchKey,             "ERR no such key"},
    {Error::kSameObject,            "ERR source and destination objects are the same"},
    {Error::kOutOfRangeDatabase,    "ERR DB index is out of range"},
    {Error::kInvalidDatabase,       "ERR invalid DB index"},
    {Error::kInvalidFirstDatabase,  "ERR invalid first DB index"},
    {Error::kInvalidSecondDatabase, "ERR invalid second DB index"},
    {Error::kOffsetOutOfRange,      "ERR offset is out of range"},
    {Error::kStringTooLong,         "ERR string exceeds maximum allowed size (proto-max-bulk-len)"},
    {Error::kInvalidCursor,         "ERR invalid cursor"},
    {Error::kNestedMulti,           "ERR MULTI calls can not be nested"},
    {Error::kExecWithoutMulti,      "ERR EXEC without MULTI"},
    {Error::kDiscardWithoutMulti,   "ERR DISCARD without MULTI"},
    {Error::kWatchInsideMulti,      "ERR WATCH inside MULTI is not allowed"},
    {Error::kExecAborted,           "EXECABORT Transaction discarded because of previous errors."},
    {Error::kNoAuth,                "NOAUTH Authentication required."},
    {Error::kWrongPassword,         "WRONGPASS invalid username-password pair or user is disabled."},
    {Error::kNoPasswordSet,         "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"},
    {Error::kProtocolVersion,       "NOPROTO unsupported protocol version"},
    {Error::kNotInTransaction,      "ERR Command not allowed inside a transaction"},
    {Error::kMaxClients,            "ERR max number of clients reached"},
    {Error::kOutOfMemory,           "OOM command not allowed when used memory > 'maxmemory'."},
    {Error::kLoading,               "LOADING Redis is loading the dataset in memory"},
    {Error::kReadOnlyReplica,       "READONLY You can't write against a read only replica."},
    {Error::kDebugForbidden,        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server."},
};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kTexts); ++i) {
    if (static_cast<std::size_t>(kTexts[i].error) != i) return false;
  }
  return std::size(kTexts) == static_cast<std::size_t>(Error::kCount);
}
static_assert(in_order(), "one row for each error, in the order of the enum");

}  // namespace

View error_text(Error error) {
  CHECK(error < Error::kCount);
  return kTexts[static_cast<std::size_t>(error)].text;
}

}  // namespace shoal::dispatch
