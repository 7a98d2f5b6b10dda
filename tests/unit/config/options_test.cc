#include "server/config/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "server/config/option.h"
#include "server/config/option_value.h"

namespace shoal::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

struct Fact {
  std::string name;
  std::string when;
  std::string value;
  bool differs;
};

std::vector<Fact> redis_facts() {
  std::ifstream file(SHOAL_UNIT_TESTS "/config/redis_7_0_defaults.txt");
  std::vector<Fact> facts;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const bool differs = line.front() == '!';
    std::istringstream words(line.substr(differs ? 1 : 0));
    Fact fact{"", "", "", differs};
    words >> fact.name >> fact.when;
    std::getline(words >> std::ws, fact.value);
    facts.push_back(std::move(fact));
  }
  return facts;
}

Result<Settings> try_set(const Settings& settings, std::vector<Assignment> assignments,
                         Caller caller = Caller::kLocal) {
  Warnings warnings;
  return config_set(settings, assignments, caller, warnings);
}

// The answer of CONFIG SET name value: "OK" or the error.
std::string answer(View name, View value) {
  const auto changed = try_set(Settings{}, {{name, value}});
  return changed ? "OK" : changed.message();
}

// What CONFIG GET name answers after CONFIG SET name value.
std::string after(View name, View value) {
  const auto changed = try_set(Settings{}, {{name, value}});
  return changed ? value_of(changed.value(), name) : changed.message();
}

std::string refusal(View name, View why) {
  return config_set_failure(name, why);
}

Status start_with(Settings& settings, View name, std::vector<std::string> words) {
  Warnings warnings;
  return set(settings, name, words, Phase::kStartup, warnings);
}

std::vector<const Option*> all_rows() {
  std::vector<const Option*> rows;
  static const std::vector<OptionGroup> kGroups = option_groups();
  for (const OptionGroup& group : kGroups) {
    for (const Option& option : group.rows) rows.push_back(&option);
  }
  return rows;
}

TEST(Options, KnowEveryNameRedisListsWithItsDefault) {
  const std::vector<Fact> facts = redis_facts();
  ASSERT_GT(facts.size(), 180U);
  for (const Fact& fact : facts) {
    EXPECT_NE(find_option(fact.name), nullptr) << fact.name;
    if (fact.differs) {
      EXPECT_NE(value_of(Settings{}, fact.name), fact.value) << fact.name << " is no exception any more";
    } else {
      EXPECT_EQ(value_of(Settings{}, fact.name), fact.value) << fact.name;
    }
  }
}

TEST(Options, AreListedByConfigGetStarAsInRedis) {
  const View star = "*";
  std::set<std::string> listed;
  for (const auto& [name, value] : config_get(Settings{}, {&star, 1})) {
    EXPECT_TRUE(listed.insert(name).second) << name << " twice";
  }
  for (const Fact& fact : redis_facts()) EXPECT_TRUE(listed.contains(fact.name)) << fact.name;
}

TEST(Options, MayBeSetAtRunTimeWhereRedisAllowsIt) {
  for (const Fact& fact : redis_facts()) {
    if (fact.differs) continue;
    const std::string expected = fact.when == "any"     ? "OK"
                                 : fact.when == "start" ? refusal(fact.name, "can't set immutable config")
                                                        : refusal(fact.name, "can't set protected config");
    EXPECT_EQ(answer(fact.name, fact.value), expected) << fact.name;
  }
}

TEST(Options, HaveUniqueNames) {
  std::set<View> names;
  for (const Option* option : all_rows()) {
    EXPECT_TRUE(names.insert(option->name).second) << option->name;
    if (option->alias.empty()) continue;
    EXPECT_TRUE(names.insert(option->alias).second) << option->alias;
  }
}

