#include "protocol/request_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace shoal::protocol {
namespace {

using Args = std::vector<std::string>;

// What a parser may keep between requests.
constexpr size_t kIdleHeapBytesMax = 256;

std::string encode(const Args& args) {
  std::string out = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) out += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  return out;
}

Args copy(const Request& request) {
  return Args(request.args.begin(), request.args.end());
}

// What came out of an input: every request in order, and the error that ended it.
struct Parsed {
  std::vector<Args> requests;
  std::string error;
  size_t buffered_bytes = 0;
  bool operator==(const Parsed&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Parsed& parsed) {
  for (const Args& args : parsed.requests) {
    out << "[";
    for (const std::string& arg : args) out << testing::PrintToString(arg.substr(0, 100)) << " ";
    out << "] ";
  }
  return out << "error: " << parsed.error << ", buffered: " << parsed.buffered_bytes;
}

// Feeds one piece after the other, each from a heap block of exactly its size, which is gone before the next
// piece comes: a View that outlived its bytes is an error under the address sanitizer.
class Feeder {
 public:
  explicit Feeder(const ParserLimits& limits, bool authenticated = true) : parser(limits) {
    parser.set_authenticated(authenticated);
  }

  ParseOutcome feed(View piece) {
    std::vector<char> input(piece.begin(), piece.end());
    View rest(input.data(), input.size());
    while (true) {
      size_t consumed = 0;
      const ParseOutcome outcome = parser.parse(rest, consumed, batch);
      EXPECT_LE(consumed, rest.size());
      for (size_t i = 0; i < batch.size(); ++i) parsed.requests.push_back(copy(batch[i]));
      batch.clear();
      rest.remove_prefix(consumed);
      if (outcome == ParseOutcome::kBatchFull) {
        EXPECT_FALSE(rest.empty());
        continue;
      }
      EXPECT_TRUE(rest.empty());
      if (outcome == ParseOutcome::kError) parsed.error = parser.error();
      return outcome;
    }
  }

  Parsed result() {
    parsed.buffered_bytes = parser.buffered_bytes();
    return parsed;
  }

  RequestParser parser;
  RequestBatch batch;
  Parsed parsed;
};

Parsed parse_whole(View input, bool authenticated = true) {
  const ParserLimits limits;
  Feeder feeder(limits, authenticated);
  feeder.feed(input);
  return feeder.result();
}

Parsed parse_pieces(View input, size_t piece_bytes) {
  const ParserLimits limits;
  Feeder feeder(limits);
  for (size_t at = 0; at < input.size(); at += piece_bytes) feeder.feed(input.substr(at, piece_bytes));
  return feeder.result();
}

std::string error_of(View input, bool authenticated = true) {
  return parse_whole(input, authenticated).error;
}

// Requests of every kind, whole.
std::string corpus() {
  return encode({"SET", "key:000000000001", std::string(64, 'v')}) + encode({"GET", "k"}) + "PING\r\n" +
         "  set  \"a b\\x41\\n\" 'it\\'s'  \r\n" + "*0\r\n" + "*-1\r\n" + "\r\n" + "\n" +
         encode({"ECHO", ""}) + encode({""}) + "ECHO \"\"\n" + encode({"ECHO", std::string("\r\n\0$*", 5)}) +
         encode({"MSET", "a", std::string(300, 'b'), "c", std::string(1000, 'd')}) + encode(Args(12, "x")) +
         "\"\"\r\n" + encode({"DEL", "last"});
}

std::vector<Args> corpus_requests() {
  return {{"SET", "key:000000000001", std::string(64, 'v')},
          {"GET", "k"},
          {"PING"},
          {"set", "a bA\n", "it's"},
          {"ECHO", ""},
          {""},
          {"ECHO", ""},
          {"ECHO", std::string("\r\n\0$*", 5)},
          {"MSET", "a", std::string(300, 'b'), "c", std::string(1000, 'd')},
          Args(12, "x"),
          {""},
          {"DEL", "last"}};
}

TEST(RequestParser, ReadsMultibulkAndInlineRequestsInOrder) {
  const Parsed parsed = parse_whole(corpus());
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.requests, corpus_requests());
  EXPECT_EQ(parsed.buffered_bytes, 0u);
}

