#include "server/core/client_room.h"

#include <gtest/gtest.h>

#include "tests/unit/server/fake_process.h"

namespace shoal::core {
namespace {

std::int64_t make_room(FakeProcess& fake, std::int64_t clients) {
  return make_room_for_clients(clients, fake.process.node.core_count(), fake.host, *fake.log);
}

TEST(ClientRoom, IsThereWithoutAWordWhereTheLimitIsHighEnough) {
  FakeProcess fake;
  EXPECT_EQ(make_room(fake, 900), 900);
  EXPECT_EQ(fake.logged, "");
}

TEST(ClientRoom, IsMadeByRaisingTheLimit) {
  FakeProcess fake;
  fake.host.descriptors_max = 20'000;
  EXPECT_EQ(make_room(fake, 10'000), 10'000);
  EXPECT_GT(fake.host.descriptors, 10'000u);
  EXPECT_EQ(fake.logged,
            "Raised the limit of open descriptors from 1000 to 10036, to have room for 10000 clients\n");
}

TEST(ClientRoom, IsWhatTheSystemLeavesBesideTheServersOwnDescriptors) {
  FakeProcess fake;
  EXPECT_EQ(make_room(fake, 10'000), 964);
  EXPECT_NE(fake.logged.find("At most 964 clients"), std::string::npos) << fake.logged;
  EXPECT_EQ(make_room(fake, 964), 964) << "which may then be asked for";
}

TEST(ClientRoom, MayBeNone) {
  FakeProcess fake;
  fake.host.descriptors = fake.host.descriptors_max = 20;
  EXPECT_LE(make_room(fake, 10), 0);
}

}  // namespace
}  // namespace shoal::core