TEST(Options, HaveDefaultsThatAreTheirOwnCanonicalForm) {
  for (const Option* option : all_rows()) {
    if (option->kind.shape == Kind::Shape::kOwn || option->name == "dir") continue;
    const std::string text = format_value(*option, Settings{});
    Settings settings;
    // Quoted like this, an empty value is one empty word.
    ASSERT_TRUE(start_with(settings, option->name, {text}) || option->name == "replicaof") << option->name;
    EXPECT_EQ(format_value(*option, settings), text) << option->name;
  }
}

TEST(Options, ExplainThemselves) {
  for (const Option* option : all_rows()) {
    EXPECT_GT(option->standing.why.size(), 8U) << option->name;
    EXPECT_FALSE(option->standing.why.ends_with('.')) << option->name;
  }
}

TEST(Options, WithATypedPlaceReachSettings) {
  const auto changed = try_set(Settings{}, {{"port", "7000"},
                                            {"bind", "127.0.0.1 -::1"},
                                            {"protected-mode", "no"},
                                            {"timeout", "5"},
                                            {"proto-max-bulk-len", "2mb"},
                                            {"maxmemory-policy", "allkeys-lfu"},
                                            {"requirepass", "secret"},
                                            {"loglevel", "debug"},
                                            {"strict-pipeline-order", "yes"}});
  ASSERT_TRUE(changed.ok()) << changed.message();
  const Settings& settings = changed.value();
  EXPECT_EQ(settings.network.port, 7000);
  EXPECT_THAT(settings.network.binds, ElementsAre("127.0.0.1", "-::1"));
  EXPECT_FALSE(settings.network.protected_mode);
  EXPECT_EQ(settings.network.timeout_seconds, 5);
  EXPECT_EQ(settings.clients.proto_max_bulk_bytes, 2 * kMiB);
  EXPECT_EQ(settings.memory.policy, EvictionPolicy::kAllkeysLfu);
  EXPECT_EQ(settings.security.requirepass, "secret");
  EXPECT_EQ(settings.log.level, LogLevel::kDebug);
  EXPECT_TRUE(settings.cores.strict_pipeline_order);
}

TEST(YesNoOption, TakesOnlyThoseWordsInAnyCase) {
  EXPECT_EQ(after("protected-mode", "NO"), "no");
  for (const View word : {"", "1", "true", "no no"}) {
    EXPECT_EQ(answer("protected-mode", word), refusal("protected-mode", "argument must be 'yes' or 'no'"));
  }
}

TEST(IntegerOption, RefusesTextsRedisDoesNotCallIntegers) {
  for (const View word : {"", "x", "1k", " 5", "+5", "05", "9999999999999999999999"}) {
    EXPECT_EQ(answer("maxclients", word),
              refusal("maxclients", "argument couldn't be parsed into an integer"));
  }
}

TEST(IntegerOption, NamesItsRangeWhenLeavingIt) {
  EXPECT_EQ(answer("maxclients", "0"),
            refusal("maxclients", "argument must be between 1 and 4294967295 inclusive"));
  EXPECT_EQ(answer("proto-max-bulk-len", "4gb"),
            refusal("proto-max-bulk-len", "argument must be between 1048576 and 4294967295 inclusive"));
  EXPECT_EQ(answer("port", "65536"), refusal("port", "argument must be between 0 and 65535 inclusive"));
  EXPECT_EQ(
      answer("slowlog-log-slower-than", "-2"),
      refusal("slowlog-log-slower-than", "argument must be between -1 and 9223372036854775807 inclusive"));
  EXPECT_EQ(
      answer("list-max-listpack-size", "-99999999999999"),
      refusal("list-max-listpack-size", "argument must be between -2147483648 and 2147483647 inclusive"));
}

TEST(IntegerOption, KeepsNegativeNumbers) {
  EXPECT_EQ(after("slowlog-log-slower-than", "-1"), "-1");
  EXPECT_EQ(after("list-max-listpack-size", "-5"), "-5");
}

