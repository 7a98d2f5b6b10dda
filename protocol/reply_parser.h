// The client's side: from RESP2 or RESP3 bytes to a small tree, for tests, tools and talk between servers.
// Clear rather than fast: each reply owns its text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/units.h"

namespace shoal::protocol {

enum class ReplyType : uint8_t {
  kSimpleString,
  kError,  // "-", or RESP3's "!"
  kInteger,
  kBulk,
  kNull,  // "$-1", "*-1" or RESP3's "_"
  kArray,
  kReal,
  kBoolean,
  kBigNumber,
  kVerbatim,  // text without its "txt:"
  kMap,       // children: key, value, key, value, ...
  kSet,
  kPush,
  kAttribute,  // as kMap; comes as a reply of its own, before the one it describes; only at the top level
};

/// One reply; which members mean something depends on the type.
struct Reply {
  ReplyType type = ReplyType::kNull;
  std::string text = {};  ///< of strings, errors, big numbers; a real's digits as they were sent
  int64_t integer = 0;    ///< of an integer; a boolean's 1 or 0
  double real = 0;
  std::vector<Reply> children = {};

  bool operator==(const Reply&) const = default;
  bool is_error() const { return type == ReplyType::kError; }
};

struct ReplyLimits {
  size_t depth_max = 32;                   ///< collections within collections
  size_t bulk_bytes_max = 512 * kMiB;      ///< one string
  size_t elements_max = 16 * 1024 * 1024;  ///< of one whole reply, children's children included
};

enum class ReplyOutcome {
  kNeedMore,  ///< all input is consumed, the reply is not complete
  kReply,     ///< one reply was completed; the rest of the input is for the next call
  kError,     ///< not RESP, or beyond the limits: error() says; the parser takes no more input
};

class ReplyParser {
 public:
  explicit ReplyParser(const ReplyLimits& limits = {}) : limits_(limits) {}

  /// Reads up to one reply from `input`, keeping what is incomplete inside. O(input), whatever the cuts.
  ReplyOutcome parse(View input, size_t& consumed, Reply& reply);
  std::string_view error() const { return error_; }
  /// Whether a reply has begun and is not complete.
  bool in_reply() const { return !open_.empty() || !line_.empty() || stage_ != Stage::kLine; }

 private:
  enum class Stage : uint8_t { kLine, kBody, kBodyEnd, kError };
  // A collection that waits for `missing` more children.
  struct Open {
    Reply reply;
    size_t missing;
  };

  bool take_line(const char*& cursor, const char* end);
  void begin_element();
  void begin_string(ReplyType type, View digits);
  void begin_collection(ReplyType type, View digits, size_t elements_per_count);
  void take_body(const char*& cursor, const char* end);
  void take_body_end(const char*& cursor);
  void scalar(char type, View text);
  void complete(Reply&& element);
  bool fail(std::string_view text);

  ReplyLimits limits_;
  Stage stage_ = Stage::kLine;
  std::string line_;       // of the current element, so far
  Reply string_;           // the string being received
  size_t bytes_left_ = 0;  // of it
  bool has_cr_ = false;    // of its line end
  size_t elements_ = 0;
  std::vector<Open> open_;
  bool complete_ = false;  // finished_ holds a whole reply
  Reply finished_;
  std::string error_;
};

/// As redis-cli prints it to a terminal: `(integer) 1`, `"foo"`, `(nil)`, `1) "a"`, `(error) ERR ...`; nested
/// collections are indented. Ends without a line end.
std::string describe(const Reply& reply);

}  // namespace shoal::protocol
