#include "server/dispatch/command_table.h"

#include <gtest/gtest.h>

#include <string>

#include "server/commands/families.h"

namespace shoal::dispatch {
namespace {

void nothing(Context&) {}

constexpr Command row(View name, std::uint32_t flags = 0, std::span<const Command> subcommands = {}) {
  Command command{};
  command.name = name;
  command.arity = -1;
  command.flags = flags;
  command.handler = nothing;
  command.subcommands = subcommands;
  return command;
}

constexpr Command kBoxRows[] = {row("BOX|OPEN"), row("BOX|SHUT")};
constexpr Command kFirst[] = {row("A"),
                              row("GET"),
                              row("GETS"),
                              row("GETSETGO"),
                              row("GETSETGOX"),
                              row("GETSETGONOWANDTHEN"),
                              row("BOX", kContainer, kBoxRows)};
constexpr Command kSecond[] = {row("SET"), row("AB"), row("Z[")};

class CommandTableTest : public testing::Test {
 protected:
  View found(std::vector<View> args) {
    const Command* command = table_.find(args);
    return command == nullptr ? "none" : command->name;
  }
  const Family families_[2] = {kFirst, kSecond};
  CommandTable table_{families_};
};

TEST_F(CommandTableTest, FindsNamesOfAnyLengthInAnyCase) {
  EXPECT_EQ(found({"a"}), "A");
  EXPECT_EQ(found({"GET", "k"}), "GET");
  EXPECT_EQ(found({"get"}), "GET");
  EXPECT_EQ(found({"gEtS"}), "GETS");
  EXPECT_EQ(found({"GetSetGo"}), "GETSETGO");
  EXPECT_EQ(found({"getsetgox"}), "GETSETGOX");
  EXPECT_EQ(found({"getsetgoNOWandthen"}), "GETSETGONOWANDTHEN");
}

TEST_F(CommandTableTest, RefusesNamesThatAreNotQuiteRight) {
  for (const View name : {"", "G", "GE", "GETX", "GES", "GETSETG", "GETSETGOY", "GETSETGONOWANDTHEM",
                          "GETSETGONOWANDTHENX", "Z{", "\xe1"}) {
    EXPECT_EQ(found({name}), "none") << name;
  }
  EXPECT_EQ(found({View("GET\0", 4)}), "none");
  EXPECT_EQ(found({View("\0", 1)}), "none");
  EXPECT_EQ(found({std::string(100000, 'G')}), "none");
}

TEST_F(CommandTableTest, ResolvesAContainersSubcommand) {
  EXPECT_EQ(found({"box", "open"}), "BOX|OPEN");
  EXPECT_EQ(found({"BOX", "Shut", "x"}), "BOX|SHUT");
  EXPECT_EQ(found({"BOX"}), "BOX");
  EXPECT_EQ(found({"BOX", "ope"}), "none");
  EXPECT_EQ(found({"BOX", ""}), "none");
  EXPECT_EQ(found({"BOX|OPEN"}), "none");
}

TEST_F(CommandTableTest, FindsANameWithItsSubcommandBehindABar) {
  EXPECT_EQ(table_.find_name("box|shut"), &kBoxRows[1]);
  EXPECT_EQ(table_.find_name("BOX"), &kFirst[6]);
  EXPECT_EQ(table_.find_name("BOX|"), nullptr);
  EXPECT_EQ(table_.find_name("get|open"), nullptr);
  EXPECT_EQ(table_.find_name("nope|open"), nullptr);
}

TEST_F(CommandTableTest, NumbersEveryRowOnce) {
  ASSERT_EQ(table_.row_count(), 12u);
  for (std::size_t i = 0; i < table_.row_count(); ++i) EXPECT_EQ(table_.index_of(table_.row(i)), i);
  EXPECT_EQ(table_.commands().size(), 10u);
}

TEST_F(CommandTableTest, ARenamedCommandAnswersOnlyToItsNewName) {
  ASSERT_TRUE(table_.rename("get", "fetch").ok());
  EXPECT_EQ(found({"GET"}), "none");
  EXPECT_EQ(found({"FETCH"}), "GET");
  EXPECT_EQ(table_.commands().size(), 10u);
  ASSERT_TRUE(table_.rename("fetch", "GET").ok());
  EXPECT_EQ(found({"GET"}), "GET");
}

TEST_F(CommandTableTest, ACommandRenamedToNothingIsGone) {
  ASSERT_TRUE(table_.rename("SET", "").ok());
  EXPECT_EQ(found({"SET"}), "none");
  EXPECT_EQ(table_.commands().size(), 9u);
  EXPECT_EQ(table_.rename("SET", "X").message(), "No such command in rename-command");
}

TEST_F(CommandTableTest, NoCommandTakesAnothersName) {
  EXPECT_EQ(table_.rename("SET", "get").message(), "Target command name already exists");
  EXPECT_EQ(found({"SET"}), "SET");
}

TEST(CommandTable, GrowsWithItsRows) {
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i) names.push_back("COMMAND" + std::to_string(i));
  std::vector<Command> rows;
  for (const std::string& name : names) rows.push_back(row(name));
  const Family family(rows);
  const CommandTable table({&family, 1});
  for (const Command& command : rows) ASSERT_EQ(table.find_name(command.name), &command);
  EXPECT_EQ(table.find_name("COMMAND3000"), nullptr);
}

TEST(CommandTable, EveryFamilyFitsIn) {
  const std::vector<Family> families = commands::all_families();
  const CommandTable table(families);
  for (std::size_t i = 0; i < table.row_count(); ++i) {
    const Command& command = table.row(i);
    EXPECT_EQ(table.find_name(command.name), &command);
    EXPECT_TRUE(command.handler != nullptr || command.has(kContainer)) << command.name;
    EXPECT_NE(command.arity, 0) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.since.empty()) << command.name;
    EXPECT_FALSE(command.has(kWrite) && command.has(kReadOnly)) << command.name;
    EXPECT_EQ(command.route == Route::kKeys, command.has_keys() && command.route != Route::kSession)
        << command.name;
    if (command.has_keys()) {
      EXPECT_NE(command.keys[0].access & (KeySpec::kRW | KeySpec::kRO | KeySpec::kOW | KeySpec::kRM), 0)
          << command.name;
    }
  }
}

}  // namespace
}  // namespace shoal::dispatch
