#include "protocol/request_parser.h"

#include <algorithm>
#include <cstring>

#include "storage/base/numbers.h"
#include "storage/base/quote.h"

namespace shoal::protocol {
namespace {

// What a batch keeps for its next use: enough for a full batch of usual requests.
constexpr size_t kSpareArgsMax = 4096;
constexpr size_t kSpareBuffersMax = 8;
constexpr size_t kSpareBufferBytesMax = 64 * kKiB;
constexpr size_t kBufferBytesMin = 64;
// What a parser keeps between requests.
constexpr size_t kSpareKeptArgsMax = 16;

// The shortest argument there is: "$0\r\n\r\n".
constexpr size_t kArgumentBytesMin = 6;
// Longest length that is read without care for overflow: more digits go the slow way.
constexpr ptrdiff_t kPlainDigitsMax = 10;

// The digit's value; above 9 for any other byte.
constexpr unsigned digit_of(char c) {
  return static_cast<unsigned char>(c) - unsigned{'0'};
}

// A length and the first byte behind its line; null if it is not all there, or not plain.
struct Length {
  size_t value;
  const char* behind;
};
constexpr Length kNoLength{0, nullptr};

// Reads "<digits>\r?" without sign or leading zero. As in Redis the byte after the CR can be any. For three
// digits and more.
[[gnu::noinline]] Length read_long_length(const char* begin, const char* end) {
  const char* at = begin;
  size_t value = 0;
  unsigned digit;
  const char* stop = end - at > kPlainDigitsMax ? at + kPlainDigitsMax : end;
  while (at < stop && (digit = digit_of(*at)) <= 9) {
    value = value * 10 + digit;
    ++at;
  }
  if (end - at < 2 || *at != '\r' || at == begin) return kNoLength;
  if (*begin == '0' && at - begin > 1) return kNoLength;
  return {value, at + 2};
}

// The same for any length. Written out for one and two digits, which nearly all lengths have: a quarter off
// the time of a small request. By value, for a cursor in memory would be waited for at each step.
inline Length read_plain_length(const char* at, const char* end) {
  if (end - at < 4) [[unlikely]]
    return read_long_length(at, end);
  const unsigned first = digit_of(at[0]);
  if (at[1] == '\r' && first <= 9) return {first, at + 3};
  const unsigned second = digit_of(at[1]);
  if (at[2] == '\r' && first - 1 <= 8 && second <= 9) return {first * 10 + second, at + 4};
  return read_long_length(at, end);
}

constexpr bool is_plain_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Bytes that mean more in an inline request than themselves or the end of an argument.
constexpr bool is_special(char c) {
  return c == '"' || c == '\'' || c == '\0' || c == '\v' || c == '\f';
}

}  // namespace

// ByteBuffer

void ByteBuffer::append(View bytes) {
  if (capacity() - size_ < bytes.size()) reserve(std::max(size_ + bytes.size(), 2 * capacity()));
  if (!bytes.empty()) std::memcpy(data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void ByteBuffer::reserve(size_t capacity) {
  if (capacity <= bytes_.size()) return;
  HeapBytes bytes = HeapBytes::allocate(std::max(capacity, kBufferBytesMin));
  if (size_ > 0) std::memcpy(bytes.data(), bytes_.data(), size_);
  bytes_ = std::move(bytes);
}

// RequestBatch

void RequestBatch::swap(RequestBatch& other) noexcept {
  std::swap(args_, other.args_);
  std::swap(args_size_, other.args_size_);
  std::swap(args_capacity_, other.args_capacity_);
  std::swap(requests_, other.requests_);
  std::swap(size_, other.size_);
  std::swap(owned_, other.owned_);
  std::swap(kept_, other.kept_);
  std::swap(kept_count_, other.kept_count_);
}

void RequestBatch::grow_args(size_t count) {
  const size_t capacity = std::max({size_t{64}, 2 * args_capacity_, args_size_ + count});
  CHECK(capacity <= UINT32_MAX);
  auto args = std::make_unique_for_overwrite<View[]>(capacity);
  std::copy_n(args_.get(), args_size_, args.get());
  args_ = std::move(args);
  args_capacity_ = capacity;
  if (requests_ == nullptr) requests_ = std::make_unique_for_overwrite<Range[]>(kBatchRequestsMax);
}

HeapBytes RequestBatch::take(size_t request, size_t arg) {
  DCHECK(request < size_ && arg < requests_[request].count);
  const size_t place = requests_[request].first + arg;
  auto found = std::lower_bound(owned_.begin(), owned_.end(), place,
                                [](const OwnedArgument& owned, size_t wanted) { return owned.arg < wanted; });
  if (found == owned_.end() || found->arg != place) return HeapBytes();
  return std::move(found->bytes);
}

void RequestBatch::clear() {
  size_ = 0;
  args_size_ = 0;
  if (args_capacity_ > kSpareArgsMax) [[unlikely]] {
    args_.reset();
    args_capacity_ = 0;
  }
  if (!owned_.empty()) owned_ = std::vector<OwnedArgument>();
  if (kept_count_ == 0) return;
  std::erase_if(kept_, [](const ByteBuffer& bytes) { return bytes.capacity() > kSpareBufferBytesMax; });
  if (kept_.size() > kSpareBuffersMax) kept_.resize(kSpareBuffersMax);
  for (ByteBuffer& bytes : kept_) bytes.clear();
  kept_count_ = 0;
}

size_t RequestBatch::heap_bytes() const {
  size_t bytes = args_capacity_ * sizeof(View) +
                 (requests_ != nullptr ? kBatchRequestsMax * sizeof(Range) : 0) +
                 owned_.capacity() * sizeof(OwnedArgument);
  for (const ByteBuffer& kept : kept_) bytes += kept.capacity();
  for (const OwnedArgument& owned : owned_) bytes += owned.bytes.size();
  return bytes;
}

ByteBuffer RequestBatch::take_spare() {
  if (kept_.size() == kept_count_) return ByteBuffer();
  ByteBuffer spare = std::move(kept_.back());
  kept_.pop_back();
  return spare;
}

const ByteBuffer& RequestBatch::keep(ByteBuffer&& bytes) {
  kept_.insert(kept_.begin() + static_cast<ptrdiff_t>(kept_count_), std::move(bytes));
  return kept_[kept_count_++];
}

bool RequestBatch::add_inline(View line) {
  if (std::any_of(line.begin(), line.end(), is_special)) return add_inline_quoted(line);
  View* args = reserve_args(line.size() / 2 + 1);
  size_t count = 0;
  const char* at = line.data();
  const char* end = at + line.size();
  while (true) {
    while (at < end && is_plain_space(*at)) ++at;
    if (at == end) break;
    const char* begin = at;
    while (at < end && !is_plain_space(*at)) ++at;
    args[count++] = View(begin, static_cast<size_t>(at - begin));
  }
  if (count > 0) commit_request(count);
  return true;
}

bool RequestBatch::add_inline_quoted(View line) {
  const auto split = split_arguments(line);
  if (!split) return false;
  if (split->empty()) return true;
  ByteBuffer text = take_spare();
  text.reserve(line.size());  // Quoting only ever makes text longer, so what follows does not move.
  View* args = reserve_args(split->size());
  for (const std::string& arg : *split) {
    const size_t begin = text.size();
    text.append(arg);
    *args++ = text.view(begin, arg.size());
  }
  keep(std::move(text));
  commit_request(split->size());
  return true;
}

// RequestParser

ParseOutcome RequestParser::parse(View input, size_t& consumed, RequestBatch& batch) {
  const char* cursor = input.data();
  const char* end = cursor + input.size();
  // AUTH among the requests changes what may follow it, so before it has run nothing after it is looked at.
  const size_t requests_max = authenticated_ ? kBatchRequestsMax : 1;
  while (cursor != end) {
    if (stage_ == Stage::kError) [[unlikely]]
      break;
    if (batch.size() >= requests_max) [[unlikely]] {
      consumed = static_cast<size_t>(cursor - input.data());
      return ParseOutcome::kBatchFull;
    }
    if (stage_ == Stage::kNothing) [[likely]] {
      const char* behind =
          *cursor == '*' ? parse_whole(cursor, end, batch) : parse_whole_inline(cursor, end, batch);
      if (behind != nullptr) [[likely]] {
        cursor = behind;
        continue;
      }
    }
    cursor = parse_straddling(cursor, end, batch);
  }
  consumed = input.size();
  return stage_ == Stage::kError ? ParseOutcome::kError : ParseOutcome::kNeedMore;
}

inline const char* RequestParser::parse_whole(const char* at, const char* end, RequestBatch& batch) const {
  const Length count = read_plain_length(at + 1, end);
  at = count.behind;
  if (at == nullptr || count.value == 0) return at;  // "*0": no request, but no mistake either.
  if (count.value > args_max() || count.value * kArgumentBytesMin > static_cast<size_t>(end - at))
    return nullptr;
  const size_t bytes_max = bulk_bytes_max();
  View* args = batch.reserve_args(count.value);
  for (View* arg = args; arg != args + count.value; ++arg) {
    if (at == end || *at != '$') return nullptr;
    const Length length = read_plain_length(at + 1, end);
    at = length.behind;
    if (at == nullptr || length.value > bytes_max) return nullptr;
    if (length.value + 2 > static_cast<size_t>(end - at)) return nullptr;
    *arg = View(at, length.value);
    at += length.value + 2;
  }
  batch.commit_request(count.value);
  return at;
}

[[gnu::noinline]] const char* RequestParser::parse_whole_inline(const char* at, const char* end,
                                                                RequestBatch& batch) {
  const size_t bytes = std::min(static_cast<size_t>(end - at), kLineBytesMax + 1);
  const char* line_end = static_cast<const char*>(std::memchr(at, '\n', bytes));
  if (line_end == nullptr) return nullptr;
  if (!batch.add_inline(View(at, static_cast<size_t>(line_end - at)))) return nullptr;
  return line_end + 1;
}

[[gnu::noinline]] const char* RequestParser::parse_straddling(const char* cursor, const char* end,
                                                              RequestBatch& batch) {
  if (stage_ == Stage::kNothing) {
    stage_ = *cursor == '*' ? Stage::kArgCount : Stage::kInline;
    if (tail_.capacity() == 0) tail_ = batch.take_spare();
    line_begin_ = 0;
  }
  while (cursor != end && stage_ != Stage::kNothing && stage_ != Stage::kError) step(cursor, end, batch);
  return cursor;
}

void RequestParser::step(const char*& cursor, const char* end, RequestBatch& batch) {
  switch (stage_) {
    case Stage::kInline: return step_inline(cursor, end, batch);
    case Stage::kArgCount: return step_arg_count(cursor, end);
    case Stage::kLength: return step_length(cursor, end);
    case Stage::kBody:
    case Stage::kBigBody: return step_body(cursor, end);
    case Stage::kBodyEnd: return step_body_end(cursor, end, batch);
    case Stage::kNothing:
    case Stage::kError: break;
  }
  CHECK(false);
}

void RequestParser::step_inline(const char*& cursor, const char* end, RequestBatch& batch) {
  const size_t bytes_left = static_cast<size_t>(end - cursor);
  const char* line_end = static_cast<const char*>(std::memchr(cursor, '\n', bytes_left));
  const size_t bytes = line_end != nullptr ? static_cast<size_t>(line_end - cursor) : bytes_left;
  if (tail_.size() + bytes > kLineBytesMax) return fail("Protocol error: too big inline request");
  tail_.append(View(cursor, bytes));
  cursor += bytes;
  if (line_end == nullptr) return;
  ++cursor;
  const ByteBuffer& line = batch.keep(std::move(tail_));
  tail_ = ByteBuffer();
  if (!batch.add_inline(line.view(0, line.size())))
    return fail("Protocol error: unbalanced quotes in request");
  forget_request();
}

// Gathers the current line in tail_, from line_begin_ on. True once it is whole, without its end.
bool RequestParser::take_line(const char*& cursor, const char* end, const char* too_long_error) {
  const size_t line_bytes = tail_.size() - line_begin_;
  if (line_bytes > 0 && tail_.data()[tail_.size() - 1] == '\r') {
    ++cursor;  // The CR ended an earlier input; this is the byte after it.
    tail_.shrink(tail_.size() - 1);
    return true;
  }
  const size_t bytes_left = static_cast<size_t>(end - cursor);
  const char* line_end = static_cast<const char*>(std::memchr(cursor, '\r', bytes_left));
  const size_t bytes = line_end != nullptr ? static_cast<size_t>(line_end - cursor) : bytes_left;
  if (line_bytes + bytes > kLineBytesMax) {
    fail(too_long_error);
    return false;
  }
  const bool has_end = line_end != nullptr && end - line_end >= 2;
  tail_.append(View(cursor, line_end != nullptr && !has_end ? bytes + 1 : bytes));
  cursor = has_end ? line_end + 2 : end;
  return has_end;
}

void RequestParser::step_arg_count(const char*& cursor, const char* end) {
  if (!take_line(cursor, end, "Protocol error: too big mbulk count string")) return;
  const auto count = parse_integer(tail_.view(1, tail_.size() - 1));
  tail_.clear();
  if (!count || *count > static_cast<int64_t>(limits_->args_max))
    return fail("Protocol error: invalid multibulk length");
  if (*count > static_cast<int64_t>(args_max()))
    return fail("Protocol error: unauthenticated multibulk length");
  if (*count <= 0) return forget_request();
  args_left_ = static_cast<size_t>(*count);
  stage_ = Stage::kLength;
}

void RequestParser::step_length(const char*& cursor, const char* end) {
  if (!take_line(cursor, end, "Protocol error: too big bulk count string")) return;
  const View line = tail_.view(line_begin_, tail_.size() - line_begin_);
  // An empty line shows the CR that ended it, as Redis does.
  const char type = line.empty() ? '\r' : line[0];
  if (type != '$') return fail(std::string("Protocol error: expected '$', got '") + type + "'");
  const auto bytes = parse_integer(line.substr(1));
  tail_.shrink(line_begin_);
  if (!bytes || *bytes < 0 || *bytes > static_cast<int64_t>(limits_->bulk_bytes_max))
    return fail("Protocol error: invalid bulk length");
  if (*bytes > static_cast<int64_t>(bulk_bytes_max()))
    return fail("Protocol error: unauthenticated bulk length");
  begin_body(static_cast<size_t>(*bytes));
}

void RequestParser::begin_body(size_t bytes) {
  const bool is_big = bytes >= kBigArgumentBytes;
  kept_args_.push_back(KeptArgument{is_big ? kInBig : tail_.size(), bytes});
  bytes_left_ = bytes;
  stage_ = is_big ? Stage::kBigBody : Stage::kBody;
  if (is_big) {
    big_.push_back(HeapBytes::allocate(std::min(bytes, kUnprovenBlockBytes)));
    big_bytes_ += big_.back().size();
  } else if (bytes == 0) {
    begin_body_end();
  }
}

void RequestParser::step_body(const char*& cursor, const char* end) {
  const size_t bytes_given = static_cast<size_t>(end - cursor);
  if (stage_ == Stage::kBigBody) {
    const std::span<char> target = direct_target();
    const size_t bytes = std::min(target.size(), bytes_given);
    std::memcpy(target.data(), cursor, bytes);
    cursor += bytes;
    return direct_received(bytes);
  }
  const size_t bytes = std::min(bytes_left_, bytes_given);
  tail_.append(View(cursor, bytes));
  cursor += bytes;
  bytes_left_ -= bytes;
  if (bytes_left_ == 0) begin_body_end();
}

// The block as the header announced it, now that the first part has come.
void RequestParser::grow_big() {
  HeapBytes& big = big_.back();
  HeapBytes whole = HeapBytes::allocate(kept_args_.back().length);
  std::memcpy(whole.data(), big.data(), big_filled());
  big_bytes_ += whole.size() - big.size();
  big = std::move(whole);
}

void RequestParser::begin_body_end() {
  stage_ = Stage::kBodyEnd;
  bytes_left_ = 2;
}

// Redis does not look at the two bytes after an argument, so neither do we.
void RequestParser::step_body_end(const char*& cursor, const char* end, RequestBatch& batch) {
  const size_t bytes = std::min(bytes_left_, static_cast<size_t>(end - cursor));
  cursor += bytes;
  bytes_left_ -= bytes;
  if (bytes_left_ > 0) return;
  if (--args_left_ == 0) return finish_request(batch);
  stage_ = Stage::kLength;
  line_begin_ = tail_.size();
}

void RequestParser::finish_request(RequestBatch& batch) {
  const size_t first = batch.args_size_;
  View* args = batch.reserve_args(kept_args_.size());
  size_t big_count = 0;
  for (size_t i = 0; i < kept_args_.size(); ++i) {
    const KeptArgument& kept = kept_args_[i];
    if (kept.offset != kInBig) {
      args[i] = kept.length == 0 ? View("") : tail_.view(kept.offset, kept.length);
      continue;
    }
    HeapBytes& big = big_[big_count++];
    args[i] = View(big.data(), kept.length);
    batch.owned_.push_back({static_cast<uint32_t>(first + i), std::move(big)});
  }
  batch.commit_request(kept_args_.size());
  batch.keep(std::move(tail_));
  forget_request();
}

// Back to between requests, where a parser holds next to nothing: there may be many idle connections.
void RequestParser::forget_request() {
  stage_ = Stage::kNothing;
  tail_ = ByteBuffer();
  kept_args_.clear();
  if (kept_args_.capacity() > kSpareKeptArgsMax) kept_args_.shrink_to_fit();
  big_ = std::vector<HeapBytes>();
  big_bytes_ = 0;
}

void RequestParser::fail(std::string text) {
  forget_request();
  error_ = std::move(text);
  stage_ = Stage::kError;
}

size_t RequestParser::buffered_bytes() const {
  const size_t missing = stage_ == Stage::kBigBody ? big_.back().size() - big_filled() : 0;
  return tail_.size() + kept_args_.size() * sizeof(KeptArgument) + big_bytes_ - missing;
}

size_t RequestParser::heap_bytes() const {
  return tail_.capacity() + kept_args_.capacity() * sizeof(KeptArgument) + big_bytes_;
}

std::span<char> RequestParser::direct_target() {
  if (stage_ != Stage::kBigBody) return {};
  HeapBytes& big = big_.back();
  return std::span<char>(big.data(), big.size()).subspan(big_filled());
}

void RequestParser::direct_received(size_t bytes) {
  CHECK(stage_ == Stage::kBigBody && bytes <= direct_target().size());
  bytes_left_ -= bytes;
  if (bytes_left_ == 0) return begin_body_end();
  if (direct_target().empty()) grow_big();
}

}  // namespace shoal::protocol
