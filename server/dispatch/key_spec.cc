// Key specifications, applied to requests.
#include <algorithm>

#include "server/dispatch/command_table.h"
#include "server/dispatch/errors.h"
#include "storage/base/ascii.h"
#include "storage/base/numbers.h"

namespace shoal::dispatch {

namespace {

using Args = std::span<const View>;

/// Where the keys of `spec` begin, or 0 when its keyword is not there. A negative index counts from the end,
/// and then the search goes towards the front.
std::size_t begin_of(const KeySpec& spec, Args args) {
  if (spec.begin == KeySpec::Begin::kIndex) return static_cast<std::size_t>(spec.index);
  const auto size = static_cast<std::ptrdiff_t>(args.size());
  const std::ptrdiff_t step = spec.index >= 0 ? 1 : -1;
  for (std::ptrdiff_t at = spec.index >= 0 ? spec.index : size + spec.index; at > 0 && at < size;
       at += step) {
    if (equal_ignoring_case(args[static_cast<std::size_t>(at)], spec.keyword))
      return static_cast<std::size_t>(at) + 1;
  }
  return 0;
}

struct Range {
  std::size_t first = 1;
  std::size_t end = 1;  // one past the last key at most
};

/// The arguments that hold the keys, or why there are none.
std::optional<View> range_of_count(const KeySpec& spec, Args args, std::size_t begin, Range& range) {
  const std::size_t count_at = begin + static_cast<std::size_t>(spec.count_at);
  if (count_at >= args.size()) return std::nullopt;
  const auto count = parse_integer(args[count_at]);
  if (!count) return error_text(Error::kNotInteger);
  if (*count < 0) return View("ERR Number of keys can't be negative");
  const auto step = static_cast<std::size_t>(int{spec.step});
  const std::size_t room = (args.size() - count_at - 1 + step - 1) / step;
  if (static_cast<std::uint64_t>(*count) > room) {
    return View("ERR Number of keys can't be greater than number of args");
  }
  range = {count_at + 1, std::min(args.size(), count_at + 1 + static_cast<std::size_t>(*count) * step)};
  return std::nullopt;
}

Range range_of_index(const KeySpec& spec, Args args, std::size_t begin) {
  const auto last = spec.last >= 0 ? static_cast<std::ptrdiff_t>(begin) + spec.last
                                   : static_cast<std::ptrdiff_t>(args.size()) + spec.last;
  const auto end = std::min(static_cast<std::ptrdiff_t>(args.size()), last + 1);
  return {begin, end > 0 ? static_cast<std::size_t>(end) : 0};
}

/// Calls visit(argument's index) for each key of `spec`.
template <class Visit>
std::optional<View> for_each_key(const KeySpec& spec, Args args, Visit&& visit) {
  const std::size_t begin = begin_of(spec, args);
  if (begin == 0) return std::nullopt;
  Range range;
  if (spec.find == KeySpec::Find::kRange) {
    range = range_of_index(spec, args, begin);
  } else if (const auto error = range_of_count(spec, args, begin, range)) {
    return error;
  }
  for (std::size_t at = range.first; at < range.end; at += static_cast<std::size_t>(int{spec.step}))
    visit(at);
  return std::nullopt;
}

[[gnu::noinline]] std::optional<View> append_keys_of_all(const Command& command, Args args,
                                                         std::vector<Key>& keys) {
  for (const KeySpec& spec : command.keys) {
    if (spec.begin == KeySpec::Begin::kNone || (spec.access & KeySpec::kNotKey) != 0) continue;
    if (const auto error =
            for_each_key(spec, args, [&](std::size_t at) { keys.push_back(make_key(args[at])); })) {
      return error;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<View> append_keys(const Command& command, std::span<const View> args, std::vector<Key>& keys) {
  const KeySpec& spec = command.keys[0];
  const bool is_single = spec.begin == KeySpec::Begin::kIndex && spec.find == KeySpec::Find::kRange &&
                         spec.last == 0 && command.keys[1].begin == KeySpec::Begin::kNone;
  if (!is_single) return append_keys_of_all(command, args, keys);
  const auto at = static_cast<std::size_t>(int{spec.index});
  if (at < args.size()) [[likely]]
    keys.push_back(make_key(args[at]));
  return std::nullopt;
}

std::optional<View> key_positions(const Command& command, std::span<const View> args,
                                  std::vector<KeyPosition>& positions) {
  for (const KeySpec& spec : command.keys) {
    if (spec.begin == KeySpec::Begin::kNone || (spec.access & KeySpec::kNotKey) != 0) continue;
    const std::uint16_t access = spec.access_of == nullptr ? spec.access : spec.access_of(args);
    const auto note = [&](std::size_t at) { positions.push_back({at, access}); };
    if (const auto error = for_each_key(spec, args, note)) return error;
  }
  return std::nullopt;
}

}  // namespace shoal::dispatch
