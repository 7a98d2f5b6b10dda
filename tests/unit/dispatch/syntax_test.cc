#include "server/commands/syntax.h"

#include <gtest/gtest.h>

namespace shoal::commands {
namespace {

// An argument as a line: name:type, its token, its flags and what is inside.
std::string text_of(const std::vector<Argument>& arguments);

std::string text_of(const Argument& argument) {
  std::string text = argument.name + ":" + std::string(argument_type_name(argument.type));
  if (!argument.token.empty()) text += "=" + argument.token;
  if (!argument.since.empty()) text += "@" + argument.since;
  if (!argument.deprecated_since.empty()) text += "@-" + argument.deprecated_since;
  if (argument.is_optional) text += "?";
  if (argument.is_multiple) text += argument.repeats_token ? "**" : "*";
  if (!argument.arguments.empty()) text += "(" + text_of(argument.arguments) + ")";
  return text;
}

std::string text_of(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) text += (text.empty() ? "" : " ") + text_of(argument);
  return text;
}

std::string parsed(View syntax) {
  const auto arguments = parse_syntax(syntax);
  return arguments.ok() ? text_of(arguments.value()) : "failed: " + arguments.message();
}

TEST(Syntax, ReadsPlainArgumentsWithTheTypesTheirNamesTell) {
  EXPECT_EQ(parsed("key value"), "key:key value:string");
  EXPECT_EQ(parsed("key seconds"), "key:key seconds:integer");
  EXPECT_EQ(parsed("key1 key2"), "key1:key key2:key");
  EXPECT_EQ(parsed("pattern"), "pattern:pattern");
  EXPECT_EQ(parsed(""), "");
}

TEST(Syntax, ReadsAnOptionalArgument) {
  EXPECT_EQ(parsed("[message]"), "message:string?");
}

TEST(Syntax, GivesATokenTheArgumentBehindIt) {
  EXPECT_EQ(parsed("[MATCH pattern] [COUNT count]"), "pattern:pattern=MATCH? count:integer=COUNT?");
}

TEST(Syntax, ReadsATokenAloneAsItself) {
  EXPECT_EQ(parsed("[REPLACE]"), "replace:pure-token=REPLACE?");
}

TEST(Syntax, ReadsAlternatives) {
  EXPECT_EQ(parsed("[NX | XX]"), "nx_xx:oneof?(nx:pure-token=NX xx:pure-token=XX)");
  EXPECT_EQ(parsed("<ON | OFF>"), "on_off:oneof(on:pure-token=ON off:pure-token=OFF)");
  EXPECT_EQ(parsed("[EX seconds | PXAT unix-time-milliseconds | KEEPTTL]"),
            "seconds_unix-time-milliseconds_keepttl:oneof?(seconds:integer=EX "
            "unix-time-milliseconds:unix-time=PXAT "
            "keepttl:pure-token=KEEPTTL)");
}

TEST(Syntax, ReadsARepeatedArgumentOnce) {
  EXPECT_EQ(parsed("key [key ...]"), "key:key*");
  EXPECT_EQ(parsed("key value [key value ...]"), "key_value:block*(key:key value:string)");
  EXPECT_EQ(parsed("ID client-id [client-id ...]"), "client-id:integer=ID*");
}

TEST(Syntax, ReadsAnArgumentThatMayBeMissingOrRepeated) {
  EXPECT_EQ(parsed("[section [section ...]]"), "section:string?*");
}

TEST(Syntax, GroupsWhatStandsTogetherInBrackets) {
  EXPECT_EQ(parsed("[LIMIT offset count]"), "offset_count:block=LIMIT?(offset:integer count:integer)");
  EXPECT_EQ(parsed("[COUNT count [ANY]]"), "count_any:block?(count:integer=COUNT any:pure-token=ANY?)");
}

TEST(Syntax, NamesAGroupOrAChoiceAsItSays) {
  EXPECT_EQ(parsed("[condition: NX | XX]"), "condition:oneof?(nx:pure-token=NX xx:pure-token=XX)");
  EXPECT_EQ(parsed("[id: ID client-id [client-id ...]]"), "id:block=ID?(client-id:integer*)");
  EXPECT_EQ(parsed("<parameter: parameter> ..."), "parameter:block*(parameter:string)");
  EXPECT_EQ(parsed("<ip:port | ID client-id>"),
            "ip:port_client-id:oneof(ip:port:string client-id:integer=ID)");
}

TEST(Syntax, ReadsWhatIsNotedOfAnArgument) {
  EXPECT_EQ(parsed("[GET@6.2.0] [condition: NX | XX@3.0.0]@2.6.12"),
            "get:pure-token=GET@6.2.0? condition:oneof@2.6.12?(nx:pure-token=NX xx:pure-token=XX@3.0.0)");
  EXPECT_EQ(parsed("[EX seconds@2.6.12]"), "seconds:integer=EX@2.6.12?");
  EXPECT_EQ(parsed("ip:port@2.0.0@-2.8.12"), "ip:port:string@2.0.0@-2.8.12");
  EXPECT_EQ(parsed("increment@double"), "increment:double");
  EXPECT_EQ(parsed("key@nonsense"), "failed: no version and no type: 'nonsense' at 12");
}

TEST(Syntax, RefusesBracketsThatDoNotMatch) {
  EXPECT_EQ(parsed("[key"), "failed: no ']' at 4");
  EXPECT_EQ(parsed("key]"), "failed: unexpected ']' at 3");
  EXPECT_EQ(parsed("<a | b]"), "failed: no '>' at 6");
}

}  // namespace
}  // namespace shoal::commands
