#include "server/dispatch/redaction.h"

#include <gtest/gtest.h>

#include "server/commands/families.h"
#include "server/dispatch/command_table.h"

namespace shoal::dispatch {
namespace {

std::string shown(const std::vector<View>& args) {
  const std::vector<Family> families = commands::all_families();
  const CommandTable table(families);
  std::string text;
  for (const View arg : without_secrets(*table.find(args), args))
    text += (text.empty() ? "" : " ") + std::string(arg);
  return text;
}

TEST(Redaction, HidesPasswords) {
  EXPECT_EQ(shown({"AUTH", "secret"}), "AUTH (redacted)");
  EXPECT_EQ(shown({"AUTH", "default", "secret"}), "AUTH (redacted) (redacted)");
  EXPECT_EQ(shown({"HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"}),
            "HELLO 3 AUTH (redacted) (redacted) SETNAME me");
}

TEST(Redaction, HidesValuesOfSensitiveOptionsOnly) {
  EXPECT_EQ(shown({"CONFIG", "SET", "timeout", "5", "RequirePass", "secret"}),
            "CONFIG SET timeout 5 RequirePass (redacted)");
}

TEST(Redaction, LeavesOtherRequestsAlone) {
  EXPECT_EQ(shown({"SET", "auth", "secret"}), "SET auth secret");
  EXPECT_EQ(shown({"HELLO", "3", "SETNAME", "me"}), "HELLO 3 SETNAME me");
}

TEST(Redaction, BearsRequestsThatAreCutShort) {
  EXPECT_EQ(shown({"HELLO", "3", "AUTH", "default"}), "HELLO 3 AUTH (redacted)");
  EXPECT_EQ(shown({"CONFIG", "SET", "requirepass"}), "CONFIG SET requirepass");
}

}  // namespace
}  // namespace shoal::dispatch
