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
  if (bytes.size() >= kBigWriteBytes) {
    std::memcpy(bulk_in_place(bytes.size()), bytes.data(), bytes.size());
    return;
  }
  length('$', bytes.size());
  output_->append(bytes);
  output_->append("\r\n");
}

char* ReplyWriter::bulk_in_place(size_t bytes) {
  char header[kLengthBytesMax];
  const size_t header_bytes = static_cast<size_t>(put_length(header, '$', bytes) - header);
  const size_t all_bytes = header_bytes + bytes + 2;
  char* begin = output_->reserve(all_bytes);
  std::memcpy(begin, header, header_bytes);
  put_line_end(begin + header_bytes + bytes);
  output_->commit(all_bytes);
  return begin + header_bytes;
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