TEST(IntegerOption, IsMovedIntoTheRangeWhereRedisDoesSo) {
  EXPECT_EQ(after("hz", "1000"), "500");
  EXPECT_EQ(after("hz", "0"), "1");
  EXPECT_EQ(after("repl-backlog-size", "1"), "16384");
}

TEST(MemoryOption, UnderstandsUnitsInAnyCase) {
  EXPECT_EQ(after("maxmemory", "100b"), "100");
  EXPECT_EQ(after("maxmemory", "2K"), "2000");
  EXPECT_EQ(after("maxmemory", "2kb"), "2048");
  EXPECT_EQ(after("maxmemory", "3m"), "3000000");
  EXPECT_EQ(after("maxmemory", "1gB"), "1073741824");
  EXPECT_EQ(after("maxmemory", ""), "0");
  EXPECT_EQ(after("maxmemory", "18446744073709551616"), "18446744073709551615");
}

TEST(MemoryOption, RefusesWhatIsNoMemoryValue) {
  for (const View word : {"1.5gb", "5t", "-1", "50%", " 1", "1mbx", "x"}) {
    EXPECT_EQ(answer("maxmemory", word), refusal("maxmemory", "argument must be a memory value"));
  }
  EXPECT_EQ(answer("client-query-buffer-limit", "1k"),
            refusal("client-query-buffer-limit",
                    "argument must be between 1048576 and 9223372036854775807 inclusive"));
}

TEST(PercentOption, TakesBytesOrAPercentage) {
  EXPECT_EQ(after("maxmemory-clients", "1k"), "1000");
  EXPECT_EQ(after("maxmemory-clients", "100%"), "100%");
  EXPECT_EQ(answer("maxmemory-clients", "101%"),
            refusal("maxmemory-clients", "percentage argument must be less or equal to 100"));
  EXPECT_EQ(answer("maxmemory-clients", "-1%"),
            refusal("maxmemory-clients", "argument must be a memory or percent value"));
}

TEST(OctalOption, IsReadAndShownInOctal) {
  Settings settings;
  ASSERT_TRUE(start_with(settings, "unixsocketperm", {"0700"}).ok());
  EXPECT_EQ(settings.network.unixsocketperm, 0700);
  EXPECT_EQ(value_of(settings, "unixsocketperm"), "700");
  EXPECT_EQ(start_with(settings, "unixsocketperm", {"999"}).message(),
            "argument couldn't be parsed as an octal number");
  EXPECT_EQ(start_with(settings, "unixsocketperm", {"1777"}).message(),
            "argument must be between 0 and 777 inclusive");
}

TEST(ChoiceOption, OffersItsWords) {
  EXPECT_EQ(after("maxmemory-policy", "ALLKEYS-lru"), "allkeys-lru");
  EXPECT_EQ(answer("loglevel", "zzz"),
            refusal("loglevel", "argument(s) must be one of the following: debug, verbose, notice, warning"));
  EXPECT_EQ(after("loglevel", "nothing"), "nothing");
}

TEST(ChoicesOption, CombinesWords) {
  EXPECT_EQ(after("shutdown-on-sigint", "force now save"), "save now force");
  EXPECT_EQ(after("shutdown-on-sigterm", "default now"), "now");
  EXPECT_EQ(answer("shutdown-on-sigterm", "save nosave"),
            refusal("shutdown-on-sigterm", "shutdown options SAVE and NOSAVE can't be used simultaneously"));
  EXPECT_EQ(answer("shutdown-on-sigint", ""),
            refusal("shutdown-on-sigint",
                    "argument(s) must be one of the following: default, save, nosave, now, force"));
}

TEST(BindOption, TakesAtMostSixteenAddresses) {
  EXPECT_EQ(after("bind", ""), "");
  EXPECT_EQ(after("bind", "127.0.0.1 ::1"), "127.0.0.1 ::1");
  EXPECT_EQ(answer("bind", "a b c d e f g h i j k l m n o p q"),
            refusal("bind", "Too many bind addresses specified."));
}

