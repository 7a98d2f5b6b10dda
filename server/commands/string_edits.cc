// Parts of strings: APPEND, GETRANGE, SETRANGE, STRLEN and what two strings have in common.
#include <algorithm>

#include "server/commands/families.h"
#include "server/commands/string_values.h"
#include "server/dispatch/core_services.h"
#include "storage/types/common_subsequence.h"

namespace shoal::commands {

using namespace dispatch;
using types::kNoExpiry;
using types::String;

bool refuse_length(Context& ctx, std::uint64_t bytes) {
  // The limit is never set below a mebibyte, so short values need not look it up.
  if (bytes <= kMiB || bytes <= ctx.core.server().settings().clients.proto_max_bulk_bytes) [[likely]]
    return false;
  ctx.fail(Error::kStringTooLong);
  return true;
}

namespace {

void append(Context& ctx) {
  const Key& key = ctx.key();
  const View suffix = ctx.args[2];
  std::size_t length = suffix.size();
  if (auto handle = ctx.keys.write(key)) {
    if (refuse_other_type(ctx, *handle)) return;
    length += String::length(*handle);
    if (refuse_length(ctx, length)) return;
    ctx.keys.store(key, handle, String::append(handle.get(), suffix));
  } else {
    ctx.keys.insert(key, String::create(key.name, suffix, kNoExpiry));
  }
  ctx.keys.changed(key, Event::kAppend, {"APPEND", key.name, suffix});
  ctx.reply.integer(static_cast<std::int64_t>(length));
}

void strlen(Context& ctx) {
  const types::Entry* entry = ctx.keys.read(ctx.key());
  if (entry == nullptr) return ctx.reply.integer(0);
  if (refuse_other_type(ctx, *entry)) return;
  ctx.reply.integer(static_cast<std::int64_t>(String::length(*entry)));
}

// The bytes from `start` to `end`, both included and counted from the end where negative.
View part_of(View value, std::int64_t start, std::int64_t end) {
  const auto size = static_cast<std::int64_t>(value.size());
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max<std::int64_t>(0, size + start);
  if (end < 0) end = std::max<std::int64_t>(0, size + end);
  end = std::min(end, size - 1);
  if (start > end) return {};
  return value.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1));
}

void getrange(Context& ctx) {
  const auto start = ctx.integer(2);
  if (!start) return;
  const auto end = ctx.integer(3);
  if (!end) return;
  const types::Entry* entry = ctx.keys.read(ctx.key());
  if (entry == nullptr) return ctx.reply.bulk("");
  if (refuse_other_type(ctx, *entry)) return;
  String::Digits digits;
  ctx.reply.bulk(part_of(String::view(*entry, digits), *start, *end));
}

void setrange(Context& ctx) {
  const auto offset = ctx.integer(2);
  if (!offset) return;
  if (*offset < 0) return ctx.fail(Error::kOffsetOutOfRange);
  const Key& key = ctx.key();
  const View bytes = ctx.args[3];
  const auto at = static_cast<std::uint64_t>(*offset);
  auto handle = ctx.keys.write(key);
  if (handle && refuse_other_type(ctx, *handle)) return;
  const std::size_t length = handle ? String::length(*handle) : 0;
  // Nothing to write changes nothing: the string does not even grow.
  if (bytes.empty()) return ctx.reply.integer(static_cast<std::int64_t>(length));
  if (refuse_length(ctx, at + bytes.size())) return;

  if (handle) {
    ctx.keys.store(key, handle, String::write_at(handle.get(), at, bytes));
  } else {
    types::Entry* zeros = String::create_zeros(key.name, at + bytes.size(), kNoExpiry);
    ctx.keys.insert(key, String::write_at(zeros, at, bytes));
  }
  ctx.keys.changed(key, Event::kSetRange, {"SETRANGE", key.name, ctx.args[2], bytes});
  ctx.reply.integer(static_cast<std::int64_t>(std::max<std::uint64_t>(length, at + bytes.size())));
}

// ---- LCS

struct LcsOptions {
  bool only_length = false;
  bool indexes = false;
  bool with_lengths = false;
  std::uint64_t length_min = 0;
};

bool parse_lcs_options(Context& ctx, LcsOptions& options) {
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    const View option = ctx.args[i];
    if (is_option(option, "IDX")) {
      options.indexes = true;
    } else if (is_option(option, "LEN")) {
      options.only_length = true;
    } else if (is_option(option, "WITHMATCHLEN")) {
      options.with_lengths = true;
    } else if (is_option(option, "MINMATCHLEN") && i + 1 < ctx.args.size()) {
      const auto length_min = ctx.integer(++i);
      if (!length_min) return false;
      options.length_min = static_cast<std::uint64_t>(std::max<std::int64_t>(0, *length_min));
    } else {
      ctx.fail(Error::kSyntax);
      return false;
    }
  }
  if (!options.indexes || !options.only_length) return true;
  ctx.fail("ERR If you want both the length and indexes, please just use IDX.");
  return false;
}

