#include "server/core/settings_effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/fake_process.h"

namespace shoal::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct SettingsEffects : testing::Test {
  std::string put_into_effect() {
    const Status status = core::put_into_effect(before, after, fake.process);
    return status ? "OK" : status.message();
  }

  FakeProcess fake;
  config::Settings before;
  config::Settings after;
};

TEST_F(SettingsEffects, ChangeNothingWhereNothingChanged) {
  after.process.set_proc_title = before.process.set_proc_title = false;
  after.network.timeout_seconds = 5;
  EXPECT_EQ(put_into_effect(), "OK");
  EXPECT_THAT(fake.host.calls, IsEmpty());
}

TEST_F(SettingsEffects, ListenElsewhereAndTellOfItsWarnings) {
  fake.process.program = "shoal";
  after.network.port = 7000;
  after.network.binds = {"127.0.0.1", "::1"};
  EXPECT_EQ(put_into_effect(), "OK");
  EXPECT_THAT(fake.host.calls, ElementsAre("listen 127.0.0.1,::1 7000", "title shoal 127.0.0.1:7000"));
  EXPECT_EQ(fake.logged, "a warning\n");
}

TEST_F(SettingsEffects, AreTakenBackWhenTheServerCannotListen) {
  before.process.dir = "/old";
  after.process.dir = "/new";
  after.network.port = 7000;
  after.log.level = config::LogLevel::kNothing;
  fake.host.listens = false;
  EXPECT_EQ(put_into_effect(),
            "CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check "
            "server logs.");
  EXPECT_THAT(fake.host.calls, ElementsAre("enter /new", "listen *,-::* 7000", "enter /old"));
  EXPECT_EQ(fake.logged, "Address already in use; listening as before\n");
  EXPECT_TRUE(fake.log->is_on(config::LogLevel::kDebug));
}

TEST_F(SettingsEffects, NameBindWhenOnlyAddressesChanged) {
  after.network.binds = {"192.0.2.1"};
  fake.host.listens = false;
  EXPECT_EQ(
      put_into_effect(),
      "CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.");
}

TEST_F(SettingsEffects, RefuseMoreClientsThanThereAreDescriptorsFor) {
  after.network.maxclients = 20'000;
  after.network.port = 7000;
  EXPECT_EQ(
      put_into_effect(),
      "CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to "
      "handle the specified number of clients, try with 964");
  EXPECT_THAT(fake.host.calls, IsEmpty());
}

TEST_F(SettingsEffects, AskForNoDescriptorsWhenFewerClientsAreAllowed) {
  before.network.maxclients = 20'000;
  after.network.maxclients = 15'000;
  EXPECT_EQ(put_into_effect(), "OK");
  EXPECT_EQ(fake.host.descriptors, 1000u);
}

TEST_F(SettingsEffects, SayWhyAFolderCannotBeEntered) {
  after.process.dir = "/new";
  fake.host.enters_folders = false;
  EXPECT_EQ(put_into_effect(), "CONFIG SET failed (possibly related to argument 'dir') - Permission denied");
}

TEST_F(SettingsEffects, ShowANewTemplateEvenWhereTheTitleWasLeftAlone) {
  before.process.set_proc_title = after.process.set_proc_title = false;
  after.process.proc_title_template = "hello";
  EXPECT_EQ(put_into_effect(), "OK");
  EXPECT_THAT(fake.host.calls, ElementsAre("title hello"));
}

TEST_F(SettingsEffects, SetTheLogsLevel) {
  after.log.level = config::LogLevel::kWarning;
  EXPECT_EQ(put_into_effect(), "OK");
  EXPECT_FALSE(fake.log->is_on(config::LogLevel::kNotice));
}

}  // namespace
}  // namespace shoal::core