TEST(RequestParser, ArgumentsOfAWholeRequestAreViewsIntoTheInput) {
  const ParserLimits limits;
  RequestParser parser(limits);
  RequestBatch batch;
  const std::string input = encode({"SET", "key", "value"});
  size_t consumed = 0;
  EXPECT_EQ(parser.parse(input, consumed, batch), ParseOutcome::kNeedMore);
  ASSERT_EQ(batch.size(), 1u);
  for (const View arg : batch[0].args) {
    EXPECT_GE(arg.data(), input.data());
    EXPECT_LE(arg.data() + arg.size(), input.data() + input.size());
  }
  EXPECT_LE(parser.heap_bytes(), kIdleHeapBytesMax);
}

TEST(RequestParser, AnySplitInTwoGivesTheSameRequests) {
  const std::string input = corpus();
  const Parsed whole = parse_whole(input);
  const ParserLimits limits;
  for (size_t cut = 0; cut <= input.size(); ++cut) {
    Feeder feeder(limits);
    feeder.feed(View(input).substr(0, cut));
    feeder.feed(View(input).substr(cut));
    ASSERT_EQ(feeder.result(), whole) << "cut at " << cut;
  }
}

TEST(RequestParser, PiecesOfAnySizeGiveTheSameRequests) {
  const std::string input = corpus();
  const Parsed whole = parse_whole(input);
  for (size_t bytes = 1; bytes < 200; ++bytes)
    ASSERT_EQ(parse_pieces(input, bytes), whole) << "pieces of " << bytes;
}

TEST(RequestParser, RandomRequestsInRandomPiecesComeOutAsTheyWentIn) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const ParserLimits limits;
  Feeder feeder(limits);
  std::vector<Args> expected;
  std::string input;
  for (int i = 0; i < 2000; ++i) {
    Args args(1 + random() % 6);
    for (std::string& arg : args) {
      arg.resize(random() % 100 == 0 ? random() % 100000 : random() % 100);
      for (char& c : arg) c = static_cast<char>(random());
    }
    input += encode(args);
    expected.push_back(std::move(args));
  }
  for (View rest = input; !rest.empty();) {
    const View piece = rest.substr(0, random() % 10 == 0 ? random() % 50000 : random() % 500);
    feeder.feed(piece);
    rest.remove_prefix(piece.size());
  }
  EXPECT_EQ(feeder.parsed.error, "");
  EXPECT_TRUE(feeder.parsed.requests == expected);
  EXPECT_LE(feeder.parser.heap_bytes(), kIdleHeapBytesMax);
}

TEST(RequestParser, SeparatesInlineArgumentsWhereRedisDoes) {
  EXPECT_EQ(parse_whole("\vPING\rX\r\r\n").requests, (std::vector<Args>{{"PING", "X"}}));
  EXPECT_EQ(parse_whole("ECHO \va\vb\f c\xa0\n").requests, (std::vector<Args>{{"ECHO", "a\vb\f", "c\xa0"}}));
  EXPECT_EQ(parse_whole("ECHO a\"b c\"\v'd'\n").requests, (std::vector<Args>{{"ECHO", "ab c", "d"}}));
}

TEST(RequestParser, TakesAnyTwoBytesAfterAnArgumentAndAnyByteAfterACarriageReturnAsRedisDoes) {
  const Parsed parsed = parse_whole("*1\rX$4\rXPINGab" + encode({"GET", "a"}));
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.requests, (std::vector<Args>{{"PING"}, {"GET", "a"}}));
}

struct ErrorCase {
  std::string input;
  std::string error;
};

