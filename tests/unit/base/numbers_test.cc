#include "storage/base/numbers.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "storage/base/random.h"

namespace shoal {
namespace {

std::string integer_text(std::int64_t value) {
  std::array<char, kIntegerCharsMax> buffer;
  return {buffer.data(), format_integer(value, buffer.data())};
}

TEST(ParseInteger, TakesTheWholeRangeAndNothingBeyond) {
  EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (View text : {"9223372036854775808", "-9223372036854775809", "9999999999999999999",
                    "10000000000000000000", "18446744073709551616", "99999999999999999999999999"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(ParseInteger, RefusesWhatItWouldNotPrintBack) {
  for (View text :
       {"",    "-",    "+1",  "01", "-01",       "-0",        "00",       " 1",       "1 ",        "1.0",
        "1e3", "0x10", "--1", "1-", "12345678a", "a12345678", "1234567:", "/2345678", "12345678 ", "abc"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_integer(View("1\0", 2)), std::nullopt);
}

TEST(ParseInteger, RefusesEveryByteThatIsNotADigitAtEveryPlace) {
  const std::string digits = "1234567890123456789";
  for (std::size_t place = 0; place < digits.size(); ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      if ((byte >= '0' && byte <= '9') || (place == 0 && byte == '-')) continue;
      std::string text = digits;
      text[place] = static_cast<char>(byte);
      ASSERT_EQ(parse_integer(text), std::nullopt) << place << " " << byte;
    }
  }
}

TEST(ParseInteger, ReadsBackWhatFormatIntegerWrites) {
  const std::uint64_t seed = 20240501;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 200000; ++round) {
    const auto value = static_cast<std::int64_t>(random.next()) >> random.below(64);
    ASSERT_EQ(parse_integer(integer_text(value)), value);
    ASSERT_EQ(integer_text(value), std::to_string(value));
  }
}

TEST(ParseFloat, TakesDecimalsHexadecimalsAndInfinities) {
  EXPECT_EQ(parse_float("1"), 1.0L);
  EXPECT_EQ(parse_float("+1"), 1.0L);
  EXPECT_EQ(parse_float("1."), 1.0L);
  EXPECT_EQ(parse_float(".5"), 0.5L);
  EXPECT_EQ(parse_float("-0"), 0.0L);
  EXPECT_EQ(parse_float("-1e2"), -100.0L);
  EXPECT_EQ(parse_float("0x1F"), 31.0L);
  EXPECT_EQ(parse_float("-0X1p3"), -8.0L);
  EXPECT_EQ(parse_float("Infinity"), std::numeric_limits<long double>::infinity());
  EXPECT_EQ(parse_float("-inf"), -std::numeric_limits<long double>::infinity());
  EXPECT_EQ(parse_float("0.1"), 0.1L);
  EXPECT_GT(parse_float("4.9e-4940").value(), 0.0L) << "a subnormal number";
}

TEST(ParseFloat, RefusesSpacesNanTrailingBytesAndNumbersOutOfRange) {
  for (View text : {"",      " 1",  "1 ",  "nan", "NaN", "-nan",   "nan(123)", "1e",      "0x",   "0xg",
                    "1a",    "+-1", "--1", "-+1", "++1", "1e5000", "-1e5000",  "1e-5000", "0x-1", "0x+1",
                    "0xinf", "+",   "-",   ".",   "e1",  "1,5",    "infinit",  "\t1",     "- 1"}) {
    EXPECT_EQ(parse_float(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_float(View("1\0", 2)), std::nullopt);
  EXPECT_EQ(parse_float(std::string(kFloatCharsMax + 1, '1')), std::nullopt);
}

TEST(FormatLongDouble, PrintsFixedNotationWithoutTrailingZeros) {
  EXPECT_EQ(format_long_double(3200), "3200");
  EXPECT_EQ(format_long_double(10.5L + 0.1L), "10.6");
  EXPECT_EQ(format_long_double(1e-17L), "0.00000000000000001");
  EXPECT_EQ(format_long_double(1e-18L), "0");
  EXPECT_EQ(format_long_double(-1e-18L), "0");
  EXPECT_EQ(format_long_double(-0.0L), "0");
  EXPECT_EQ(format_long_double(-1.5L), "-1.5");
  EXPECT_EQ(format_long_double(100), "100");
  EXPECT_EQ(format_long_double(123456789012345678901234567890.0L), "123456789012345678899921813504");
  EXPECT_EQ(format_long_double(std::numeric_limits<long double>::max()).size(), 4933U);
}

TEST(FormatDouble, PrintsSeventeenDigitsAsScoresAre) {
  EXPECT_EQ(format_double(1), "1");
  EXPECT_EQ(format_double(0.1), "0.10000000000000001");
  EXPECT_EQ(format_double(1e16), "10000000000000000");
  EXPECT_EQ(format_double(1e17), "1e+17");
  EXPECT_EQ(format_double(-1e-7), "-9.9999999999999995e-08");
  EXPECT_EQ(format_double(1e-5), "1.0000000000000001e-05");
  EXPECT_EQ(format_double(0.0001), "0.0001");
  EXPECT_EQ(format_double(4.9e-324), "4.9406564584124654e-324");
  EXPECT_EQ(format_double(-0.0), "-0");
  EXPECT_EQ(format_double(HUGE_VAL), "inf");
  EXPECT_EQ(format_double(-HUGE_VAL), "-inf");
  EXPECT_EQ(format_double(-std::nan("")), "nan");
}

}  // namespace
}  // namespace shoal
