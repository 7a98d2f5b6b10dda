#include "server/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "server/config/option.h"
#include "tests/unit/config/temporary_folder.h"

namespace shoal::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class ConfigFile : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name).rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
};

Settings loaded_from(View text) {
  Settings settings;
  Warnings warnings;
  const Status done = apply_text(settings, text, "test", warnings);
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.message());
  return settings;
}

std::string error_of(View text) {
  Settings settings;
  Warnings warnings;
  const Status done = apply_text(settings, text, "test.conf", warnings);
  return done.ok() ? "OK" : done.message();
}

std::string rewritten(View text, const std::vector<Assignment>& assignments) {
  const Settings loaded = loaded_from(text);
  Warnings warnings;
  auto changed = config_set(loaded, assignments, Caller::kLocal, warnings);
  EXPECT_TRUE(changed.ok()) << (changed.ok() ? "" : changed.message());
  return rewrite(text, loaded, changed.value());
}

TEST(ConfigText, SkipsCommentsAndBlankLines) {
  const Settings settings = loaded_from("# a comment\n\n  \t\r\n  # another\n  PORT 7000 \r\ntimeout 3");
  EXPECT_EQ(settings.network.port, 7000);
  EXPECT_EQ(settings.network.timeout_seconds, 3);
}

TEST(ConfigText, UnderstandsQuotes) {
  EXPECT_EQ(loaded_from("requirepass \"a \\\"b\\\" \\x41\"").security.requirepass, "a \"b\" A");
  EXPECT_EQ(loaded_from("requirepass 'a b'").security.requirepass, "a b");
  EXPECT_EQ(loaded_from("save 900 1\nsave \"\"\n").persistence.save_points.size(), 0U);
}

TEST(ConfigText, CollectsRepeatedDirectives) {
  const Settings settings = loaded_from(
      "save 900 1\nsave 300 10\nclient-output-buffer-limit normal 1 2 3\n"
      "client-output-buffer-limit replica 4 5 6\nrename-command GET \"\"\nrename-command SET put\n"
      "bind 127.0.0.1\nbind 127.0.0.2 ::1\n");
  EXPECT_THAT(settings.persistence.save_points, ElementsAre(SavePoint{900, 1}, SavePoint{300, 10}));
  EXPECT_EQ(settings.clients.output_buffer_limit(ClientClass::kNormal), (OutputBufferLimit{1, 2, 3}));
  EXPECT_EQ(settings.clients.output_buffer_limit(ClientClass::kReplica), (OutputBufferLimit{4, 5, 6}));
  EXPECT_THAT(settings.security.renamed_commands, ElementsAre(Pair("GET", ""), Pair("SET", "put")));
  EXPECT_THAT(settings.network.binds, ElementsAre("127.0.0.2", "::1"));
}

TEST(ConfigText, NamesTheLineOfAnError) {
  EXPECT_EQ(error_of("port 7000\n\n foo bar \n"),
            "Reading the configuration file test.conf, at line 3\n>>> 'foo bar'\n"
            "Bad directive or wrong number of arguments");
  EXPECT_THAT(error_of("hz 10 # c"), HasSubstr("wrong number of arguments"));
  EXPECT_THAT(error_of("maxclients"), HasSubstr("wrong number of arguments"));
  EXPECT_THAT(error_of("maxclients \"10"), HasSubstr("Unbalanced quotes in configuration line"));
  EXPECT_THAT(error_of("MaxClients x"), HasSubstr("argument couldn't be parsed into an integer"));
  EXPECT_THAT(error_of("appendonly yes"), HasSubstr("the append-only file is not there yet"));
}

TEST_F(ConfigFile, RemembersItsAbsolutePath) {
  Settings settings;
  Warnings warnings;
  const std::string path = write("shoal.conf", "port 7001\n");
  ASSERT_TRUE(apply_file(settings, path, warnings).ok());
  EXPECT_EQ(settings.network.port, 7001);
  EXPECT_EQ(settings.config_file, path);
}

TEST_F(ConfigFile, ThatIsMissingIsAnError) {
  Settings settings;
  Warnings warnings;
  EXPECT_EQ(apply_file(settings, "/nonexistent.conf", warnings).message(),
            "Fatal error, can't open config file '/nonexistent.conf': No such file or directory");
}

TEST_F(ConfigFile, IncludesOthersInPlaceAlsoByGlob) {
  write("a.part", "port 1\ntimeout 1\n");
  write("b.part", "timeout 2\n");
  const Settings settings =
      loaded_from("timeout 9\ninclude " + folder_ / "*.part" + "\nport 3\ninclude /nonexistent/*\n");
  EXPECT_EQ(settings.network.timeout_seconds, 2);
  EXPECT_EQ(settings.network.port, 3);
}

TEST_F(ConfigFile, ThatIncludesItselfIsAnError) {
  const std::string path = folder_ / "loop.conf";
  write("loop.conf", "include " + path + "\n");
  Settings settings;
  Warnings warnings;
  EXPECT_THAT(apply_file(settings, path, warnings).message(), HasSubstr("include is nested too deeply"));
}

TEST_F(ConfigFile, WithAMissingIncludeIsAnError) {
  EXPECT_THAT(error_of("include /nonexistent.conf"), HasSubstr("can't open config file '/nonexistent.conf'"));
}

TEST(Rewrite, WithoutAChangeKeepsEveryByte) {
  const View text =
      "# head\nport   7000\n\n  # note\nmaxmemory 1gb\nrename-command GET \"\"\nsave 60 1\nsave 9 9\n";
  EXPECT_EQ(rewritten(text, {}), text);
}