std::vector<ErrorCase> error_cases() {
  const std::string count = "Protocol error: invalid multibulk length";
  const std::string bulk = "Protocol error: invalid bulk length";
  const std::string quotes = "Protocol error: unbalanced quotes in request";
  return {{"*01\r\n", count},
          {"*+1\r\n", count},
          {"*-0\r\n", count},
          {"*\r\n", count},
          {"* 1\r\n", count},
          {"*1 \r\n", count},
          {"*1\n$4\r\nPING\r\n", count},
          {"*2147483648\r\n", count},
          {"*9999999999999999999999\r\n", count},
          {"*-9999999999999999999999\r\n", count},
          {"*1\r\n$04\r\n", bulk},
          {"*1\r\n$-1\r\n", bulk},
          {"*1\r\n$\r\n", bulk},
          {"*1\r\n$536870913\r\n", bulk},
          {"*1\r\n$18446744073709551617\r\n", bulk},
          {"*1\r\n:4\r\n", "Protocol error: expected '$', got ':'"},
          {"*1\r\n\r\n", "Protocol error: expected '$', got '\r'"},
          {"*2\r\n$1\r\na\r\n\xff\r\n", "Protocol error: expected '$', got '\xff'"},
          {"*" + std::string(65536, '1'), "Protocol error: too big mbulk count string"},
          {"*1\r\n$" + std::string(65536, '1'), "Protocol error: too big bulk count string"},
          {std::string(65537, 'a'), "Protocol error: too big inline request"},
          {std::string(65537, 'a') + "\r\n", "Protocol error: too big inline request"},
          {"ECHO \"a\"b\r\n", quotes},
          {"ECHO 'a'b\r\n", quotes},
          {"ECHO \"a\r\n", quotes},
          {"ECHO 'a\r\n", quotes},
          {"ECHO \"a\\\r\n", quotes}};
}

TEST(RequestParser, RefusesMalformedInputInRedisOwnWords) {
  for (const ErrorCase& test : error_cases())
    EXPECT_EQ(error_of(test.input), test.error) << test.input.substr(0, 60);
}

TEST(RequestParser, RefusesMalformedInputAlikeHoweverItIsCut) {
  for (const ErrorCase& test : error_cases()) {
    const std::string input = encode({"GET", "before"}) + test.input;
    for (const size_t bytes : {size_t{1}, size_t{2}, size_t{7}, size_t{16384}}) {
      const Parsed parsed = parse_pieces(input, bytes);
      EXPECT_EQ(parsed.error, test.error) << test.input.substr(0, 60);
      EXPECT_EQ(parsed.requests, (std::vector<Args>{{"GET", "before"}}));
    }
  }
}

TEST(RequestParser, AcceptsLinesOfExactlyTheLimit) {
  EXPECT_EQ(error_of("*" + std::string(65535, '1')), "");
  EXPECT_EQ(error_of("*1\r\n$" + std::string(65535, '1')), "");
  EXPECT_EQ(parse_whole(std::string(65536, 'a') + "\n").requests.size(), 1u);
}

TEST(RequestParser, KeepsTheRequestsBeforeAnErrorAndTakesNothingAfterIt) {
  const ParserLimits limits;
  Feeder feeder(limits);
  EXPECT_EQ(feeder.feed(encode({"GET", "a"}) + "*x\r\n" + encode({"GET", "b"})), ParseOutcome::kError);
  EXPECT_EQ(feeder.feed(encode({"GET", "c"})), ParseOutcome::kError);
  EXPECT_EQ(feeder.parsed.requests, (std::vector<Args>{{"GET", "a"}}));
  EXPECT_LE(feeder.parser.heap_bytes(), kIdleHeapBytesMax);
}

TEST(RequestParser, RefusesABulkLongerThanTheLimitAndFollowsAChangedLimit) {
  ParserLimits limits;
  limits.bulk_bytes_max = 10;
  Feeder feeder(limits);
  feeder.feed(encode({"ECHO", std::string(10, 'x')}));
  limits.bulk_bytes_max = 20;
  feeder.feed(encode({"ECHO", std::string(20, 'x')}));
  EXPECT_EQ(feeder.parsed.requests.size(), 2u);
  EXPECT_EQ(feeder.feed("*1\r\n$21\r\n"), ParseOutcome::kError);
  EXPECT_EQ(feeder.parsed.error, "Protocol error: invalid bulk length");
}

