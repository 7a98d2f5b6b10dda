#include <map>
#include <set>

#include "server/dispatch/watch.h"
#include "storage/scan_cursor.h"
#include "tests/unit/dispatch/command_fixture.h"

namespace shoal::dispatch {
namespace {

class KeyCommands : public CommandTest {
 protected:
  std::size_t waiting_to_be_freed() const {
    std::size_t count = 0;
    for (const Dictionary& dictionary : core_.freed_later) count += dictionary.entries.size();
    return count;
  }

  // The keys of a whole SCAN, with how often each came; `between` is called after each step.
  template <class Between>
  std::map<std::string, int> scan_all(const std::vector<View>& options, Between&& between) {
    std::map<std::string, int> seen;
    std::string cursor = "0";
    steps_ = 0;
    do {
      std::vector<View> request = {"SCAN", cursor};
      request.insert(request.end(), options.begin(), options.end());
      std::vector<std::string> words;
      std::string word;
      for (const char c : run(request) + " ") {
        if (c != ' ') {
          word += c;
        } else {
          words.push_back(std::move(word));
          word.clear();
        }
      }
      // *2 $<n> <cursor> *<n> then $<n> <name> each
      EXPECT_EQ(words[0], "*2");
      for (std::size_t i = 5; i < words.size(); i += 2) ++seen[words[i]];
      cursor = words[2];
      ++steps_;
      between();
    } while (cursor != "0");
    return seen;
  }
  std::map<std::string, int> scan_all(const std::vector<View>& options = {}) {
    return scan_all(options, [] {});
  }
  int steps_ = 0;
};

TEST_F(KeyCommands, RenameAcrossSlotsSaysOnePartForEach) {
  run({"SET", "a", "text", "PX", "500"});
  run({"SET", "b", "old"});
  changes();
  EXPECT_EQ(run({"RENAME", "a", "b"}), "+OK");
  EXPECT_EQ(changes(), "0 DEL a\n0 SET b text PXAT 1700000000500");
  EXPECT_EQ(run({"GET", "b"}), "$4 text");
  EXPECT_EQ(run({"EXISTS", "a"}), ":0");
  EXPECT_EQ(expiring("a"), 0u);
  EXPECT_EQ(expiring("b"), 1u);
}

TEST_F(KeyCommands, RenameWithinASlotReplacesTheOtherKey) {
  run({"SET", "{t}a", "1"});
  run({"SET", "{t}b", "2", "EX", "5"});
  EXPECT_EQ(run({"RENAME", "{t}a", "{t}b"}), "+OK");
  EXPECT_EQ(run({"MGET", "{t}a", "{t}b"}), "*2 $-1 $1 1");
  EXPECT_EQ(run({"TTL", "{t}b"}), ":-1");
  EXPECT_EQ(run({"DBSIZE"}), ":1");
  EXPECT_EQ(expiring("{t}b"), 0u);
}

TEST_F(KeyCommands, RenamingAKeyToItselfChangesNothing) {
  run({"SET", "a", "1"});
  changes();
  EXPECT_EQ(run({"RENAME", "a", "a"}), "+OK");
  EXPECT_EQ(run({"RENAMENX", "a", "a"}), ":0");
  EXPECT_EQ(changes(), "");
  EXPECT_EQ(run({"GET", "a"}), "$1 1");
}

TEST_F(KeyCommands, MoveTakesAKeyWithItsDeadlineToAnotherDatabase) {
  run({"SET", "a", "1", "PX", "500"});
  changes();
  EXPECT_EQ(run({"MOVE", "a", "3"}), ":1");
  EXPECT_EQ(changes(), "0 DEL a\n3 SET a 1 PXAT 1700000000500");
  EXPECT_EQ(run({"EXISTS", "a"}), ":0");
  EXPECT_EQ(expiring("a"), 0u);
  session_.database = 3;
  EXPECT_EQ(run({"PTTL", "a"}), ":500");
  EXPECT_EQ(expiring("a"), 1u);
}

TEST_F(KeyCommands, MoveLeavesAKeyThatIsThereAlready) {
  run({"SET", "a", "1"});
  session_.database = 15;
  run({"SET", "a", "2"});
  session_.database = 0;
  EXPECT_EQ(run({"MOVE", "a", "15"}), ":0");
  EXPECT_EQ(run({"GET", "a"}), "$1 1");
}

TEST_F(KeyCommands, CopyKeepsEncodingAndDeadline) {
  run({"SET", "a", "1", "PX", "500"});
  run({"APPEND", "a", "2"});
  changes();
  EXPECT_EQ(run({"COPY", "a", "b", "DB", "2"}), ":1");
  EXPECT_EQ(changes(), "2 SET b 12 PXAT 1700000000500");
  EXPECT_EQ(run({"COPY", "a", "b", "DB", "2"}), ":0");
  EXPECT_EQ(run({"COPY", "a", "b", "DB", "2", "REPLACE"}), ":1");
  session_.database = 2;
  EXPECT_EQ(run({"OBJECT", "ENCODING", "b"}), "$3 raw");
  EXPECT_EQ(run({"PTTL", "b"}), ":500");
}

TEST_F(KeyCommands, ExpireInThePastDeletes) {
  run({"SET", "a", "1"});
  changes();
  EXPECT_EQ(run({"PEXPIREAT", "a", "1699999999999"}), ":1");
  EXPECT_EQ(changes(), "0 DEL a");
  run({"SET", "a", "1"});
  EXPECT_EQ(run({"PEXPIREAT", "a", "1700000000000"}), ":1") << "now is past";
  EXPECT_EQ(run({"EXISTS", "a"}), ":0");
}

TEST_F(KeyCommands, ExpireTravelsAsAMomentAndPersistTakesItBack) {
  run({"SET", "a", std::string(100, 'x')});
  changes();
  EXPECT_EQ(run({"EXPIRE", "a", "10"}), ":1");
  EXPECT_EQ(changes(), "0 PEXPIREAT a 1700000010000");
  EXPECT_EQ(expiring("a"), 1u);
  EXPECT_EQ(run({"EXPIRE", "a", "5", "GT"}), ":0");
  EXPECT_EQ(changes(), "");
  EXPECT_EQ(run({"PERSIST", "a"}), ":1");
  EXPECT_EQ(changes(), "0 PERSIST a");
  EXPECT_EQ(expiring("a"), 0u);
  EXPECT_EQ(run({"STRLEN", "a"}), ":100");
}

TEST_F(KeyCommands, TheFarthestDeadlineIsToldExactly) {
  EXPECT_EQ(run({"SET", "a", "1", "PXAT", "9223372036854775807"}), "+OK");
  EXPECT_EQ(run({"PEXPIRETIME", "a"}), ":9223372036854775807");
  EXPECT_EQ(run({"EXPIRETIME", "a"}), ":9223372036854776");
  EXPECT_TRUE(effects_.timers().empty()) << "too far to wait for";
}

TEST_F(KeyCommands, FlushdbEmptiesOneDatabaseAndFreesLater) {
  for (int i = 0; i < 100; ++i) run({"SET", "key" + std::to_string(i), "1", "EX", "10"});
  session_.database = 1;
  run({"SET", "other", "1"});
  session_.database = 0;
  changes();
  EXPECT_EQ(run({"FLUSHDB"}), "+OK");
  EXPECT_EQ(run({"DBSIZE"}), ":0");
  EXPECT_EQ(run({"EXISTS", "key5"}), ":0");
  EXPECT_EQ(expiring("key5"), 0u);
  EXPECT_EQ(changes().substr(0, 9), "0 FLUSHDB");
  EXPECT_EQ(waiting_to_be_freed(), 100u);
  session_.database = 1;
  EXPECT_EQ(run({"DBSIZE"}), ":1");
}

TEST_F(KeyCommands, FlushallSyncHoldsNoCoreToFree) {
  for (int i = 0; i < 100; ++i) run({"SET", "key" + std::to_string(i), std::string(1000, 'x')});
  EXPECT_EQ(run({"FLUSHALL", "SYNC"}), "+OK");
  EXPECT_EQ(run({"DBSIZE"}), ":0");
  EXPECT_EQ(waiting_to_be_freed(), 100u);
}

TEST_F(KeyCommands, SwapdbExchangesDatabasesAndTheirDeadlines) {
  run({"SET", "a", "1", "EX", "10"});
  session_.database = 7;
  run({"SET", "b", "2"});
  changes();
  EXPECT_EQ(run({"SWAPDB", "0", "7"}), "+OK");
  EXPECT_NE(changes().find("0 SWAPDB 0 7"), std::string::npos);
  EXPECT_EQ(run({"GET", "a"}), "$1 1");
  EXPECT_EQ(run({"TTL", "a"}), ":10");
  session_.database = 0;
  EXPECT_EQ(run({"GET", "b"}), "$1 2");
  EXPECT_EQ(run({"EXISTS", "a"}), ":0");
}

TEST_F(KeyCommands, ScanReturnsEveryKeyOnceFromAKeyspaceThatRests) {
  std::set<std::string> expected;
  for (int i = 0; i < 3000; ++i) expected.insert("key" + std::to_string(i));
  for (int i = 0; i < 500; ++i) expected.insert("{one-slot}" + std::to_string(i));
  for (const std::string& name : expected) run({"SET", name, "v"});
  for (const View count : {"1", "10", "333", "100000"}) {
    const auto seen = scan_all({"COUNT", count});
    EXPECT_EQ(seen.size(), expected.size());
    for (const auto& [name, times] : seen) EXPECT_TRUE(expected.count(name) == 1 && times == 1) << name;
  }
  scan_all({"COUNT", "1000000"});
  EXPECT_EQ(steps_, 1);
  scan_all({"COUNT", "100"});
  EXPECT_LE(steps_, 36);
}

TEST_F(KeyCommands, ScanReturnsEveryKeyThatStaysOnceWhileOthersComeAndGo) {
  const std::uint64_t seed = 4711;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  effects_.set_listening(false);
  Random random(seed);
  for (int i = 0; i < 1000; ++i) run({"SET", "{s}stays" + std::to_string(i), "v"});
  const auto seen = scan_all({"COUNT", "7"}, [&] {
    for (int i = 0; i < 30; ++i) {
      const std::string name = "{s}comes" + std::to_string(random.below(5000));
      random.below(3) == 0 ? run({"DEL", name}) : run({"SET", name, "v"});
    }
  });
  for (int i = 0; i < 1000; ++i) {
    const auto found = seen.find("{s}stays" + std::to_string(i));
    ASSERT_TRUE(found != seen.end()) << i;
    EXPECT_EQ(found->second, 1) << i;
  }
}

TEST_F(KeyCommands, ScanShowsOnlyWhatIsAskedForAndLives) {
  run({"SET", "live", "1"});
  run({"SET", "late", "1", "PX", "5"});
  run({"SET", "other", "1"});
  now_ += 5;
  EXPECT_EQ(scan_all({"MATCH", "l*"}), (std::map<std::string, int>{{"live", 1}}));
  EXPECT_EQ(scan_all({"TYPE", "STRING"}), (std::map<std::string, int>{{"live", 1}, {"other", 1}}));
  EXPECT_TRUE(scan_all({"TYPE", "list"}).empty());
  EXPECT_TRUE(scan_all({"TYPE", "nonsense"}).empty());
}

TEST_F(KeyCommands, ScanTakesAnyNumberForACursor) {
  run({"SET", "a", "1"});
  for (const View cursor : {"18446744073709551615", "9223372036854775807", "16383", "-1", "+7", ""}) {
    EXPECT_EQ(run({"SCAN", cursor}).substr(0, 3), "*2 ") << cursor;
  }
  for (const View cursor : {"18446744073709551616", "x", "1 ", " 1", "-", "1.5"}) {
    EXPECT_EQ(run({"SCAN", cursor}), "-ERR invalid cursor") << cursor;
  }
}

TEST_F(KeyCommands, RandomkeyDrawsEveryKeyAboutAsOften) {
  // Most keys share a slot, which must not make the others likelier.
  std::map<std::string, int> drawn;
  for (int i = 0; i < 40; ++i) run({"SET", (i < 30 ? "{s}" : "key") + std::to_string(i), "v"});
  for (int i = 0; i < 4000; ++i) ++drawn[run({"RANDOMKEY"})];
  ASSERT_EQ(drawn.size(), 40u);
  for (const auto& [key, count] : drawn) {
    EXPECT_GT(count, 50) << key;  // 100 expected, 10 the standard deviation
    EXPECT_LT(count, 150) << key;
  }
}

TEST_F(KeyCommands, RandomkeyNeverReturnsAnExpiredKey) {
  for (int i = 0; i < 500; ++i) run({"SET", "gone" + std::to_string(i), "v", "PX", "1"});
  run({"SET", "live", "v"});
  now_ += 1;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run({"RANDOMKEY"}), "$4 live");
  run({"DEL", "live"});
  EXPECT_EQ(run({"RANDOMKEY"}), "$-1");
}

class Transactions : public CommandTest {
 protected:
  ExecVerdict verdict() {
    KeyAccess access(keyspace_, effects_, Moment{now_}, session_.database, KeyAccess::Touch::kYes);
    return exec_verdict(session_, access);
  }
  /// Runs as somebody else.
  void other(const std::vector<View>& args, DatabaseId database = 0) {
    const Session own = session_;
    session_ = Session{};
    session_.database = database;
    run(args);
    session_ = own;
  }
};

TEST_F(Transactions, ExecRunsWhileWatchedKeysAreUntouched) {
  run({"SET", "a", "1"});
  run({"WATCH", "a", "b"});
  EXPECT_EQ(verdict(), ExecVerdict::kRun);
  other({"SET", "c", "1"});
  other({"SET", "a", "1"}, 5);
  other({"GET", "a"});
  other({"DEL", "b"});
  EXPECT_EQ(verdict(), ExecVerdict::kRun);
  other({"SET", "b", "1"});
  EXPECT_EQ(verdict(), ExecVerdict::kDirty);
}

TEST_F(Transactions, EveryKindOfWriteIsNoticed) {
  const std::vector<std::vector<View>> writes = {{"SET", "a", "1"},
                                                 {"APPEND", "a", "x"},
                                                 {"INCR", "a"},
                                                 {"DEL", "a"},
                                                 {"EXPIRE", "a", "5"},
                                                 {"RENAME", "a", "b"},
                                                 {"COPY", "b", "a", "REPLACE"},
                                                 {"RENAME", "b", "a"},
                                                 {"MOVE", "a", "3"},
                                                 {"FLUSHDB"},
                                                 {"FLUSHALL"},
                                                 {"SWAPDB", "0", "1"},
                                                 {"GETDEL", "a"},
                                                 {"SETRANGE", "a", "0", "x"},
                                                 {"GETEX", "a", "EX", "5"},
                                                 {"INCRBYFLOAT", "a", "1"},
                                                 {"MSET", "a", "1"}};
  for (const std::vector<View>& write : writes) {
    run({"FLUSHALL"});
    run({"MSET", "a", "1", "b", "2"});
    run({"WATCH", "a"});
    EXPECT_EQ(verdict(), ExecVerdict::kRun);
    other(write);
    EXPECT_EQ(verdict(), ExecVerdict::kDirty) << write[0];
    run({"UNWATCH"});
    EXPECT_EQ(verdict(), ExecVerdict::kRun);
  }
}

TEST_F(Transactions, ExpiringSinceTheWatchCountsAndBeforeItDoesNot) {
  run({"SET", "a", "1", "PX", "10"});
  run({"WATCH", "a"});
  now_ += 10;
  EXPECT_EQ(verdict(), ExecVerdict::kDirty);
  run({"UNWATCH"});
  run({"WATCH", "a"});
  EXPECT_EQ(verdict(), ExecVerdict::kRun);
  other({"DEL", "a"});  // finds nothing, but reclaims the entry
  EXPECT_EQ(verdict(), ExecVerdict::kRun);
  other({"SET", "a", "2"});
  EXPECT_EQ(verdict(), ExecVerdict::kDirty);
}

TEST_F(Transactions, FlushingADatabaseLeavesWatchesOfAbsentKeysAlone) {
  run({"SET", "{s}there", "1"});
  run({"WATCH", "{s}absent"});
  other({"FLUSHALL"});
  EXPECT_EQ(verdict(), ExecVerdict::kRun);
}

TEST_F(Transactions, SwapdbTouchesAKeyThatAppearsInItsPlace) {
  session_.database = 1;
  run({"SET", "a", "1"});
  session_.database = 0;
  run({"WATCH", "a"});
  other({"SWAPDB", "0", "1"});
  EXPECT_EQ(verdict(), ExecVerdict::kDirty);
}

TEST_F(Transactions, WatchingTwiceIsWatchingOnce) {
  run({"WATCH", "a", "a"});
  run({"WATCH", "a"});
  EXPECT_EQ(session_.transaction.watches.size(), 1u);
  run({"UNWATCH"});
  EXPECT_TRUE(keyspace_.slot(key_slot("a")).watched()->empty());
}

// Each key in turn: when WATCH compared it with all before it, this took tens of seconds.
TEST_F(Transactions, AHundredThousandKeysOfOneSlotAreWatchedAndForgottenOneByOne) {
  std::vector<std::string> names;
  for (int i = 0; i < 100'000; ++i) names.push_back("{s}" + std::to_string(i));
  std::vector<View> args = {"WATCH"};
  args.insert(args.end(), names.begin(), names.end());
  EXPECT_EQ(run(args), "+OK");
  EXPECT_EQ(session_.transaction.watches.size(), names.size());
  EXPECT_EQ(verdict(), ExecVerdict::kRun);
  other({"SET", "{s}99999", "1"});
  EXPECT_EQ(verdict(), ExecVerdict::kDirty);
  EXPECT_EQ(run({"UNWATCH"}), "+OK");
  EXPECT_TRUE(session_.transaction.watches.empty());
  EXPECT_TRUE(keyspace_.slot(key_slot("{s}")).watched()->empty());
}

TEST_F(Transactions, DiscardEndsTheTransactionAndItsWatches) {
  run({"WATCH", "a"});
  EXPECT_EQ(run({"MULTI"}), "+OK");
  EXPECT_EQ(run({"MULTI"}), "-ERR MULTI calls can not be nested");
  EXPECT_EQ(run({"WATCH", "b"}), "-ERR WATCH inside MULTI is not allowed");
  session_.transaction.must_abort = true;
  EXPECT_EQ(verdict(), ExecVerdict::kAborted);
  EXPECT_EQ(run({"DISCARD"}), "+OK");
  EXPECT_FALSE(session_.is_queueing());
  EXPECT_FALSE(session_.transaction.must_abort);
  EXPECT_TRUE(session_.transaction.watches.empty());
  EXPECT_EQ(run({"DISCARD"}), "-ERR DISCARD without MULTI");
}

}  // namespace
}  // namespace shoal::dispatch
