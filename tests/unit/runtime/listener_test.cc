#include "server/runtime/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace shoal::runtime {
namespace {

std::string socket_path(const char* name) {
  return testing::TempDir() + name + std::to_string(::getpid());
}

TEST(Listeners, TakeAFreePortForAllAddresses) {
  auto listening = open_listeners({.bind = {"127.0.0.1", "-::1"}, .port = ListenOptions::kAnyPort});
  ASSERT_TRUE(listening.ok()) << listening.message();
  EXPECT_GT(listening.value().port, 0u);
  EXPECT_GE(listening.value().tcp.size(), 1u);
}

TEST(Listeners, RefuseAPortInUseAndNameIt) {
  auto first = open_listeners({.bind = {"127.0.0.1"}, .port = ListenOptions::kAnyPort});
  ASSERT_TRUE(first.ok());
  auto second = open_listeners({.bind = {"127.0.0.1"}, .port = first.value().port});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.message(), "Could not create server TCP listening socket 127.0.0.1:" +
                                  std::to_string(first.value().port) + ": bind: Address already in use");
}

TEST(Listeners, PassOverAMissingAddressOnlyIfItIsMarked) {
  // 192.0.2.0/24 is reserved for documentation (RFC 5737): no machine has it.
  auto marked = open_listeners({.bind = {"127.0.0.1", "-192.0.2.1"}, .port = ListenOptions::kAnyPort});
  ASSERT_TRUE(marked.ok()) << marked.message();
  EXPECT_EQ(marked.value().tcp.size(), 1u);
  EXPECT_FALSE(open_listeners({.bind = {"192.0.2.1"}, .port = ListenOptions::kAnyPort}).ok());
}

TEST(Listeners, MayOverlapWithThoseTheyReplace) {
  auto first = open_listeners({.bind = {"127.0.0.1"}, .port = ListenOptions::kAnyPort});
  ASSERT_TRUE(first.ok());
  const std::uint32_t port = first.value().port;
  const int replaced = first.value().tcp[0].number();
  const ListenOptions everywhere = {.bind = {"*"}, .port = port};
  EXPECT_FALSE(open_tcp_listeners(everywhere, {}).ok());
  auto second = open_tcp_listeners(everywhere, {&replaced, 1});
  ASSERT_TRUE(second.ok()) << second.message();
}

TEST(Listeners, RefuseAnAddressThatIsNamedTwice) {
  auto first = open_listeners({.bind = {"127.0.0.1"}, .port = ListenOptions::kAnyPort});
  ASSERT_TRUE(first.ok());
  const int replaced = first.value().tcp[0].number();
  const ListenOptions twice = {.bind = {"127.0.0.1", "127.0.0.1"}, .port = first.value().port};
  EXPECT_FALSE(open_tcp_listeners(twice, {&replaced, 1}).ok());
}

TEST(Listeners, MayBeNoneWhenTheyAreReplaced) {
  auto none = open_tcp_listeners({.bind = {"-192.0.2.1"}, .port = 1}, {});
  ASSERT_TRUE(none.ok()) << none.message();
  EXPECT_TRUE(none.value().tcp.empty());
}

TEST(Listeners, GiveTheUnixSocketItsPermissions) {
  const std::string path = socket_path("permissions");
  auto listening = open_listeners({.unix_socket = path, .unix_permissions = 0700});
  ASSERT_TRUE(listening.ok()) << listening.message();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
  ::unlink(path.c_str());
}

TEST(Listeners, ReplaceTheUnixSocketOfAServerThatDied) {
  const std::string path = socket_path("stale");
  { ASSERT_TRUE(open_listeners({.unix_socket = path}).ok()); }
  EXPECT_TRUE(open_listeners({.unix_socket = path}).ok());
  ::unlink(path.c_str());
}

TEST(Listeners, RefuseAUnixPathThatDoesNotFit) {
  EXPECT_FALSE(open_listeners({.unix_socket = "/tmp/" + std::string(200, 'x')}).ok());
}

TEST(Listeners, WarnOfABacklogTheKernelCuts) {
  auto listening =
      open_listeners({.bind = {"127.0.0.1"}, .port = ListenOptions::kAnyPort, .backlog = 1 << 30});
  ASSERT_TRUE(listening.ok());
  ASSERT_EQ(listening.value().warnings.size(), 1u);
  EXPECT_NE(listening.value().warnings[0].find("somaxconn"), std::string::npos);
}

}  // namespace
}  // namespace shoal::runtime