TEST(RequestParser, UnauthenticatedClientsMaySendTenArgumentsOf16384Bytes) {
  EXPECT_EQ(parse_whole(encode(Args(10, "x")), false).requests.size(), 1u);
  EXPECT_EQ(parse_whole(encode({std::string(16384, 'x')}), false).requests.size(), 1u);
  EXPECT_EQ(error_of("*11\r\n", false), "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(error_of("*1\r\n$16385\r\n", false), "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(error_of("*2147483648\r\n", false), "Protocol error: invalid multibulk length");
}

TEST(RequestParser, ABatchEndsAfterEachRequestUntilTheClientIsAuthenticated) {
  const ParserLimits limits;
  RequestParser parser(limits);
  parser.set_authenticated(false);
  RequestBatch batch;
  const std::string auth = encode({"AUTH", "secret"});
  const std::string input = auth + encode(Args(11, "x"));
  size_t consumed = 0;
  EXPECT_EQ(parser.parse(input, consumed, batch), ParseOutcome::kBatchFull);
  EXPECT_EQ(consumed, auth.size());
  EXPECT_EQ(batch.size(), 1u);
  batch.clear();
  parser.set_authenticated(true);
  EXPECT_EQ(parser.parse(View(input).substr(consumed), consumed, batch), ParseOutcome::kNeedMore);
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch[0].args.size(), 11u);
}

TEST(RequestParser, AFullBatchLeavesTheRestOfTheInput) {
  const ParserLimits limits;
  RequestParser parser(limits);
  RequestBatch batch;
  std::string input;
  for (size_t i = 0; i < kBatchRequestsMax + 1; ++i) input += encode({"GET", std::to_string(i)});
  size_t consumed = 0;
  EXPECT_EQ(parser.parse(input, consumed, batch), ParseOutcome::kBatchFull);
  EXPECT_EQ(batch.size(), kBatchRequestsMax);
  EXPECT_EQ(View(input).substr(consumed), encode({"GET", std::to_string(kBatchRequestsMax)}));
}

TEST(RequestParser, ABatchFilledExactlyByTheInputIsNotReportedFull) {
  const ParserLimits limits;
  RequestParser parser(limits);
  RequestBatch batch;
  std::string input;
  for (size_t i = 0; i < kBatchRequestsMax; ++i) input += "PING\r\n";
  size_t consumed = 0;
  EXPECT_EQ(parser.parse(input, consumed, batch), ParseOutcome::kNeedMore);
  EXPECT_EQ(consumed, input.size());
}

TEST(RequestParser, CountsWhatItHoldsOfAnUnfinishedRequest) {
  const ParserLimits limits;
  Feeder feeder(limits);
  feeder.feed("*2\r\n$3\r\nSET\r\n$100\r\n" + std::string(60, 'x'));
  EXPECT_GE(feeder.parser.buffered_bytes(), 63u);
  EXPECT_LT(feeder.parser.buffered_bytes(), 200u);
  feeder.feed(std::string(40, 'x') + "\r\n");
  EXPECT_EQ(feeder.parser.buffered_bytes(), 0u);
  EXPECT_EQ(feeder.parsed.requests.size(), 1u);
}

TEST(RequestParser, AHeaderThatPromisesManyArgumentsReservesNothingForThem) {
  const ParserLimits limits;
  Feeder feeder(limits);
  feeder.feed("*2147483647\r\n$1\r\nx\r\n");
  EXPECT_LT(feeder.parser.heap_bytes(), 1024u);
  EXPECT_LT(feeder.batch.heap_bytes(), 16384u);
}

TEST(RequestParser, AHeaderThatPromisesABigArgumentReservesLittleUntilAPartOfItHasCome) {
  const ParserLimits limits;
  Feeder feeder(limits);
  const size_t length = 100 * kMiB;
  feeder.feed("*2\r\n$4\r\nECHO\r\n$" + std::to_string(length) + "\r\n");
  EXPECT_LE(feeder.parser.heap_bytes(), kUnprovenBlockBytes + 1024);
  EXPECT_LT(feeder.parser.buffered_bytes(), 1024u);
  feeder.feed(std::string(kUnprovenBlockBytes - 1, 'x'));
  EXPECT_LE(feeder.parser.heap_bytes(), kUnprovenBlockBytes + 1024);
  feeder.feed("y");
  EXPECT_GE(feeder.parser.heap_bytes(), length);
  EXPECT_EQ(feeder.parser.buffered_bytes() / kUnprovenBlockBytes, 1u);
  EXPECT_EQ(feeder.parser.direct_target().size(), length - kUnprovenBlockBytes);
}

