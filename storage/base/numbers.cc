#include "storage/base/numbers.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <system_error>

#include "storage/base/check.h"

namespace shoal {
namespace {

/// Digits of the largest magnitude, 9223372036854775808.
constexpr std::size_t kIntegerDigitsMax = 19;

/// True if all eight bytes of `word` are ASCII digits: the high nibble is 3 before and after adding 6 to each
/// byte, which carries ':' to '?' out of the nibble.
bool are_eight_digits(std::uint64_t word) {
  constexpr std::uint64_t kHighNibbles = 0xF0F0F0F0F0F0F0F0;
  return ((word & kHighNibbles) | (((word + 0x0606060606060606) & kHighNibbles) >> 4)) == 0x3333333333333333;
}

/// The value of eight ASCII digits loaded little-endian (first digit in the low byte): neighbours are joined
/// to pairs, pairs to fours, fours to eight, each with one multiplication.
std::uint64_t eight_digits_value(std::uint64_t word) {
  word -= 0x3030303030303030;
  word = word * 10 + (word >> 8);
  constexpr std::uint64_t kPairs = 0x000000FF000000FF;
  const std::uint64_t upper = (word & kPairs) * (100 + (1000000ULL << 32));
  const std::uint64_t lower = ((word >> 16) & kPairs) * (1 + (10000ULL << 32));
  return (upper + lower) >> 32;
}

/// strtold reads exactly the texts the protocol allows, but for leading spaces and the NaNs. (std::from_chars
/// does not know '+' and "0x", and in this library's version refuses subnormal numbers.) Its decimal point is
/// the C locale's, which stands as long as nobody calls setlocale.
std::optional<long double> parse_float_slow(View text) {
  std::array<char, kFloatCharsMax + 1> terminated;
  if (text.empty() || text.size() > kFloatCharsMax || text.front() == ' ' ||
      (text.front() >= '\t' && text.front() <= '\r')) {
    return std::nullopt;
  }
  std::memcpy(terminated.data(), text.data(), text.size());
  terminated.at(text.size()) = '\0';
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(terminated.data(), &end);
  const bool out_of_range = errno == ERANGE && (value == 0 || std::isinf(value));
  if (out_of_range || end != terminated.data() + text.size() || std::isnan(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_integer(View text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  const char* at = text.data();
  std::size_t left = text.size();
  if (left == 0 || left > kIntegerDigitsMax) return std::nullopt;
  if (*at == '0') return left == 1 && !negative ? std::optional<std::int64_t>(0) : std::nullopt;

  // Nineteen digits stay below 10^19, which fits 64 bits unsigned: no step can wrap.
  std::uint64_t magnitude = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    if (!are_eight_digits(word)) return std::nullopt;
    magnitude = magnitude * 100000000 + eight_digits_value(word);
  }
  for (; left > 0; ++at, --left) {
    const unsigned digit = static_cast<unsigned char>(*at) - static_cast<unsigned>('0');
    if (digit > 9) return std::nullopt;
    magnitude = magnitude * 10 + digit;
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

std::optional<long double> parse_float(View text) {
  // Most counters are whole numbers, and a long double holds every int64_t exactly.
  if (const auto integer = parse_integer(text)) return static_cast<long double>(*integer);
  return parse_float_slow(text);
}

std::size_t format_integer(std::int64_t value, char* out) {
  return static_cast<std::size_t>(std::to_chars(out, out + kIntegerCharsMax, value).ptr - out);
}

std::string format_long_double(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 5000> buffer;  // The largest long double has 4,933 digits before the point.
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, 17);
  CHECK(error == std::errc{});
  View text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  if (text.find('.') != View::npos) {
    text.remove_suffix(text.size() - 1 - text.find_last_not_of('0'));
    if (text.back() == '.') text.remove_suffix(1);
  }
  return text == "-0" ? "0" : std::string(text);
}

std::string format_double(double value) {
  if (std::isnan(value)) return "nan";  // Without the sign that some operations leave on a NaN.
  std::array<char, 32> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, 17);
  CHECK(error == std::errc{});
  return {buffer.data(), end};
}

}  // namespace shoal
