#include "server/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/config/option.h"

namespace shoal::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

using Args = std::vector<std::string>;

Invocation parsed(const Args& args) {
  auto invocation = parse_command_line(args);
  EXPECT_TRUE(invocation.ok()) << (invocation.ok() ? "" : invocation.message());
  return invocation.ok() ? std::move(invocation).value() : Invocation{};
}

std::string error_of(const Args& args) {
  const auto invocation = parse_command_line(args);
  return invocation.ok() ? "OK" : invocation.message();
}

TEST(CommandLine, WithoutArgumentsMeansTheDefaults) {
  const Invocation invocation = parsed({});
  EXPECT_EQ(invocation.action, Action::kServe);
  EXPECT_EQ(invocation.settings.network.port, 6379);
  EXPECT_EQ(invocation.settings.process.dir, std::filesystem::current_path());
  EXPECT_THAT(invocation.warnings, IsEmpty());
}

TEST(CommandLine, TakesAnyDirectiveWithItsValues) {
  const Settings settings =
      parsed({"--port", "0", "--bind", "127.0.0.1", "-::1", "--threads", "4", "--enable-debug-command", "yes",
              "--slowlog-log-slower-than", "-1", "--rename-command", "GET", "", "--requirepass", "a b"})
          .settings;
  EXPECT_EQ(settings.network.port, 0);
  EXPECT_THAT(settings.network.binds, ElementsAre("127.0.0.1", "-::1"));
  EXPECT_EQ(settings.cores.threads, 4);
  EXPECT_EQ(settings.security.debug_command, Permission::kYes);
  EXPECT_EQ(settings.latency.slowlog_slower_than_us, -1);
  EXPECT_THAT(settings.security.renamed_commands, ElementsAre(Pair("GET", "")));
  EXPECT_EQ(settings.security.requirepass, "a b");
}

TEST(CommandLine, UnderstandsSaveInAllItsForms) {
  const auto saves = [](const Args& args) { return parsed(args).settings.persistence.save_points; };
  EXPECT_THAT(saves({"--save", ""}), IsEmpty());
  EXPECT_THAT(saves({"--save"}), IsEmpty());
  EXPECT_THAT(saves({"--save", "900", "1", "300", "10"}), ElementsAre(SavePoint{900, 1}, SavePoint{300, 10}));
  EXPECT_THAT(saves({"--save", "900 1 300 10"}), ElementsAre(SavePoint{900, 1}, SavePoint{300, 10}));
  EXPECT_THAT(saves({"--save", "1", "1", "--save", "2", "2"}), ElementsAre(SavePoint{1, 1}, SavePoint{2, 2}));
  EXPECT_THAT(saves({"--save", "1", "1", "--save", ""}), IsEmpty());
  EXPECT_THAT(error_of({"--save", "", "1", "1"}), HasSubstr("Invalid save parameters"));
}

TEST(CommandLine, TakesNamesInAnyCaseAndWithAnEqualsSign) {
  const Settings settings = parsed({"--PORT", "1", "--timeout=7", "--unixsocket="}).settings;
  EXPECT_EQ(settings.network.port, 1);
  EXPECT_EQ(settings.network.timeout_seconds, 7);
  EXPECT_EQ(settings.network.unixsocket, "");
}

TEST(CommandLine, LetsTheLastOfTwoWin) {
  EXPECT_EQ(parsed({"--maxclients", "20", "--maxclients", "30"}).settings.network.maxclients, 30);
}

TEST(CommandLine, SaysWhatIsWrongWithADirective) {
  EXPECT_EQ(error_of({"--port", "1", "--foo", "bar"}), "\n*** FATAL CONFIG FILE ERROR (Shoal " SHOAL_VERSION
                                                       ") ***\nReading the command line\n>>> 'foo \"bar\"'\n"
                                                       "Bad directive or wrong number of arguments");
  EXPECT_THAT(error_of({"--maxclients"}), HasSubstr(">>> 'maxclients'\nwrong number of arguments"));
  EXPECT_THAT(error_of({"--appendonly", "yes"}), HasSubstr("the append-only file is not there yet"));
  EXPECT_EQ(error_of({"--appendonly", "no"}), "OK");
}

TEST(CommandLine, RefusesAnUnknownShortOptionAndASecondFile) {
  EXPECT_THAT(error_of({"-x"}), HasSubstr("Try shoal --help"));
  EXPECT_THAT(error_of({"a.conf", "b.conf"}), HasSubstr("Try shoal --help"));
}

TEST(CommandLine, OverridesTheFile) {
  std::string path = (std::filesystem::temp_directory_path() / "shoal_cli_XXXXXX").string();
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  std::ofstream(path) << "port 7000\ntimeout 9\n";
  const Settings settings = parsed({path, "--port", "7001"}).settings;
  EXPECT_EQ(settings.network.port, 7001);
  EXPECT_EQ(settings.network.timeout_seconds, 9);
  EXPECT_EQ(settings.config_file, path);
  EXPECT_EQ(parsed({"--include", path}).settings.network.port, 7000);
  EXPECT_EQ(parsed({"--check-config", path}).action, Action::kCheckConfig);
  std::filesystem::remove(path);
}

TEST(CommandLine, ReportsAMissingFile) {
  EXPECT_THAT(error_of({"/nonexistent.conf"}), HasSubstr("can't open config file '/nonexistent.conf'"));
}

TEST(CommandLine, CollectsWarningsForTheLog) {
  EXPECT_THAT(
      parsed({"--maxmemory", "1gb", "--io-threads", "4"}).warnings,
      ElementsAre(HasSubstr("maxmemory is accepted but has no effect"), HasSubstr("io-threads is accepted")));
}

TEST(CommandLine, PrintsVersionAndHelp) {
  for (const char* flag : {"-v", "--version"}) {
    const Invocation invocation = parsed({flag});
    EXPECT_EQ(invocation.action, Action::kPrint);
    EXPECT_THAT(invocation.text, HasSubstr("v=" SHOAL_VERSION));
  }
  for (const char* flag : {"-h", "--help"}) {
    EXPECT_EQ(parsed({flag}).text, help_page());
  }
}

TEST(HelpPage, NamesEveryOption) {
  const std::string page = help_page();
  for (const OptionGroup& group : option_groups()) {
    for (const Option& option : group.rows) EXPECT_THAT(page, HasSubstr(option.name));
  }
}

}  // namespace
}  // namespace shoal::config