TEST(SaveOption, ReadsPairsOfSecondsAndChanges) {
  EXPECT_EQ(after("save", "3600 1 300 100"), "3600 1 300 100");
  EXPECT_EQ(after("save", "3600 0"), "3600 0");
  EXPECT_EQ(after("save", ""), "");
  for (const View words : {"3600", "a b", "0 1", "-1 1", "100 10 ", "1 1  2 2", "1 -1"}) {
    EXPECT_EQ(answer("save", words), refusal("save", "Invalid save parameters")) << words;
  }
}

TEST(SaveOption, AddsUpAtStartAndReplacesAtRunTime) {
  Settings settings;
  ASSERT_TRUE(start_with(settings, "save", {"900", "1"}).ok());
  ASSERT_TRUE(start_with(settings, "save", {"300 10"}).ok());
  EXPECT_EQ(value_of(settings, "save"), "900 1 300 10");
  const auto changed = try_set(settings, {{"save", "5 5"}});
  ASSERT_TRUE(changed.ok());
  EXPECT_THAT(changed.value().persistence.save_points, ElementsAre(SavePoint{5, 5}));
  ASSERT_TRUE(start_with(settings, "save", {""}).ok());
  EXPECT_EQ(value_of(settings, "save"), "");
}

TEST(OutputBufferLimitOption, ChangesOnlyTheClassesNamed) {
  EXPECT_EQ(after("client-output-buffer-limit", "NORMAL 1mb 2mb 60 replica 1gb 5k 3"),
            "normal 1048576 2097152 60 slave 1073741824 5000 3 pubsub 33554432 8388608 60");
  EXPECT_EQ(after("client-output-buffer-limit", ""), value_of(Settings{}, "client-output-buffer-limit"));
}

TEST(OutputBufferLimitOption, RefusesInRedisWords) {
  const View name = "client-output-buffer-limit";
  EXPECT_EQ(answer(name, "normal 0 0"),
            refusal(name, "Wrong number of arguments in buffer limit configuration."));
  EXPECT_EQ(answer(name, "master 0 0 0"),
            refusal(name, "Invalid client class specified in buffer limit configuration."));
  for (const View words : {"normal 1x 0 0", "normal 0 0 -1", "normal 0 0 1x", "normal 10% 20 30"}) {
    EXPECT_EQ(answer(name, words),
              refusal(name, "Error in hard, soft or soft_seconds setting in buffer limit configuration."));
  }
}

TEST(PercentilesOption, RoundsToSixDigits) {
  const View name = "latency-tracking-info-percentiles";
  EXPECT_EQ(after(name, "50.5 99.999 0 100"), "50.5 99.999 0 100");
  EXPECT_EQ(after(name, "99.123456789 12.5000"), "99.123457 12.5");
  EXPECT_EQ(after(name, ""), "");
  EXPECT_EQ(answer(name, "101"),
            refusal(name, "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"));
  EXPECT_EQ(answer(name, "1  2"), refusal(name, "Invalid latency-tracking-info-percentiles parameters"));
}