void reply_range(Context& ctx, std::size_t first, std::size_t length) {
  ctx.reply.array(2);
  ctx.reply.integer(static_cast<std::int64_t>(first));
  ctx.reply.integer(static_cast<std::int64_t>(first + length - 1));
}

void reply_runs(Context& ctx, const LcsOptions& options, const std::vector<types::CommonRun>& runs,
                std::size_t length) {
  ctx.reply.map(2);
  ctx.reply.bulk("matches");
  const auto matches = ctx.reply.begin_array();
  std::size_t count = 0;
  for (const types::CommonRun& run : runs) {
    if (run.length < options.length_min) continue;
    ++count;
    ctx.reply.array(options.with_lengths ? 3 : 2);
    reply_range(ctx, run.in_first, run.length);
    reply_range(ctx, run.in_second, run.length);
    if (options.with_lengths) ctx.reply.integer(static_cast<std::int64_t>(run.length));
  }
  ctx.reply.end_array(matches, count);
  ctx.reply.bulk("len");
  ctx.reply.integer(static_cast<std::int64_t>(length));
}

// LCS may take no more cells than Redis would give it bytes, some 20 ms of work with strings of one length. A
// first string much longer than the second makes more: what takes more than kStepsMax is refused, which Redis
// would answer (a first string above 16 MB).
bool refuse_lcs_size(Context& ctx, View first, View second, bool only_length) {
  constexpr std::uint64_t kStepsMax = std::uint64_t{1} << 24;
  constexpr std::uint64_t kCellBytes = 4;
  constexpr std::uint64_t kSizeMax = 0xfffffffe;
  const bool too_long = first.size() >= kSizeMax || second.size() >= kSizeMax ||
                        (!only_length && types::common_subsequence_steps(first, second) > kStepsMax);
  if (too_long) {
    ctx.fail("ERR String too long for LCS");
    return true;
  }
  const auto cells = static_cast<unsigned __int128>(first.size() + 1) * (second.size() + 1);
  if (cells * kCellBytes <= ctx.core.server().settings().clients.proto_max_bulk_bytes) return false;
  ctx.fail("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  return true;
}

void lcs(Context& ctx) {
  View texts[2];
  String::Digits digits[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const types::Entry* entry = ctx.keys.read(ctx.key(i));
    if (entry == nullptr) continue;
    if (!is_string(*entry)) return ctx.fail("ERR The specified keys must contain string values");
    texts[i] = String::view(*entry, digits[i]);
  }
  LcsOptions options;
  if (!parse_lcs_options(ctx, options) || refuse_lcs_size(ctx, texts[0], texts[1], options.only_length))
    return;
  if (options.only_length)
    return ctx.reply.integer(static_cast<std::int64_t>(types::longest_common_length(texts[0], texts[1])));

  const std::vector<types::CommonRun> runs = types::longest_common_subsequence(texts[0], texts[1]);
  std::size_t length = 0;
  for (const types::CommonRun& run : runs) length += run.length;
  if (options.indexes) return reply_runs(ctx, options, runs, length);
  std::string common;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run)
    common += texts[0].substr(run->in_first, run->length);
  ctx.reply.bulk(common);
}

using enum CommandFlag;
constexpr auto kByKeys = Route::kKeys;
constexpr std::uint16_t kReads = KeySpec::kRO | KeySpec::kAccess;

// clang-format off
constexpr Command kRows[] = {
    {"APPEND", 3, kWrite | kGrows | kFast, kByKeys, dispatch::first_key(KeySpec::kRW | KeySpec::kInsert), append, Group::kString, "2.0.0",
     "O(1) for each byte appended, spread over many appends", "Appends bytes to the string value of a key, or creates it", "key value"},
    {"STRLEN", 2, kReadOnly | kFast, kByKeys, dispatch::first_key(KeySpec::kRO), strlen, Group::kString, "2.2.0", "O(1)",
     "The length of the string value of a key", "key"},
    {"GETRANGE", 4, kReadOnly, kByKeys, dispatch::first_key(kReads), getrange, Group::kString, "2.4.0", "O(N) for N bytes returned",
     "Part of the string value of a key", "key start end"},
    Command{"SUBSTR", 4, kReadOnly, kByKeys, dispatch::first_key(kReads), getrange, Group::kString, "1.0.0", "O(N) for N bytes returned",
     "Part of the string value of a key, by GETRANGE's former name", "key start end"}
         .with({.deprecated_since = "2.0.0", .replaced_by = "GETRANGE"}),
    {"SETRANGE", 4, kWrite | kGrows, kByKeys, dispatch::first_key(KeySpec::kRW | KeySpec::kUpdate), setrange, Group::kString, "2.2.0",
     "O(N) for N bytes written or gained", "Overwrites part of the string value of a key, with zero bytes before it where the string is shorter",
     "key offset value"},
    {"LCS", -3, kReadOnly, kByKeys, dispatch::key_range(kReads, 1, 1, 1), lcs, Group::kString, "7.0.0", "O(N*M) for values of N and M bytes",
     "The longest common subsequence of two string values", "key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]"},
};
// clang-format on

}  // namespace

dispatch::Family string_edit_family() {
  return kRows;
}

}  // namespace shoal::commands
