// The two ends of a reply: what ReplyWriter writes, and what ReplyParser makes of it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "protocol/output.h"
#include "protocol/reply_parser.h"
#include "protocol/reply_writer.h"

namespace shoal::protocol {
namespace {

constexpr RespVersion kResp2 = RespVersion::kResp2;
constexpr RespVersion kResp3 = RespVersion::kResp3;

std::string bytes_of(const Output& output) {
  std::vector<iovec> vectors(10000);
  const size_t count = output.gather(vectors);
  std::string out;
  for (size_t i = 0; i < count; ++i)
    out.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
  return out;
}

std::string written(RespVersion version, const std::function<void(ReplyWriter&)>& write) {
  ChunkPool pool;
  Output output(pool);
  ReplyWriter writer(output, version);
  write(writer);
  return bytes_of(output);
}

// Expects the same call to write `resp2` or `resp3`.
void expect_written(const std::function<void(ReplyWriter&)>& write, View resp2, View resp3) {
  EXPECT_EQ(written(kResp2, write), resp2);
  EXPECT_EQ(written(kResp3, write), resp3);
}

TEST(ReplyWriter, WritesTheSameForWhatBothVersionsShare) {
  expect_written([](ReplyWriter& to) { to.ok(); }, "+OK\r\n", "+OK\r\n");
  expect_written([](ReplyWriter& to) { to.simple_string("QUEUED"); }, "+QUEUED\r\n", "+QUEUED\r\n");
  expect_written([](ReplyWriter& to) { to.integer(123); }, ":123\r\n", ":123\r\n");
  expect_written([](ReplyWriter& to) { to.bulk("hello"); }, "$5\r\nhello\r\n", "$5\r\nhello\r\n");
  expect_written([](ReplyWriter& to) { to.bulk(""); }, "$0\r\n\r\n", "$0\r\n\r\n");
  expect_written([](ReplyWriter& to) { to.bulk(View()); }, "$0\r\n\r\n", "$0\r\n\r\n");
  expect_written([](ReplyWriter& to) { to.bulk_integer(-42); }, "$3\r\n-42\r\n", "$3\r\n-42\r\n");
  expect_written([](ReplyWriter& to) { to.array(0); }, "*0\r\n", "*0\r\n");
}

TEST(ReplyWriter, WritesRicherTypesAsTheirOldFormsInResp2) {
  expect_written([](ReplyWriter& to) { to.null_bulk(); }, "$-1\r\n", "_\r\n");
  expect_written([](ReplyWriter& to) { to.null_array(); }, "*-1\r\n", "_\r\n");
  expect_written([](ReplyWriter& to) { to.map(3); }, "*6\r\n", "%3\r\n");
  expect_written([](ReplyWriter& to) { to.set(3); }, "*3\r\n", "~3\r\n");
  expect_written([](ReplyWriter& to) { to.push(3); }, "*3\r\n", ">3\r\n");
  expect_written([](ReplyWriter& to) { to.boolean(true); }, ":1\r\n", "#t\r\n");
  expect_written([](ReplyWriter& to) { to.boolean(false); }, ":0\r\n", "#f\r\n");
  expect_written([](ReplyWriter& to) { to.real(3.141); }, "$5\r\n3.141\r\n", ",3.141\r\n");
  expect_written([](ReplyWriter& to) { to.big_number("-123456789012345678901234567890"); },
                 "$31\r\n-123456789012345678901234567890\r\n", "(-123456789012345678901234567890\r\n");
  expect_written([](ReplyWriter& to) { to.verbatim("This is a verbatim\nstring"); },
                 "$25\r\nThis is a verbatim\nstring\r\n", "=29\r\ntxt:This is a verbatim\nstring\r\n");
}

TEST(ReplyWriter, WritesAttributesInResp3Only) {
  EXPECT_EQ(written(kResp3, [](ReplyWriter& to) { to.attribute(1); }), "|1\r\n");
  EXPECT_DEATH(written(kResp2, [](ReplyWriter& to) { to.attribute(1); }), "CHECK failed");
}

TEST(ReplyWriter, KeepsAnErrorOnOneLine) {
  EXPECT_EQ(written(kResp2, [](ReplyWriter& to) { to.error("ERR bad\r\nthing\n"); }), "-ERR bad  thing \r\n");
  EXPECT_EQ(written(kResp2, [](ReplyWriter& to) { to.error(std::string(50000, 'e')); }),
            "-" + std::string(50000, 'e') + "\r\n");
}

TEST(ReplyWriter, WritesNumbersOfEveryWidth) {
  for (const int64_t value : {int64_t{0}, int64_t{9}, int64_t{10}, int64_t{99}, int64_t{100}, int64_t{-1},
                              std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    EXPECT_EQ(written(kResp2, [&](ReplyWriter& to) { to.integer(value); }),
              ":" + std::to_string(value) + "\r\n");
  }
}

TEST(ReplyWriter, WritesRealsWithSeventeenDigitsAsRedis7Does) {
  const std::vector<std::pair<double, std::string>> cases = {{0.1, "0.10000000000000001"},
                                                             {3, "3"},
                                                             {-0.0, "-0"},
                                                             {1e17, "1e+17"},
                                                             {1e-7, "9.9999999999999995e-08"},
                                                             {1e300, "1.0000000000000001e+300"},
                                                             {INFINITY, "inf"},
                                                             {-INFINITY, "-inf"},
                                                             {NAN, "nan"}};
  for (const auto& [value, text] : cases)
    EXPECT_EQ(written(kResp3, [&](ReplyWriter& to) { to.real(value); }), "," + text + "\r\n");
}

TEST(ReplyWriter, WritesBulksOfEveryLengthWholeOrAcrossChunks) {
  for (const size_t bytes : {1, 9, 10, 99, 100, 1023, 1024, 1025, 16000, 16383, 16384, 16385, 100000}) {
    const std::string value(bytes, 'v');
    const std::string expected = "$" + std::to_string(bytes) + "\r\n" + value + "\r\n";
    const std::string out = written(kResp2, [&](ReplyWriter& to) {
      for (int i = 0; i < 5; ++i) to.bulk(value);
    });
    EXPECT_TRUE(out == expected + expected + expected + expected + expected) << bytes;
  }
}

TEST(ReplyWriter, ABigBulkIsOneChunk) {
  ChunkPool pool;
  Output output(pool);
  ReplyWriter(output, kResp2).bulk(std::string(16384, 'x'));
  EXPECT_LT(output.heap_bytes(), 16500u);
}

TEST(ReplyWriter, AHugeBulkIsCutIntoSeveralChunks) {
  ChunkPool pool;
  Output output(pool);
  const std::string value = std::string(kPieceBytesMax, 'x') + std::string(kPieceBytesMax, 'y') + "end";
  ReplyWriter(output, kResp2).bulk(value);
  iovec parts[8];
  const size_t count = output.gather(parts);
  std::string bytes;
  for (size_t i = 0; i < count; ++i) {
    EXPECT_LE(parts[i].iov_len, kPieceBytesMax + 32);
    bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  EXPECT_TRUE(bytes == "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
}

TEST(ReplyWriter, AnArrayMayLearnItsLengthAtItsEnd) {
  const auto write = [](ReplyWriter& to) {
    const DeferredLength outer = to.begin_array();
    to.integer(1);
    const DeferredLength inner = to.begin_array();
    to.bulk("a");
    to.end_map(inner, 1234567);
    to.end_set(to.begin_array(), 0);
    to.end_array(outer, 3);
    to.ok();
  };
  expect_written(write, "*3\r\n:1\r\n*2469134\r\n$1\r\na\r\n*0\r\n+OK\r\n",
                 "*3\r\n:1\r\n%1234567\r\n$1\r\na\r\n~0\r\n+OK\r\n");
}

TEST(ReplyWriter, ADeferredArrayMayBeLongerThanAChunk) {
  const std::string out = written(kResp2, [](ReplyWriter& to) {
    const DeferredLength deferred = to.begin_array();
    for (int i = 0; i < 10000; ++i) to.bulk("element");
    to.end_array(deferred, 10000);
  });
  EXPECT_EQ(out.size(), 8 + 10000 * 13u);
  EXPECT_EQ(out.substr(0, 12), "*10000\r\n$7\r\n");
}

TEST(ReplyWriter, SwitchesVersionInTheMiddle) {
  const auto write = [](ReplyWriter& to) {
    to.null_bulk();
    to.set_version(kResp3);
    to.null_bulk();
  };
  EXPECT_EQ(written(kResp2, write), "$-1\r\n_\r\n");
}

// Every reply of `input`, fed in pieces of `piece_bytes`; an error ends the list as a reply.
std::vector<Reply> parsed(View input, size_t piece_bytes, const ReplyLimits& limits = {}) {
  ReplyParser parser(limits);
  std::vector<Reply> replies;
  while (!input.empty()) {
    View piece = input.substr(0, piece_bytes);
    input.remove_prefix(piece.size());
    while (!piece.empty()) {
      Reply reply;
      size_t consumed = 0;
      const ReplyOutcome outcome = parser.parse(piece, consumed, reply);
      piece.remove_prefix(consumed);
      if (outcome == ReplyOutcome::kReply) replies.push_back(std::move(reply));
      if (outcome == ReplyOutcome::kError) {
        replies.push_back(Reply{.type = ReplyType::kError, .text = "parser: " + std::string(parser.error())});
        return replies;
      }
    }
  }
  EXPECT_FALSE(parser.in_reply());
  return replies;
}

std::vector<std::string> described(View input) {
  std::vector<std::string> out;
  for (const Reply& reply : parsed(input, input.size())) out.push_back(describe(reply));
  return out;
}

constexpr View kReplies =
    "+OK\r\n-ERR "
    "no\r\n:-5\r\n$5\r\na\r\nb\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n_\r\n*0\r\n#t\r\n#f\r\n,1.5\r\n,-inf\r\n,nan\r\n"
    "(12345678901234567890\r\n=7\r\ntxt:abc\r\n!5\r\nERR "
    "x\r\n*2\r\n:1\r\n*2\r\n+a\r\n*0\r\n%1\r\n$1\r\nk\r\n~2\r\n:1\r\n:2\r\n"
    ">2\r\n+pubsub\r\n%0\r\n|1\r\n+k\r\n+v\r\n:7\r\n";

TEST(ReplyParser, ReadsEveryTypeOfBothVersions) {
  EXPECT_EQ(described(kReplies),
            (std::vector<std::string>{"OK",
                                      "(error) ERR no",
                                      "(integer) -5",
                                      "\"a\\r\\nb\\n\"",
                                      "\"\"",
                                      "(nil)",
                                      "(nil)",
                                      "(nil)",
                                      "(empty array)",
                                      "(true)",
                                      "(false)",
                                      "(double) 1.5",
                                      "(double) -inf",
                                      "(double) nan",
                                      "(big number) 12345678901234567890",
                                      "abc",
                                      "(error) ERR x",
                                      "1) (integer) 1\n2) 1) a\n   2) (empty array)",
                                      "1# \"k\" => \n   1~ (integer) 1\n   2~ (integer) 2",
                                      "1) pubsub\n2) (empty hash)",
                                      "1# k => v",
                                      "(integer) 7"}));
}

TEST(ReplyParser, PiecesOfAnySizeGiveTheSameReplies) {
  // NaN differs from itself, so what is compared is what is printed.
  const std::vector<std::string> whole = described(kReplies);
  for (size_t bytes = 1; bytes < 40; ++bytes) {
    std::vector<std::string> pieces;
    for (const Reply& reply : parsed(kReplies, bytes)) pieces.push_back(describe(reply));
    EXPECT_EQ(pieces, whole) << "pieces of " << bytes;
  }
}

TEST(ReplyParser, DescribesNestedListsLinedUpAsRedisCliDoes) {
  EXPECT_EQ(described("*10\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n*2\r\n:10\r\n:11\r\n")[0],
            " 1) (integer) 1\n 2) (integer) 2\n 3) (integer) 3\n 4) (integer) 4\n 5) (integer) 5\n"
            " 6) (integer) 6\n 7) (integer) 7\n 8) (integer) 8\n 9) (integer) 9\n"
            "10) 1) (integer) 10\n    2) (integer) 11");
  EXPECT_EQ(described("%1\r\n$1\r\na\r\n%2\r\n$1\r\ny\r\n*2\r\n:1\r\n:2\r\n$1\r\nx\r\n:1\r\n")[0],
            "1# \"a\" => \n   1# \"y\" => \n      1) (integer) 1\n      2) (integer) 2\n   2# \"x\" => "
            "(integer) 1");
  EXPECT_EQ(described("%1\r\n$1\r\na\r\n%1\r\n$1\r\nx\r\n:1\r\n")[0], "1# \"a\" => 1# \"x\" => (integer) 1");
}

TEST(ReplyParser, RefusesWhatIsNotAReply) {
  for (const View input :
       {"hello\r\n", "\r\n",    ":\r\n",        ":1x\r\n",    ":01\r\n",       "$-2\r\n",       "$x\r\n",
        "*-2\r\n",   "%-1\r\n", "#x\r\n",       ",x\r\n",     ",\r\n",         "(12x\r\n",      "(\r\n",
        "_x\r\n",    "+OK\n",   "$1\r\nab\r\n", "$1\r\na\rb", "=3\r\ntxt\r\n", "=4\r\ntxtx\r\n"}) {
    const std::vector<Reply> replies = parsed(input, 1);
    ASSERT_EQ(replies.size(), 1u) << input;
    EXPECT_TRUE(replies[0].text.starts_with("parser: ")) << input;
  }
}

TEST(ReplyParser, RefusesWhatIsBeyondItsLimits) {
  const ReplyLimits limits{.depth_max = 2, .bulk_bytes_max = 10, .elements_max = 5};
  const auto fails = [&](View input) {
    const std::vector<Reply> replies = parsed(input, input.size(), limits);
    return !replies.empty() && replies.back().text.starts_with("parser: ");
  };
  EXPECT_FALSE(fails("*1\r\n*1\r\n:1\r\n"));
  EXPECT_TRUE(fails("*1\r\n*1\r\n*1\r\n:1\r\n"));
  EXPECT_FALSE(fails("$10\r\n0123456789\r\n"));
  EXPECT_TRUE(fails("$11\r\n"));
  EXPECT_FALSE(fails("*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n"));
  EXPECT_TRUE(fails("*2\r\n*2\r\n:1\r\n:1\r\n*1\r\n:1\r\n"));
  EXPECT_TRUE(fails("*6\r\n"));
}

// Writes `reply` with `writer`, and changes it to what a reader of that version can see.
void write_tree(ReplyWriter& to, Reply& reply) {
  switch (reply.type) {
    case ReplyType::kSimpleString: to.simple_string(reply.text); break;
    case ReplyType::kError: to.error(reply.text); break;
    case ReplyType::kInteger: to.integer(reply.integer); break;
    case ReplyType::kBulk: to.bulk(reply.text); break;
    case ReplyType::kNull: to.null_bulk(); break;
    case ReplyType::kBoolean: to.boolean(reply.integer != 0); break;
    case ReplyType::kVerbatim: to.verbatim(reply.text); break;
    case ReplyType::kSet: to.set(reply.children.size()); break;
    case ReplyType::kMap: to.map(reply.children.size() / 2); break;
    default: {
      const DeferredLength deferred = to.begin_array();
      for (Reply& child : reply.children) write_tree(to, child);
      return to.end_array(deferred, reply.children.size());
    }
  }
  for (Reply& child : reply.children) write_tree(to, child);
}

Reply random_tree(std::mt19937& random, size_t depth) {
  constexpr ReplyType kTypes[] = {
      ReplyType::kSimpleString, ReplyType::kError,    ReplyType::kInteger, ReplyType::kBulk, ReplyType::kNull,
      ReplyType::kBoolean,      ReplyType::kVerbatim, ReplyType::kArray,   ReplyType::kSet,  ReplyType::kMap};
  Reply reply{.type = kTypes[random() % (depth == 0 ? 7 : 10)]};
  switch (reply.type) {
    case ReplyType::kSimpleString:
    case ReplyType::kError: reply.text = std::string(random() % 30, 't'); break;
    case ReplyType::kInteger: reply.integer = static_cast<int64_t>(random()) - (int64_t{1} << 31); break;
    case ReplyType::kBoolean: reply.integer = random() % 2; break;
    case ReplyType::kBulk:
    case ReplyType::kVerbatim:
      reply.text.resize(random() % 20 == 0 ? random() % 40000 : random() % 50);
      for (char& c : reply.text) c = static_cast<char>(random());
      break;
    case ReplyType::kArray:
    case ReplyType::kSet:
    case ReplyType::kMap: {
      const size_t count = (random() % 6) * (reply.type == ReplyType::kMap ? 2 : 1);
      for (size_t i = 0; i < count; ++i) reply.children.push_back(random_tree(random, depth - 1));
      break;
    }
    default: break;
  }
  return reply;
}

TEST(ReplyParser, ReadsBackWhateverTheWriterWrites) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  ChunkPool pool;
  Output output(pool);
  ReplyWriter writer(output, kResp3);
  std::vector<Reply> expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back(random_tree(random, 4));
    write_tree(writer, expected.back());
  }
  EXPECT_TRUE(parsed(bytes_of(output), 1 + random() % 5000) == expected);
}

}  // namespace
}  // namespace shoal::protocol