TEST(NotifyOption, ListsItsLettersAsRedisDoes) {
  const View name = "notify-keyspace-events";
  EXPECT_EQ(after(name, "KEA"), "AKE");
  EXPECT_EQ(after(name, "AKE$"), "AKE");
  EXPECT_EQ(after(name, "g$lshzxeKtdmnE"), "AnKEm");
  EXPECT_EQ(after(name, "Kxe"), "xeK");
  EXPECT_EQ(after(name, "nKEdm"), "dnKEm");
  EXPECT_EQ(answer(name, "q"), refusal(name, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."));
}

TEST(TextOption, WithARuleStatesIt) {
  EXPECT_EQ(answer("proc-title-template", "{foo}"),
            refusal("proc-title-template", "template format is invalid or contains unknown variables"));
  EXPECT_EQ(answer("proc-title-template", ""),
            refusal("proc-title-template", "template format is invalid or contains unknown variables"));
  EXPECT_EQ(after("proc-title-template", "{title} {port}"), "{title} {port}");
  EXPECT_EQ(answer("cluster-announce-hostname", "a_b"),
            refusal("cluster-announce-hostname",
                    "Hostnames may only contain alphanumeric characters, hyphens or dots"));
  EXPECT_EQ(answer("oom-score-adj-values", "1 2"),
            refusal("oom-score-adj-values", "wrong number of arguments"));
  EXPECT_EQ(answer("oom-score-adj-values", "0 200 9999"),
            refusal("oom-score-adj-values",
                    "Invalid oom-score-adj-values, elements must be between -2000 and 2000."));
  Settings settings;
  EXPECT_EQ(start_with(settings, "dbfilename", {"a/b"}).message(),
            "dbfilename can't be a path, just a filename");
  EXPECT_EQ(start_with(settings, "appenddirname", {"a/b"}).message(),
            "appenddirname can't be a path, just a dirname");
}

TEST(DirOption, BecomesAnAbsolutePathOfAFolderThatExists) {
  Settings settings;
  EXPECT_EQ(start_with(settings, "dir", {"/nonexistent"}).message(), "No such file or directory");
  ASSERT_TRUE(start_with(settings, "dir", {"/usr/../"}).ok());
  EXPECT_EQ(settings.process.dir, "/");
}

TEST(DatabasesOption, AllowsAsManyAsTheirNumbersCanTell) {
  Settings settings;
  EXPECT_TRUE(start_with(settings, "databases", {"65535"}).ok());
  EXPECT_EQ(start_with(settings, "databases", {"65536"}).message(),
            "argument must be between 1 and 65535 inclusive");
}

TEST(ConfigSet, RefusesUnknownOptionsFirst) {
  EXPECT_EQ(answer("foo", "bar"), "Unknown option or number of arguments for CONFIG SET - 'foo'");
  EXPECT_EQ(answer("", "x"), "Unknown option or number of arguments for CONFIG SET - ''");
  EXPECT_EQ(answer("rename-command", "GET x"),
            "Unknown option or number of arguments for CONFIG SET - 'rename-command'");
  EXPECT_EQ(try_set({}, {{"maxclients", "100"}, {"foo", "2"}}).message(),
            "Unknown option or number of arguments for CONFIG SET - 'foo'");
  EXPECT_EQ(try_set({}, {{"hz", "y"}, {"maxclients", "x"}, {"databases", "4"}}).message(),
            refusal("databases", "can't set immutable config"));
  EXPECT_EQ(try_set({}, {{"maxclients", "x"}, {"hz", "y"}}).message(),
            refusal("maxclients", "argument couldn't be parsed into an integer"));
}

TEST(ConfigSet, RefusesTheSameNameTwiceButNotItsAlias) {
  EXPECT_EQ(try_set({}, {{"maxclients", "1"}, {"MAXCLIENTS", "2"}}).message(),
            refusal("MAXCLIENTS", "duplicate parameter"));
  const auto changed = try_set({}, {{"hash-max-listpack-entries", "5"}, {"hash-max-ziplist-entries", "6"}});
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(value_of(changed.value(), "hash-max-listpack-entries"), "6");
}

TEST(ConfigSet, AllowsProtectedOptionsToWhomTheConfigurationSays) {
  Settings settings;
  for (const auto& [permission, local, remote] : {std::tuple{Permission::kNo, false, false},
                                                  {Permission::kYes, true, true},
                                                  {Permission::kLocal, true, false}}) {
    settings.security.protected_configs = permission;
    EXPECT_EQ(try_set(settings, {{"dir", "/"}}, Caller::kLocal).ok(), local);
    EXPECT_EQ(try_set(settings, {{"dir", "/"}}, Caller::kRemote).ok(), remote);
  }
}

TEST(ConfigSet, RefusesWhatWouldMakeAUserBelieveHisDataIsSafe) {
  EXPECT_THAT(answer("appendonly", "yes"), HasSubstr("the data would be lost"));
  EXPECT_EQ(answer("appendonly", "no"), "OK");
  Settings settings;
  EXPECT_FALSE(start_with(settings, "replicaof", {"127.0.0.1", "6379"}).ok());
  EXPECT_TRUE(start_with(settings, "replicaof", {"no", "one"}).ok());
  EXPECT_FALSE(start_with(settings, "cluster-enabled", {"yes"}).ok());
  EXPECT_FALSE(start_with(settings, "tls-port", {"6380"}).ok());
  EXPECT_FALSE(start_with(settings, "loadmodule", {"x.so"}).ok());
  EXPECT_FALSE(start_with(settings, "user", {"bob", "on"}).ok());
}

TEST(ConfigSet, WarnsOfAnOptionWithoutEffectOnlyIfItIsNotTheDefault) {
  Warnings warnings;
  const std::vector<Assignment> assignments = {{"hz", "10"}, {"io-threads-do-reads", "no"}, {"save", "60 1"}};
  ASSERT_FALSE(config_set({}, assignments, Caller::kLocal, warnings).ok());
  EXPECT_THAT(warnings, IsEmpty());
  ASSERT_TRUE(
      config_set({}, std::vector<Assignment>{{"hz", "10"}, {"save", "60 1"}}, Caller::kLocal, warnings).ok());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("save is accepted but has no effect: nothing is saved yet")));
}