TEST(Rewrite, UpdatesAChangedOptionOnItsLine) {
  EXPECT_EQ(rewritten("# head\nTIMEOUT 5 \n# tail\n", {{"timeout", "6"}}), "# head\ntimeout 6\n# tail\n");
  EXPECT_EQ(rewritten("timeout 5\n", {{"timeout", "0"}}), "timeout 0\n");
}

TEST(Rewrite, ReplacesAllLinesOfARepeatedOption) {
  EXPECT_EQ(rewritten("save 1 1\n# between\nsave 2 2\n", {{"save", "3 3 4 4"}}),
            "save 3 3\nsave 4 4\n# between\n");
  EXPECT_EQ(rewritten("save 1 1\nsave 2 2\n", {{"save", ""}}), "save \"\"\n");
  EXPECT_EQ(rewritten("hash-max-ziplist-value 7\n", {{"hash-max-listpack-value", "1kb"}}),
            "hash-max-listpack-value 1kb\n");
}

TEST(Rewrite, AppendsNewOnesUnderItsMarkOnce) {
  const std::string first = rewritten("port 1", {{"requirepass", "a b\"c"}});
  EXPECT_EQ(first, "port 1\n\n# Generated by CONFIG REWRITE\nrequirepass \"a b\\\"c\"\n");
  EXPECT_EQ(rewritten(first, {{"maxmemory", "104857600"}}), first + "maxmemory 100mb\n");
}

// Values worth trying for an option that may change at run time.
std::vector<std::string> samples(const Option& option) {
  using Shape = Kind::Shape;
  switch (option.kind.shape) {
    case Shape::kYesNo: return {"yes", "no"};
    case Shape::kInteger: return {"1", "2", "7", "99"};
    case Shape::kMemory: return {"1048576", "1048577", "3gb"};
    case Shape::kMemoryOrPercent: return {"0", "7%", "1000"};
    case Shape::kChoice:
      return {std::string(option.kind.choices[0].word), std::string(option.kind.choices[1].word)};
    case Shape::kText:
      if (option.kind.normalise == nullptr) return {"", "#x", "a b", "\"'\\\n\x01\xff", "plain"};
      return {"A", "h"};
    default: break;
  }
  if (option.name == "save") return {"", "1 1", "1 1 2 2"};
  if (option.name == "bind") return {"", "127.0.0.1", "* -::*"};
  if (option.name == "client-output-buffer-limit") return {"normal 1 2 3 pubsub 1mb 1kb 0", "replica 7 7 7"};
  if (option.name == "latency-tracking-info-percentiles") return {"", "1 99.5"};
  return {};
}

TEST(Rewrite, LoadsBackAsTheSettingsWrittenWhateverTheyAre) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const View star = "*";
  std::vector<const Option*> options;
  const auto groups = option_groups();
  for (const OptionGroup& group : groups) {
    for (const Option& option : group.rows) options.push_back(&option);
  }
  for (int round = 0; round < 200; ++round) {
    std::string text = "# start\n";
    Settings settings;
    for (int step = 0; step < 3; ++step) {
      const Settings loaded = loaded_from(text);
      Warnings warnings;
      for (int change = 0; change < 6; ++change) {
        const Option& option = *options[random() % options.size()];
        const auto values = samples(option);
        if (values.empty()) continue;
        const std::string& value = values[random() % values.size()];
        auto changed =
            config_set(settings, std::vector<Assignment>{{option.name, value}}, Caller::kLocal, warnings);
        if (changed) settings = std::move(changed).value();
      }
      text = rewrite(text, loaded, settings);
      ASSERT_EQ(config_get(loaded_from(text), {&star, 1}), config_get(settings, {&star, 1})) << text;
    }
  }
}

TEST_F(ConfigFile, IsRewrittenInPlaceAndKeepsItsPermissions) {
  const std::string path = write("shoal.conf", "# mine\ntimeout 5\n");
  std::filesystem::permissions(path,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  Settings settings;
  Warnings warnings;
  ASSERT_TRUE(apply_file(settings, path, warnings).ok());
  settings.network.timeout_seconds = 8;
  ASSERT_TRUE(rewrite_file(settings).ok());
  EXPECT_EQ(read("shoal.conf"), "# mine\ntimeout 8\n");
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto entries = std::distance(std::filesystem::directory_iterator(folder_.path()), {});
  EXPECT_EQ(entries, 1) << "no temporary file is left";
}

TEST_F(ConfigFile, ResetToADefaultThatAnIncludedFileChangesIsWritten) {
  const std::string part = write("part.conf", "timeout 5\n");
  const std::string path = write("shoal.conf", "include " + part + "\n");
  Settings settings;
  Warnings warnings;
  ASSERT_TRUE(apply_file(settings, path, warnings).ok());
  settings.network.timeout_seconds = 0;
  ASSERT_TRUE(rewrite_file(settings).ok());
  Settings again;
  ASSERT_TRUE(apply_file(again, path, warnings).ok());
  EXPECT_EQ(again.network.timeout_seconds, 0);
}

TEST_F(ConfigFile, ThatWentAwayIsWrittenAnew) {
  Settings settings;
  settings.config_file = folder_ / "gone.conf";
  settings.network.port = 7;
  ASSERT_TRUE(rewrite_file(settings).ok());
  EXPECT_EQ(read("gone.conf"), "# Generated by CONFIG REWRITE\nport 7\n");
}

TEST_F(ConfigFile, WhoseFolderWentAwayIsAnErrorOfRewrite) {
  Settings settings;
  settings.config_file = folder_ / "nowhere/shoal.conf";
  EXPECT_EQ(rewrite_file(settings).message(), "Rewriting config file: No such file or directory");
}

TEST(Rewrite, WithoutAFileIsRefusedInRedisWords) {
  EXPECT_EQ(rewrite_file(Settings{}).message(), "The server is running without a config file");
}

}  // namespace
}  // namespace shoal::config
