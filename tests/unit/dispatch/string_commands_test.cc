#include "storage/types/string.h"
#include "tests/unit/dispatch/command_fixture.h"

namespace shoal::dispatch {
namespace {

using StringCommands = CommandTest;

TEST_F(StringCommands, SetSaysWhatItDidWithoutItsConditions) {
  EXPECT_EQ(run({"SET", "a", "1"}), "+OK");
  EXPECT_EQ(changes(), "0 SET a 1");
  EXPECT_EQ(run({"SET", "a", "2", "XX", "GET"}), "$1 1");
  EXPECT_EQ(changes(), "0 SET a 2");
  EXPECT_EQ(run({"SET", "a", "3", "NX"}), "$-1");
  EXPECT_EQ(changes(), "");
}

TEST_F(StringCommands, DeadlinesTravelAsMoments) {
  EXPECT_EQ(run({"SET", "a", "1", "EX", "100"}), "+OK");
  EXPECT_EQ(changes(), "0 SET a 1 PXAT 1700000100000");
  EXPECT_EQ(run({"SET", "a", "2", "KEEPTTL"}), "+OK");
  EXPECT_EQ(changes(), "0 SET a 2 PXAT 1700000100000");
  EXPECT_EQ(run({"SETEX", "b", "10", "x"}), "+OK");
  EXPECT_EQ(changes(), "0 SET b x PXAT 1700000010000");
  EXPECT_EQ(run({"PSETEX", "b", "10", "x"}), "+OK");
  EXPECT_EQ(changes(), "0 SET b x PXAT 1700000000010");
  EXPECT_EQ(run({"GETEX", "a", "PX", "7"}), "$1 2");
  EXPECT_EQ(changes(), "0 PEXPIREAT a 1700000000007");
  EXPECT_EQ(run({"GETEX", "a", "PERSIST"}), "$1 2");
  EXPECT_EQ(changes(), "0 PERSIST a");
  EXPECT_EQ(run({"GETEX", "a", "PERSIST"}), "$1 2");
  EXPECT_EQ(changes(), "");
  EXPECT_EQ(run({"GETEX", "a", "PXAT", "1"}), "$1 2");
  EXPECT_EQ(changes(), "0 DEL a");
  EXPECT_EQ(run({"EXISTS", "a"}), ":0");
}

TEST_F(StringCommands, EveryDeadlineHasATimerUntilItIsOverwritten) {
  run({"SET", "a", "1", "PX", "50"});
  ASSERT_EQ(effects_.timers().size(), 1u);
  EXPECT_EQ(effects_.timers()[0].deadline, kNow + 50);
  EXPECT_EQ(effects_.timers()[0].reference.slot(), key_slot("a"));
  EXPECT_EQ(expiring("a"), 1u);
  run({"SET", "a", "1", "PX", "80"});
  EXPECT_EQ(effects_.timers().size(), 1u) << "the earlier timer serves the later deadline";
  run({"SET", "a", "1", "PX", "20"});
  EXPECT_EQ(effects_.timers().size(), 2u);
  run({"SET", "a", "1"});
  EXPECT_EQ(expiring("a"), 0u);
  EXPECT_EQ(run({"TTL", "a"}), ":-1");
}

TEST_F(StringCommands, AnExpiredValueIsMissedAndItsEndIsSaidOnce) {
  run({"SET", "a", "1", "PX", "50"});
  changes();
  now_ += 49;
  EXPECT_EQ(run({"GET", "a"}), "$1 1");
  now_ += 1;
  EXPECT_EQ(run({"GET", "a"}), "$-1");
  EXPECT_EQ(changes(), "");
  EXPECT_EQ(run({"APPEND", "a", "x"}), ":1");
  EXPECT_EQ(changes(), "0 DEL a\n0 APPEND a x");
  EXPECT_EQ(expiring("a"), 0u);
}

TEST_F(StringCommands, NumbersTravelAsTheRequestOrAsTheirSum) {
  run({"INCR", "a"});
  run({"DECRBY", "a", "5"});
  EXPECT_EQ(run({"INCRBYFLOAT", "a", "0.5"}), "$4 -3.5");
  EXPECT_EQ(changes(), "0 INCR a\n0 DECRBY a 5\n0 SET a -3.5 KEEPTTL");
}

TEST_F(StringCommands, AddingKeepsTheDeadline) {
  run({"SET", "a", "5", "EX", "100"});
  EXPECT_EQ(run({"INCR", "a"}), ":6");
  EXPECT_EQ(run({"INCRBYFLOAT", "a", "1"}), "$1 7");
  EXPECT_EQ(run({"APPEND", "a", "0"}), ":2");
  EXPECT_EQ(run({"INCR", "a"}), ":71");
  EXPECT_EQ(run({"TTL", "a"}), ":100");
  EXPECT_EQ(expiring("a"), 1u);
}

TEST_F(StringCommands, FailuresChangeNothing) {
  run({"SET", "a", "9223372036854775807"});
  run({"SET", "b", "text"});
  changes();
  for (const std::vector<View>& request : std::vector<std::vector<View>>{{"INCR", "a"},
                                                                         {"INCR", "b"},
                                                                         {"INCRBYFLOAT", "b", "1"},
                                                                         {"SETRANGE", "b", "-1", "x"},
                                                                         {"SET", "b", "x", "EX", "0"},
                                                                         {"SETRANGE", "b", "536870912", "x"},
                                                                         {"GETEX", "b", "EX", "0"},
                                                                         {"MSETNX", "c", "1", "a", "2"},
                                                                         {"MSET", "a", "1", "b"}}) {
    run(request);
    EXPECT_EQ(changes(), "") << request[0];
  }
  EXPECT_EQ(run({"MGET", "a", "b", "c"}), "*3 $19 9223372036854775807 $4 text $-1");
}

TEST_F(StringCommands, MsetSaysOneChangeForEachKey) {
  run({"MSET", "a", "1", "b", "2", "a", "3"});
  EXPECT_EQ(changes(), "0 SET a 1\n0 SET b 2\n0 SET a 3");
}

TEST_F(StringCommands, GetdelAndGetsetSayWhatIsLeft) {
  run({"SET", "a", "1", "EX", "5"});
  changes();
  EXPECT_EQ(run({"GETSET", "a", "2"}), "$1 1");
  EXPECT_EQ(changes(), "0 SET a 2");
  EXPECT_EQ(run({"TTL", "a"}), ":-1");
  EXPECT_EQ(run({"GETDEL", "a"}), "$1 2");
  EXPECT_EQ(changes(), "0 DEL a");
}

TEST_F(StringCommands, SetAdoptsABigArgumentThatHasABlockOfItsOwn) {
  const std::string value(3 * protocol::kBigArgumentBytes, 'v');
  const std::string bytes =
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  protocol::ParserLimits limits;
  for (int round = 0; round < 2; ++round) {  // once into a new key, once over an old one
    protocol::RequestParser parser(limits);
    protocol::RequestBatch batch;
    std::size_t consumed = 0;
    // Cut in two, so that the argument is received into a block.
    const View first = View(bytes).substr(0, 1000);
    ASSERT_EQ(parser.parse(first, consumed, batch), protocol::ParseOutcome::kNeedMore);
    ASSERT_EQ(parser.parse(View(bytes).substr(1000), consumed, batch), protocol::ParseOutcome::kNeedMore);
    ASSERT_EQ(batch.size(), 1u);
    const auto args = batch[0].args;
    const char* const place = args[2].data();
    EXPECT_EQ(run({args.begin(), args.end()}, &batch), "+OK");
    const Key key = make_key("a");
    KeyAccess access(keyspace_, effects_, Moment{now_}, 0, KeyAccess::Touch::kYes);
    types::String::Digits digits;
    EXPECT_EQ(types::String::view(*access.peek(key), digits).data(), place);
    batch.clear();
    EXPECT_EQ(run({"STRLEN", "a"}), ":" + std::to_string(value.size()));
    EXPECT_EQ(effects_.records().back().effect[2], value);
  }
}

TEST_F(StringCommands, ReadsCountHitsAndMisses) {
  run({"SET", "a", "1"});
  run({"MGET", "a", "b", "c"});
  run({"GET", "a"});
  run({"GETDEL", "a"});
  EXPECT_EQ(lookups_.hits, 3u);
  EXPECT_EQ(lookups_.misses, 2u);
}

TEST_F(StringCommands, LcsFindsALongestCommonSubsequence) {
  // The length by definition: the best over every choice of bytes of the first that also stand in order in
  // the second.
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::string first(random.below(9), 'a');
    std::string second(random.below(9), 'a');
    for (char& c : first) c = static_cast<char>('a' + random.below(3));
    for (char& c : second) c = static_cast<char>('a' + random.below(3));
    std::size_t best = 0;
    for (unsigned chosen = 0; chosen < 1u << first.size(); ++chosen) {
      std::size_t at = 0;
      std::size_t length = 0;
      for (std::size_t i = 0; i < first.size() && at != std::string::npos; ++i) {
        if ((chosen >> i & 1) == 0) continue;
        at = second.find(first[i], at);
        if (at == std::string::npos) length = 0;
        if (at != std::string::npos) ++at, ++length;
      }
      if (at != std::string::npos) best = std::max(best, length);
    }
    run({"SET", "{x}1", first});
    run({"SET", "{x}2", second});
    EXPECT_EQ(run({"LCS", "{x}1", "{x}2", "LEN"}), ":" + std::to_string(best)) << first << " " << second;
  }
}

TEST_F(StringCommands, LcsRefusesWhatWouldTakeTooLong) {
  run({"SET", "{x}1", std::string(12000, 'a')});
  run({"SET", "{x}2", std::string(12000, 'b')});
  EXPECT_EQ(run({"LCS", "{x}1", "{x}2"}),
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
}

}  // namespace
}  // namespace shoal::dispatch
