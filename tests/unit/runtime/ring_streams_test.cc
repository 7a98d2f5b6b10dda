// Bytes through the real runtime: everything arrives, once, in order, however the kernel cuts it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <string>
#include <vector>

#include "tests/unit/runtime/line_server.h"

namespace shoal::runtime {
namespace {

TEST(RingStreams, EchoesSingleBytesInOrder) {
  Server server;
  server.start();
  const Client client = Client::of_port(server.host->port());
  client.write("echo\n");
  for (const char byte : some_bytes(500)) {
    client.write(View(&byte, 1));
    EXPECT_EQ(client.read(1), std::string(1, byte));
  }
}

TEST(RingStreams, EchoesMegabytesOverTcp) {
  Server server;
  server.start();
  const Client client = Client::of_port(server.host->port());
  const std::string bytes = some_bytes(20'000'000);
  client.write("echo\n");
  auto writer = std::async(std::launch::async, [&] { client.write(bytes); });
  EXPECT_TRUE(client.read(bytes.size()) == bytes);
  writer.get();
}

TEST(RingStreams, ServesUnixSockets) {
  HostOptions options;
  options.listen.unix_socket = testing::TempDir() + "echo" + std::to_string(::getpid());
  Server server(options);
  server.start();
  const Client client = Client::of_path(options.listen.unix_socket);
  const std::string bytes = some_bytes(1'000'000);
  client.write("echo\n");
  auto writer = std::async(std::launch::async, [&] { client.write(bytes); });
  EXPECT_TRUE(client.read(bytes.size()) == bytes);
  writer.get();
  ::unlink(options.listen.unix_socket.c_str());
}

TEST(RingStreams, SendsSeveralPartsAsOneStream) {
  Server server;
  server.start();
  const Client client = Client::of_port(server.host->port());
  client.write("parts\n");
  EXPECT_EQ(client.read(13), "one two three");
}

// Fewer and smaller buffers than bytes on their way: receiving stops for want of buffers again and again, and
// goes on.
TEST(RingStreams, GoesOnWhenReceiveBuffersRanOut) {
  HostOptions options = local_options();
  options.ring.buffers = 2;
  options.ring.buffer_bytes = 512;
  Server server(options);
  server.start();
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Client::of_port(server.host->port()));
  const std::string bytes = some_bytes(50'000);
  for (const Client& client : clients) client.write("echo\n" + bytes);
  for (const Client& client : clients) EXPECT_TRUE(client.read(bytes.size()) == bytes);
}

// The span's first bytes may lie in buffers that multishot has filled before it could be cancelled, and bytes
// after the span belong to the ordinary stream again.
TEST(RingStreams, ReceivesABigArgumentStraightIntoItsPlace) {
  for (const std::size_t size : {1ul, 100ul, 16'384ul, 70'000ul, 5'000'000ul}) {
    Server server;
    server.start();
    const Client client = Client::of_port(server.host->port());
    const std::string bytes = some_bytes(size) + "and what follows";
    auto writer = std::async(std::launch::async, [&] {
      client.write("into " + std::to_string(size) + "\n" + bytes.substr(0, size / 3));
      client.write(bytes.substr(size / 3));
    });
    EXPECT_TRUE(client.read(bytes.size()) == bytes) << size;
    writer.get();
  }
}

TEST(RingStreams, SlowReaderDoesNotDelayOthers) {
  Server server;
  server.start();
  const Client slow = Client::of_port(server.host->port());
  slow.write("flood 30000000\n");
  const Client quick = Client::of_port(server.host->port());
  quick.write("echo\n");
  for (int i = 0; i < 100; ++i) {
    quick.write("ping");
    EXPECT_EQ(quick.read(4), "ping");
  }
  EXPECT_TRUE(slow.read(30'000'000) == some_bytes(30'000'000));
}

}  // namespace
}  // namespace shoal::runtime
