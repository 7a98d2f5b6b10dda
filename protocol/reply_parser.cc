#include "protocol/reply_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "storage/base/numbers.h"
#include "storage/base/quote.h"

namespace shoal::protocol {
namespace {

// Longest line without its end: simple strings and errors are short by convention, everything else by nature.
constexpr size_t kReplyLineBytesMax = 64 * kKiB;

std::optional<double> parse_real(View text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_big_number(View text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

ReplyOutcome ReplyParser::parse(View input, size_t& consumed, Reply& reply) {
  const char* cursor = input.data();
  const char* end = cursor + input.size();
  while (stage_ != Stage::kError && !complete_ && cursor != end) {
    switch (stage_) {
      case Stage::kLine:
        if (take_line(cursor, end)) begin_element();
        break;
      case Stage::kBody: take_body(cursor, end); break;
      case Stage::kBodyEnd: take_body_end(cursor); break;
      case Stage::kError: break;
    }
  }
  consumed = static_cast<size_t>(cursor - input.data());
  if (stage_ == Stage::kError) return ReplyOutcome::kError;
  if (!complete_) return ReplyOutcome::kNeedMore;
  complete_ = false;
  elements_ = 0;
  reply = std::exchange(finished_, Reply{});
  return ReplyOutcome::kReply;
}

// Gathers a line in line_; true once it is whole, and then without its end.
bool ReplyParser::take_line(const char*& cursor, const char* end) {
  const char* line_end =
      static_cast<const char*>(std::memchr(cursor, '\n', static_cast<size_t>(end - cursor)));
  const char* stop = line_end != nullptr ? line_end : end;
  if (line_.size() + static_cast<size_t>(stop - cursor) > kReplyLineBytesMax) return fail("line too long");
  line_.append(cursor, stop);
  cursor = line_end != nullptr ? line_end + 1 : end;
  if (line_end == nullptr) return false;
  if (!line_.ends_with('\r')) return fail("line does not end in CR LF");
  line_.pop_back();
  if (line_.empty()) return fail("empty line");
  return true;
}

void ReplyParser::begin_element() {
  if (++elements_ > limits_.elements_max) {
    fail("too many elements");
    return;
  }
  const std::string line = std::exchange(line_, std::string());
  const View rest = View(line).substr(1);
  switch (line[0]) {
    case '$': return begin_string(ReplyType::kBulk, rest);
    case '!': return begin_string(ReplyType::kError, rest);
    case '=': return begin_string(ReplyType::kVerbatim, rest);
    case '*': return begin_collection(ReplyType::kArray, rest, 1);
    case '~': return begin_collection(ReplyType::kSet, rest, 1);
    case '>': return begin_collection(ReplyType::kPush, rest, 1);
    case '%': return begin_collection(ReplyType::kMap, rest, 2);
    case '|': return begin_collection(ReplyType::kAttribute, rest, 2);
    default: return scalar(line[0], rest);
  }
}

void ReplyParser::scalar(char type, View text) {
  Reply element{.type = ReplyType::kSimpleString, .text = std::string(text)};
  bool is_good = true;
  switch (type) {
    case '+': break;
    case '-': element.type = ReplyType::kError; break;
    case ':': {
      const auto integer = parse_integer(text);
      element = Reply{.type = ReplyType::kInteger, .integer = integer.value_or(0)};
      is_good = integer.has_value();
      break;
    }
    case '_':
      element.type = ReplyType::kNull;
      is_good = text.empty();
      break;
    case ',': {
      const auto real = parse_real(text);
      element.type = ReplyType::kReal;
      element.real = real.value_or(0);
      is_good = real.has_value();
      break;
    }
    case '#':
      element = Reply{.type = ReplyType::kBoolean, .integer = text == "t" ? 1 : 0};
      is_good = text == "t" || text == "f";
      break;
    case '(':
      element.type = ReplyType::kBigNumber;
      is_good = is_big_number(text);
      break;
    default: is_good = false; break;
  }
  if (!is_good) {
    fail("not a reply: " + quote(std::string(1, type) + std::string(text)));
    return;
  }
  complete(std::move(element));
}

void ReplyParser::begin_string(ReplyType type, View digits) {
  const auto bytes = parse_integer(digits);
  if (type == ReplyType::kBulk && bytes == -1) return complete(Reply{});
  if (!bytes || *bytes < 0 || static_cast<uint64_t>(*bytes) > limits_.bulk_bytes_max) {
    fail("bad string length");
    return;
  }
  string_ = Reply{.type = type};
  bytes_left_ = static_cast<size_t>(*bytes);
  stage_ = bytes_left_ > 0 ? Stage::kBody : Stage::kBodyEnd;
}

void ReplyParser::begin_collection(ReplyType type, View digits, size_t elements_per_count) {
  const auto count = parse_integer(digits);
  if (type == ReplyType::kArray && count == -1) return complete(Reply{});
  if (!count || *count < 0 || static_cast<uint64_t>(*count) > limits_.elements_max) {
    fail("bad collection length");
    return;
  }
  if (open_.size() >= limits_.depth_max) {
    fail("too deep");
    return;
  }
  if (*count == 0) return complete(Reply{.type = type});
  open_.push_back(Open{Reply{.type = type}, static_cast<size_t>(*count) * elements_per_count});
}

void ReplyParser::take_body(const char*& cursor, const char* end) {
  const size_t bytes = std::min(bytes_left_, static_cast<size_t>(end - cursor));
  string_.text.append(cursor, bytes);
  cursor += bytes;
  bytes_left_ -= bytes;
  if (bytes_left_ == 0) stage_ = Stage::kBodyEnd;
}

void ReplyParser::take_body_end(const char*& cursor) {
  const char expected = has_cr_ ? '\n' : '\r';
  if (*cursor++ != expected) {
    fail("string does not end in CR LF");
    return;
  }
  has_cr_ = !has_cr_;
  if (has_cr_) return;
  stage_ = Stage::kLine;
  if (string_.type == ReplyType::kVerbatim) {
    if (string_.text.size() < 4 || string_.text[3] != ':') {
      fail("verbatim text without its format");
      return;
    }
    string_.text.erase(0, 4);
  }
  complete(std::exchange(string_, Reply{}));
}

// Puts a whole element where it belongs, and every collection that this completes.
void ReplyParser::complete(Reply&& element) {
  Reply whole = std::move(element);
  while (!open_.empty()) {
    Open& parent = open_.back();
    parent.reply.children.push_back(std::move(whole));
    if (--parent.missing > 0) return;
    whole = std::move(parent.reply);
    open_.pop_back();
  }
  finished_ = std::move(whole);
  complete_ = true;
}

bool ReplyParser::fail(std::string_view text) {
  error_ = text;
  stage_ = Stage::kError;
  return false;
}

// describe()

namespace {

// What stands between a child's number and the child.
char separator_of(ReplyType type) {
  switch (type) {
    case ReplyType::kSet: return '~';
    case ReplyType::kMap:
    case ReplyType::kAttribute: return '#';
    default: return ')';
  }
}

std::string_view empty_text_of(ReplyType type) {
  switch (type) {
    case ReplyType::kSet: return "(empty set)";
    case ReplyType::kMap:
    case ReplyType::kAttribute: return "(empty hash)";
    case ReplyType::kPush: return "(empty push)";
    default: return "(empty array)";
  }
}

void describe_into(const Reply& reply, size_t indent, std::string& out);

// "1) first\n2) second", numbers right-aligned, every line but the first indented so that nested lists line
// up.
void describe_children(const Reply& reply, size_t indent, std::string& out) {
  const bool has_pairs = reply.type == ReplyType::kMap || reply.type == ReplyType::kAttribute;
  const size_t stride = has_pairs ? 2 : 1;
  const size_t count = reply.children.size() / stride;
  if (count == 0) {
    out += empty_text_of(reply.type);
    return;
  }
  const size_t width = std::to_string(count).size();
  const size_t inner = indent + width + 2;
  for (size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i + 1);
    if (i > 0) out.append("\n").append(indent, ' ');
    out.append(width - number.size(), ' ').append(number).append(1, separator_of(reply.type)).append(" ");
    describe_into(reply.children[i * stride], inner, out);
    if (!has_pairs) continue;
    std::string value;
    describe_into(reply.children[i * stride + 1], inner, value);
    // A value of several lines starts on one of its own.
    out += " => ";
    if (value.find('\n') != std::string::npos) out.append("\n").append(inner, ' ');
    out += value;
  }
}

void describe_into(const Reply& reply, size_t indent, std::string& out) {
  switch (reply.type) {
    case ReplyType::kSimpleString:
    case ReplyType::kVerbatim: out += reply.text; return;
    case ReplyType::kError: out.append("(error) ").append(reply.text); return;
    case ReplyType::kInteger: out.append("(integer) ").append(std::to_string(reply.integer)); return;
    case ReplyType::kBulk: out += quote(reply.text); return;
    case ReplyType::kNull: out += "(nil)"; return;
    case ReplyType::kReal: out.append("(double) ").append(reply.text); return;
    case ReplyType::kBoolean: out += reply.integer != 0 ? "(true)" : "(false)"; return;
    case ReplyType::kBigNumber: out.append("(big number) ").append(reply.text); return;
    case ReplyType::kArray:
    case ReplyType::kMap:
    case ReplyType::kSet:
    case ReplyType::kPush:
    case ReplyType::kAttribute: describe_children(reply, indent, out); return;
  }
}

}  // namespace

std::string describe(const Reply& reply) {
  std::string out;
  describe_into(reply, 0, out);
  return out;
}

}  // namespace shoal::protocol
