#include "server/config/option_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "storage/base/ascii.h"
#include "storage/base/glob.h"
#include "storage/base/numbers.h"
#include "storage/base/quote.h"

namespace shoal::config {
namespace {

using Shape = Kind::Shape;

struct MemoryUnit {
  View suffix;
  std::uint64_t bytes;
};
constexpr MemoryUnit kMemoryUnits[] = {
    {"", 1},      {"b", 1}, {"k", 1000}, {"kb", kKiB}, {"m", 1000 * 1000}, {"mb", kMiB}, {"g", 1000000000ULL},
    {"gb", kGiB},
};

Failure out_of_range(const Kind& kind) {
  if (kind.shape == Shape::kOctal) {
    return {fmt::format("argument must be between {:o} and {:o} inclusive", kind.min, kind.max)};
  }
  return {fmt::format("argument must be between {} and {} inclusive", kind.min, kind.max)};
}

Result<Value> parse_yes_no(View word) {
  if (equal_ignoring_case(word, "yes")) return Value{1};
  if (equal_ignoring_case(word, "no")) return Value{0};
  return Failure{"argument must be 'yes' or 'no'"};
}

Result<Value> parse_bounded_integer(const Kind& kind, View word) {
  const auto value = parse_integer(word);
  if (!value) return Failure{"argument couldn't be parsed into an integer"};
  const bool below = *value < kind.min;
  const bool above = *value > 0 && static_cast<std::uint64_t>(*value) > kind.max;
  if (below || above) return out_of_range(kind);
  if (*value < 0) return Value{static_cast<std::uint64_t>(*value)};
  return Value{std::clamp(static_cast<std::uint64_t>(*value), kind.clamp_min, kind.clamp_max)};
}

Result<Value> parse_octal(const Kind& kind, View word) {
  std::uint64_t value = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value, 8);
  if (error != std::errc{} || stop != end) return Failure{"argument couldn't be parsed as an octal number"};
  if (value > kind.max) return out_of_range(kind);
  return Value{value};
}

Result<Value> parse_bounded_memory(const Kind& kind, View word) {
  const auto bytes = parse_memory(word);
  if (!bytes) return Failure{"argument must be a memory value"};
  if (*bytes < static_cast<std::uint64_t>(kind.min) || *bytes > kind.max) return out_of_range(kind);
  return Value{std::clamp(*bytes, kind.clamp_min, kind.clamp_max)};
}

Result<Value> parse_memory_or_percent(View word) {
  if (word.ends_with('%')) {
    const auto percent = parse_integer(word.substr(0, word.size() - 1));
    if (!percent || *percent < 0) return Failure{"argument must be a memory or percent value"};
    if (*percent > 100) return Failure{"percentage argument must be less or equal to 100"};
    return Value{static_cast<std::uint64_t>(-*percent)};
  }
  const auto bytes = parse_memory(word);
  if (!bytes) return Failure{"argument must be a memory or percent value"};
  // Larger ones would read as negative numbers, which are percentages.
  return Value{std::min(*bytes, static_cast<std::uint64_t>(kInt64Max))};
}

const Choice* find_choice(const Kind& kind, View word) {
  for (const Choice& choice : kind.choices) {
    if (equal_ignoring_case(choice.word, word)) return &choice;
  }
  return nullptr;
}

Failure not_a_choice(const Kind& kind) {
  std::string words;
  for (const Choice& choice : kind.choices) {
    if (choice.listed) words += fmt::format("{}{}", words.empty() ? "" : ", ", choice.word);
  }
  return {"argument(s) must be one of the following: " + words};
}

Result<Value> parse_choices(const Kind& kind, std::span<const std::string> words) {
  if (words.empty()) return not_a_choice(kind);
  std::uint64_t mask = 0;
  for (const std::string& word : words) {
    const Choice* choice = find_choice(kind, word);
    if (choice == nullptr) return not_a_choice(kind);
    mask |= choice->value;
  }
  if (kind.normalise != nullptr) {
    if (auto fits = kind.normalise(words); !fits) return fits.failure();
  }
  return Value{mask};
}

std::string format_choices(const Kind& kind, std::uint64_t mask) {
  std::string text;
  for (const Choice& choice : kind.choices) {
    const bool is_set = choice.value == 0 ? mask == 0 : (mask & choice.value) == choice.value;
    if (is_set) text += fmt::format("{}{}", text.empty() ? "" : " ", choice.word);
  }
  return text;
}

bool takes_several_words(Shape shape) {
  return shape == Shape::kChoices || shape == Shape::kAddresses || shape == Shape::kWords ||
         shape == Shape::kOwn;
}

Result<Value> parse_word(const Kind& kind, const std::string& word) {
  switch (kind.shape) {
    case Shape::kYesNo: return parse_yes_no(word);
    case Shape::kInteger: return parse_bounded_integer(kind, word);
    case Shape::kOctal: return parse_octal(kind, word);
    case Shape::kMemory: return parse_bounded_memory(kind, word);
    case Shape::kMemoryOrPercent: return parse_memory_or_percent(word);
    case Shape::kChoice: {
      const Choice* choice = find_choice(kind, word);
      if (choice == nullptr) return not_a_choice(kind);
      return Value{choice->value};
    }
    default: {
      CHECK(kind.shape == Shape::kText);
      if (kind.normalise == nullptr) return Value{0, word};
      auto normal = kind.normalise({&word, 1});
      if (!normal) return normal.failure();
      return Value{0, std::move(normal).value()};
    }
  }
}

}  // namespace

