// From replies to bytes, in RESP2 or RESP3. Each call appends one element to an Output; an array's elements
// are whatever the next calls append. Counts are the caller's duty: array(2) promises two elements.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "protocol/output.h"
#include "storage/base/check.h"
#include "storage/base/units.h"

namespace shoal::protocol {

enum class RespVersion : uint8_t { kResp2 = 2, kResp3 = 3 };

/// A collection's length that is not known yet. Must be ended, after those begun within it, unless the Output
/// is truncated to a mark from before it.
struct DeferredLength {
  Output::Hole hole;
};

/// Writes to one Output for one connection. Small enough to make for each batch.
class ReplyWriter {
 public:
  ReplyWriter(Output& output, RespVersion version) : output_(&output), version_(version) {}

  Output& output() { return *output_; }
  RespVersion version() const { return version_; }
  /// HELLO switches in the middle of a pipeline.
  void set_version(RespVersion version) { version_ = version; }

  /// "+OK\r\n".
  void ok() { literal("+OK\r\n"); }
  /// One line of `text`; CR and LF within become spaces.
  void simple_string(View text) { line('+', text); }
  /// `text` with its code, such as "ERR syntax error"; CR and LF within become spaces, as Redis does.
  void error(View text) { line('-', text); }
  void integer(int64_t value);
  void bulk(View bytes);
  /// A number's decimal digits as a bulk.
  void bulk_integer(int64_t value);

  /// A missing string or value: "$-1" in RESP2, "_" in RESP3.
  void null_bulk() { is_resp3() ? literal("_\r\n") : literal("$-1\r\n"); }
  /// A missing array: "*-1" in RESP2, "_" in RESP3.
  void null_array() { is_resp3() ? literal("_\r\n") : literal("*-1\r\n"); }

  void array(size_t count) { length('*', count); }
  /// `pairs` keys each followed by its value; in RESP2 an array twice as long.
  void map(size_t pairs) { is_resp3() ? length('%', pairs) : length('*', 2 * pairs); }
  void set(size_t count) { length(is_resp3() ? '~' : '*', count); }
  /// Out-of-band data (pub/sub, invalidation); an array in RESP2.
  void push(size_t count) { length(is_resp3() ? '>' : '*', count); }
  /// `pairs` of metadata before a reply. Only in RESP3, for RESP2 has no place for it.
  void attribute(size_t pairs) {
    CHECK(is_resp3());
    length('|', pairs);
  }

  /// 17 significant digits as printf's %.17g, or inf, -inf, nan: Redis 7.0's form. RESP2: as a bulk.
  void real(double value);
  /// RESP2: 1 or 0.
  void boolean(bool value);
  /// `digits`: decimal, with an optional minus sign. RESP2: a bulk.
  void big_number(View digits);
  /// Text for people; `format` is "txt" or "mkd". RESP2: a bulk.
  void verbatim(View text, View format = "txt");

  /// An array whose count is known only after its elements are written. Costs moving at most one chunk's
  /// bytes.
  DeferredLength begin_array() { return begin_length(); }
  void end_array(const DeferredLength& deferred, size_t count) { end_length(deferred, '*', count); }
  void end_set(const DeferredLength& deferred, size_t count) {
    end_length(deferred, is_resp3() ? '~' : '*', count);
  }
  void end_map(const DeferredLength& deferred, size_t pairs) {
    is_resp3() ? end_length(deferred, '%', pairs) : end_length(deferred, '*', 2 * pairs);
  }

 private:
  // A type byte, 20 digits with their sign, CR LF; rounded up.
  static constexpr size_t kLineBytesMax = 32;
  // Bulks up to this length are written in one piece; longer ones fill chunks to the end.
  static constexpr size_t kWholeBulkBytes = 1024;

  bool is_resp3() const { return version_ == RespVersion::kResp3; }
  template <size_t N>
  void literal(const char (&text)[N]) {
    std::memcpy(output_->reserve(N - 1), text, N - 1);
    output_->commit(N - 1);
  }
  // Writes type, digits, CR LF at `place`; returns the end.
  static char* put_length(char* place, char type, uint64_t value) {
    *place++ = type;
    if (value < 10) {
      *place++ = static_cast<char>('0' + value);
    } else if (value < 100) {  // Most lengths; the general form costs twice as much.
      *place++ = static_cast<char>('0' + value / 10);
      *place++ = static_cast<char>('0' + value % 10);
    } else {
      place = std::to_chars(place, place + 20, value).ptr;
    }
    return put_line_end(place);
  }
  static char* put_line_end(char* place) {
    std::memcpy(place, "\r\n", 2);
    return place + 2;
  }
  void length(char type, uint64_t value) {
    char* begin = output_->reserve(kLineBytesMax);
    output_->commit(static_cast<size_t>(put_length(begin, type, value) - begin));
  }
  void line(char type, View text);
  void long_bulk(View bytes);
  DeferredLength begin_length();
  void end_length(const DeferredLength& deferred, char type, uint64_t count);

  Output* output_;
  RespVersion version_;
};

inline void ReplyWriter::integer(int64_t value) {
  if (value >= 0) [[likely]]
    return length(':', static_cast<uint64_t>(value));
  char* begin = output_->reserve(kLineBytesMax);
  *begin = ':';
  char* end = std::to_chars(begin + 1, begin + kLineBytesMax, value).ptr;
  output_->commit(static_cast<size_t>(put_line_end(end) - begin));
}

inline void ReplyWriter::bulk(View bytes) {
  if (bytes.size() > kWholeBulkBytes) [[unlikely]]
    return long_bulk(bytes);
  char* begin = output_->reserve(bytes.size() + kLineBytesMax);
  char* place = put_length(begin, '$', bytes.size());
  if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
  place = put_line_end(place + bytes.size());
  output_->commit(static_cast<size_t>(place - begin));
}

}  // namespace shoal::protocol
