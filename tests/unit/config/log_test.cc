#include "server/config/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

#include "tests/unit/config/temporary_folder.h"

namespace shoal::config {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;
using ::testing::Pair;

class LogFile : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_ / name; }
  std::vector<std::string> lines(const std::string& name) const {
    std::ifstream file(path(name));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::unique_ptr<Log> opened(LogLevel level, const std::string& name) const {
    auto log = Log::open(level, path(name));
    EXPECT_TRUE(log.ok());
    return std::move(log).value();
  }

  TemporaryFolder folder_;
};

TEST_F(LogFile, HoldsLinesAsRedisWritesThem) {
  auto log = opened(LogLevel::kDebug, "log");
  log->debug("one {}", 1);
  log->verbose("two");
  log->notice("three {{}}");
  log->warning("{}", "four {}");
  log.reset();
  const auto written = lines("log");
  ASSERT_EQ(written.size(), 4U);
  const std::string prefix = std::to_string(::getpid()) +
                             ":M [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3} ";
  EXPECT_THAT(written[0], MatchesRegex(prefix + "[.] one 1"));
  EXPECT_THAT(written[1], MatchesRegex(prefix + "- two"));
  EXPECT_THAT(written[2], MatchesRegex(prefix + "[*] three [{][}]"));
  EXPECT_THAT(written[3], MatchesRegex(prefix + "# four [{][}]"));
}

TEST_F(LogFile, IsAppendedTo) {
  opened(LogLevel::kNotice, "log")->notice("one");
  opened(LogLevel::kNotice, "log")->notice("two");
  EXPECT_EQ(lines("log").size(), 2U);
}

TEST_F(LogFile, ThatCannotBeOpenedIsAnError) {
  EXPECT_EQ(Log::open(LogLevel::kNotice, "/nonexistent/log").message(),
            "Can't open the log file: No such file or directory");
}

TEST_F(LogFile, LosesNothingUncountedUnderLoad) {
  constexpr int kThreads = 4;
  constexpr int kLinesEach = 5000;
  auto log = opened(LogLevel::kNotice, "log");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kLinesEach; ++i) log->notice("line {}", i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::uint64_t dropped_before_end = log->dropped();
  log.reset();
  EXPECT_EQ(lines("log").size() + dropped_before_end, static_cast<std::size_t>(kThreads * kLinesEach));
}

TEST_F(LogFile, CutsLongLines) {
  opened(LogLevel::kNotice, "log")->notice("{}", std::string(5000, 'x'));
  ASSERT_EQ(lines("log").size(), 1U);
  EXPECT_TRUE(lines("log")[0].ends_with(" * " + std::string(kLogLineBytesMax, 'x')));
}

TEST(Log, WritesOnlyItsLevelAndAbove) {
  std::vector<std::pair<LogLevel, std::string>> written;
  const auto log =
      Log::to(LogLevel::kNotice, [&](LogLevel level, View text) { written.emplace_back(level, text); });
  log->verbose("no");
  log->notice("a {}", 1);
  log->set_level(LogLevel::kVerbose);
  log->verbose("b");
  log->debug("no");
  log->set_level(LogLevel::kNothing);
  log->warning("no");
  EXPECT_THAT(written, ElementsAre(Pair(LogLevel::kNotice, "a 1"), Pair(LogLevel::kVerbose, "b")));
  EXPECT_EQ(log->dropped(), 0U);
}

}  // namespace
}  // namespace shoal::config
