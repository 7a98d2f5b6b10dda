#include "protocol/reply_writer.h"

#include <algorithm>
#include <string>

#include "storage/base/numbers.h"

namespace shoal::protocol {
namespace {

constexpr size_t kLengthBytesMax = 24;  // a type byte, 20 digits, CR LF

}  // namespace

void ReplyWriter::line(char type, View text) {
  char* begin = output_->reserve(text.size() + 3);
  *begin = type;
  char* end = std::transform(text.begin(), text.end(), begin + 1,
                             [](char c) { return c == '\r' || c == '\n' ? ' ' : c; });
  output_->commit(static_cast<size_t>(put_line_end(end) - begin));
}

void ReplyWriter::long_bulk(View bytes) {
  // A big one has a chunk to itself, length and line end included.
  if (bytes.size() >= kBigWriteBytes)
    output_->reserve(std::min(bytes.size(), kPieceBytesMax) + kLineBytesMax);
  length('$', bytes.size());
  output_->append(bytes);
  output_->append("\r\n");
}

void ReplyWriter::bulk_integer(int64_t value) {
  char digits[kIntegerCharsMax];
  bulk(View(digits, format_integer(value, digits)));
}

void ReplyWriter::real(double value) {
  const std::string digits = format_double(value);
  is_resp3() ? line(',', digits) : bulk(digits);
}

void ReplyWriter::boolean(bool value) {
  if (!is_resp3()) return integer(value ? 1 : 0);
  value ? literal("#t\r\n") : literal("#f\r\n");
}

void ReplyWriter::big_number(View digits) {
  is_resp3() ? line('(', digits) : bulk(digits);
}

void ReplyWriter::verbatim(View text, View format) {
  CHECK(format.size() == 3);
  if (!is_resp3()) return bulk(text);
  length('=', text.size() + 4);
  output_->append(format);
  output_->append(":");
  output_->append(text);
  output_->append("\r\n");
}

DeferredLength ReplyWriter::begin_length() {
  return DeferredLength{output_->open_hole(kLengthBytesMax)};
}

void ReplyWriter::end_length(const DeferredLength& deferred, char type, uint64_t count) {
  char header[kLengthBytesMax];
  const size_t bytes = static_cast<size_t>(put_length(header, type, count) - header);
  output_->close_hole(deferred.hole, View(header, bytes));
}

}  // namespace shoal::protocol