TEST(RequestParser, ABigArgumentIsReceivedDirectlyIntoABlockOfItsOwn) {
  const ParserLimits limits;
  RequestParser parser(limits);
  RequestBatch batch;
  std::string value(1000000, 'v');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7);
  EXPECT_TRUE(parser.direct_target().empty());
  size_t consumed = 0;
  parser.parse("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n" + value.substr(0, 1000), consumed, batch);
  EXPECT_EQ(parser.buffered_bytes() / 1000, 1u);
  size_t at = 1000;
  while (at < value.size()) {
    const std::span<char> target = parser.direct_target();
    ASSERT_EQ(target.size(), (at < kUnprovenBlockBytes ? kUnprovenBlockBytes : value.size()) - at);
    const size_t bytes = std::min<size_t>(target.size(), 70001);
    std::memcpy(target.data(), value.data() + at, bytes);
    parser.direct_received(bytes);
    at += bytes;
  }
  EXPECT_TRUE(parser.direct_target().empty());
  EXPECT_TRUE(batch.empty());

  parser.parse("\r\n" + encode({"PING"}), consumed, batch);
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].args[2], value);
  EXPECT_EQ(batch.take(0, 1).size(), 0u);
  EXPECT_EQ(batch.take(1, 0).size(), 0u);
  const View before = batch[0].args[2];
  const HeapBytes taken = batch.take(0, 2);
  EXPECT_EQ(View(taken.data(), taken.size()), value);
  EXPECT_EQ(before.data(), taken.data());
  EXPECT_EQ(batch.take(0, 2).size(), 0u) << "taken once";
  batch.clear();
  EXPECT_EQ(View(taken.data(), taken.size()), value);
  EXPECT_LE(parser.heap_bytes(), kIdleHeapBytesMax);
}

TEST(RequestParser, BigArgumentsArriveAlikeInPiecesOfAnySize) {
  const std::string input =
      encode({"MSET", "a", std::string(40000, 'x'), "b", std::string(32768, 'y'), "c",
              std::string(32767, 'z'), "d", "", "e", std::string(kUnprovenBlockBytes, 'u'), "f",
              std::string(kUnprovenBlockBytes + 1, 'v'), "g", std::string(600000, 'w')}) +
      encode({"PING"});
  const Parsed whole = parse_whole(input);
  ASSERT_EQ(whole.requests.size(), 2u);
  for (const size_t bytes : {1, 2, 3, 1000, 16384, 32768, 40000, 65536})
    ASSERT_TRUE(parse_pieces(input, bytes) == whole) << "pieces of " << bytes;
}

TEST(RequestBatch, SurvivesTheParserAndAMove) {
  const ParserLimits limits;
  RequestBatch moved;
  {
    RequestParser parser(limits);
    RequestBatch batch;
    size_t consumed = 0;
    parser.parse("*2\r\n$4\r\nECHO\r\n$5\r\nhe", consumed, batch);
    parser.parse("llo\r\n", consumed, batch);
    moved = std::move(batch);
    EXPECT_TRUE(batch.empty());
    parser.parse("PING\r\n", consumed, batch);
    EXPECT_EQ(batch.size(), 1u);
  }
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_EQ(copy(moved[0]), (Args{"ECHO", "hello"}));
}

TEST(RequestBatch, GivesBackWhatAHugeRequestNeeded) {
  const ParserLimits limits;
  Feeder feeder(limits);
  feeder.feed(encode(Args(100000, "some bytes")));
  feeder.feed("*1\r\n");
  feeder.feed("$200000\r\n" + std::string(200000, 'x') + "\r");
  feeder.feed("\n");
  EXPECT_EQ(feeder.parsed.requests.size(), 2u);
  EXPECT_LT(feeder.batch.heap_bytes(), 100000u);
  EXPECT_LE(feeder.parser.heap_bytes(), kIdleHeapBytesMax);
}

}  // namespace
}  // namespace shoal::protocol