Result<Value> parse_value(const Kind& kind, std::span<const std::string> words) {
  CHECK(kind.shape != Shape::kOwn);
  if (!takes_several_words(kind.shape)) {
    if (words.size() != 1) return Failure{"wrong number of arguments"};
    return parse_word(kind, words[0]);
  }
  if (kind.shape == Shape::kChoices) return parse_choices(kind, words);
  if (kind.shape == Shape::kWords) {
    auto normal = kind.normalise(words);
    if (!normal) return normal.failure();
    return Value{0, std::move(normal).value()};
  }
  if (words.size() > kind.max) return Failure{"Too many bind addresses specified."};
  return Value{0, {}, {words.begin(), words.end()}};
}

std::string format_value(const Kind& kind, const Value& value) {
  const std::uint64_t number = value.number;
  switch (kind.shape) {
    case Shape::kYesNo: return number != 0 ? "yes" : "no";
    case Shape::kOctal: return fmt::format("{:o}", number);
    case Shape::kMemory: return fmt::format("{}", number);
    case Shape::kMemoryOrPercent: {
      const auto as_signed = static_cast<std::int64_t>(number);
      const bool is_percent = as_signed < 0 && as_signed >= -100;
      return is_percent ? fmt::format("{}%", -as_signed) : fmt::format("{}", number);
    }
    case Shape::kChoice: {
      for (const Choice& choice : kind.choices) {
        if (choice.value == number) return std::string(choice.word);
      }
      return "";
    }
    case Shape::kChoices: return format_choices(kind, number);
    case Shape::kText:
    case Shape::kWords: return value.text;
    case Shape::kAddresses: return fmt::format("{}", fmt::join(value.words, " "));
    default: return fmt::format("{}", static_cast<std::int64_t>(number));
  }
}

std::optional<std::uint64_t> parse_memory(View text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::uint64_t count = 0;
  if (digits > 0) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + digits, count);
    if (error == std::errc::result_out_of_range) count = kUint64Max;
  }
  for (const MemoryUnit& unit : kMemoryUnits) {
    if (!equal_ignoring_case(text.substr(digits), unit.suffix)) continue;
    return count > kUint64Max / unit.bytes ? kUint64Max : count * unit.bytes;
  }
  return std::nullopt;
}

std::string format_memory(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  if (bytes % kGiB == 0) return fmt::format("{}gb", bytes / kGiB);
  if (bytes % kMiB == 0) return fmt::format("{}mb", bytes / kMiB);
  if (bytes % kKiB == 0) return fmt::format("{}kb", bytes / kKiB);
  return fmt::format("{}", bytes);
}

std::vector<std::string> split_at_spaces(View text) {
  std::vector<std::string> words;
  if (text.empty()) return words;
  std::size_t start = 0;
  for (std::size_t space = text.find(' '); space != View::npos; space = text.find(' ', start)) {
    words.emplace_back(text.substr(start, space - start));
    start = space + 1;
  }
  words.emplace_back(text.substr(start));
  return words;
}

std::string quote_if_needed(View word) {
  const bool is_plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '\'' && c != '\\';
  });
  return is_plain ? std::string(word) : quote(word);
}

}  // namespace shoal::config
