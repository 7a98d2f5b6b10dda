// The rows of every family, against what redis-server 7.0.15 says of the same commands.
#include "server/dispatch/command_facts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "server/commands/families.h"
#include "server/commands/syntax.h"

namespace shoal::dispatch {
namespace {

using Fields = std::vector<std::string>;

Fields split(const std::string& line) {
  Fields fields(1);
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::map<std::string, Fields> read_facts() {
  std::ifstream file(SHOAL_UNIT_TESTS "/dispatch/redis_7_0_commands.txt");
  std::map<std::string, Fields> facts;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    Fields fields = split(line);
    facts.emplace(fields[0], fields);
  }
  return facts;
}

std::string join(std::vector<View> words) {
  std::string text;
  for (const View word : words) text += (text.empty() ? "" : " ") + std::string(word);
  return text;
}

std::string join_sorted(std::vector<View> words) {
  std::sort(words.begin(), words.end());
  return join(std::move(words));
}

std::string spec_text(const KeySpec& spec) {
  const std::string begin = spec.begin == KeySpec::Begin::kIndex
                                ? fmt::format("index {}", spec.index)
                                : fmt::format("keyword {} {}", spec.keyword, spec.index);
  const std::string find = spec.find == KeySpec::Find::kRange
                               ? fmt::format("range {} {} 0", spec.last, spec.step)
                               : fmt::format("keynum {} {} {}", spec.count_at, spec.count_at + 1, spec.step);
  return fmt::format("{}:{}:{}", join(key_access_names(spec.access)), begin, find);
}

std::string specs_text(const Command& command) {
  std::string text;
  for (const KeySpec& spec : command.keys) {
    if (spec.begin == KeySpec::Begin::kNone) continue;
    text += (text.empty() ? "" : "; ") + spec_text(spec);
  }
  return text;
}

/// Every row, subcommands included.
std::vector<const Command*> every_row() {
  std::vector<const Command*> rows;
  for (const Family family : commands::all_families()) {
    for (const Command& command : family) {
      rows.push_back(&command);
      for (const Command& subcommand : command.subcommands) rows.push_back(&subcommand);
    }
  }
  return rows;
}

TEST(CommandRows, AgreeWithRedisInAllThatClientsReadOfThem) {
  // Of later versions of Redis, or this server's own division.
  const std::set<std::string> ours = {"client|setinfo", "client|no-touch"};
  const auto facts = read_facts();
  ASSERT_GT(facts.size(), 300u);
  for (const Command* row : every_row()) {
    const std::string name = shown_name(*row);
    if (ours.contains(name) || name.starts_with("debug|")) continue;
    SCOPED_TRACE(name);
    const auto found = facts.find(name);
    ASSERT_NE(found, facts.end());
    const Fields& fact = found->second;
    EXPECT_EQ(std::to_string(row->arity), fact[1]);
    EXPECT_EQ(join_sorted(flag_names(row->flags)), fact[2]);
    EXPECT_EQ(join_sorted(category_names(*row)), fact[4]);
    EXPECT_EQ(specs_text(*row), fact[5]);
    EXPECT_EQ(group_name(row->group), fact[6]);
    EXPECT_EQ(row->since, fact[7]);
  }
}

TEST(CommandRows, HaveASyntaxThatParses) {
  for (const Command* row : every_row()) {
    const auto arguments = commands::parse_syntax(row->syntax);
    EXPECT_TRUE(arguments.ok()) << row->name << ": " << (arguments.ok() ? "" : arguments.message());
  }
}

TEST(CommandRows, AreDescribedInALineWithoutAFullStop) {
  for (const Command* row : every_row()) {
    ASSERT_FALSE(row->summary.empty()) << row->name;
    EXPECT_FALSE(row->summary.ends_with('.')) << row->name;
  }
}

TEST(CommandRows, HaveAHandlerUnlessTheyOnlyContainOthers) {
  for (const Command* row : every_row()) {
    EXPECT_TRUE(row->handler != nullptr || row->has(kContainer)) << row->name;
  }
}

TEST(CommandRows, MayReplyLaterOnlyWhereTheySeeTheirSession) {
  for (const Command* row : every_row()) {
    EXPECT_TRUE(!row->has(kMayDefer) || row->route == Route::kAnywhere) << row->name;
  }
}

}  // namespace
}  // namespace shoal::dispatch