TEST(ConfigGet, MatchesPatternsInAnyCase) {
  const View pattern = "HZ*";
  EXPECT_THAT(config_get({}, {&pattern, 1}), ElementsAre(Pair("hz", "10")));
}

TEST(ConfigGet, EchoesANameAsItWasAsked) {
  const View name = "MaxClients";
  EXPECT_THAT(config_get({}, {&name, 1}), ElementsAre(Pair("MaxClients", "10000")));
}

TEST(ConfigGet, ListsEachNameOnceAndHiddenOnesNever) {
  const std::vector<View> patterns = {"?z", "[ht]z", "hz", "rename-command", "loadmodule", "nosuch"};
  EXPECT_THAT(config_get({}, patterns), ElementsAre(Pair("hz", "10")));
}

TEST(ConfigGet, ListsAliasesWithTheSameValue) {
  const auto changed = try_set({}, {{"hash-max-ziplist-value", "5"}});
  const View pattern = "hash-max-*-value";
  EXPECT_THAT(config_get(changed.value(), {&pattern, 1}),
              ElementsAre(Pair("hash-max-listpack-value", "5"), Pair("hash-max-ziplist-value", "5")));
}

TEST(RenamedCommands, AreKeptInTheirOrder) {
  Settings settings;
  ASSERT_TRUE(start_with(settings, "rename-command", {"CONFIG", ""}).ok());
  ASSERT_TRUE(start_with(settings, "rename-command", {"GET", "fetch"}).ok());
  EXPECT_THAT(settings.security.renamed_commands, ElementsAre(Pair("CONFIG", ""), Pair("GET", "fetch")));
  EXPECT_FALSE(start_with(settings, "rename-command", {"GET"}).ok());
}

TEST(Sensitive, AreThePasswords) {
  EXPECT_TRUE(is_sensitive("RequirePass"));
  EXPECT_TRUE(is_sensitive("masterauth"));
  EXPECT_FALSE(is_sensitive("port"));
  EXPECT_FALSE(is_sensitive("nosuch"));
}

TEST(MemoryText, IsReadBackExactly) {
  for (const std::uint64_t bytes :
       {0ULL, 1ULL, 1000ULL, 1024ULL, 64ULL << 20, 3ULL << 30, 18446744073709551615ULL}) {
    EXPECT_EQ(parse_memory(format_memory(bytes)), bytes);
  }
  EXPECT_EQ(format_memory(64 * kMiB), "64mb");
}

}  // namespace
}  // namespace shoal::config
