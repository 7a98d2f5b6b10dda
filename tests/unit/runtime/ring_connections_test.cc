// How connections begin and end in the real runtime.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "tests/unit/runtime/line_server.h"

namespace shoal::runtime {
namespace {

TEST(RingConnections, AnswersAClientThatHasEndedItsSide) {
  Server server;
  server.start();
  const Client client = Client::of_port(server.host->port());
  client.write("echo\nlast words");
  client.end_writing();
  EXPECT_EQ(client.read(100), "last words");
  expect_soon([&] { return server.counters.closed == 1; });
}

TEST(RingConnections, ClosesWhileASendWaitsForItsReader) {
  Server server;
  server.start();
  const Client client = Client::of_port(server.host->port());
  client.write("flood-close 50000000\n");
  expect_soon([&] { return server.counters.closed == 1; });
  EXPECT_LT(client.read(50'000'000).size(), 50'000'000u);
}

TEST(RingConnections, ForgetsClientsThatVanish) {
  Server server(local_options(2));
  server.start();
  {
    std::vector<Client> clients;
    for (int i = 0; i < 30; ++i) clients.push_back(Client::of_port(server.host->port()));
    for (const Client& client : clients) client.write("flood 1000000\n");
    expect_soon([&] { return server.counters.accepted == 30; });
  }
  expect_soon([&] { return server.counters.closed == 30; });
  expect_soon([&] { return server.host->runtime(0).wire_count() == 0; });
}

TEST(RingConnections, ClosesAtOnceWhoItDoesNotWant) {
  Server server;
  server.cores[0]->refuse_clients = true;
  server.start();
  const Client client = Client::of_port(server.host->port());
  EXPECT_EQ(client.read(1), "");
}

TEST(RingConnections, SpreadsManyConnectionsOverTheCores) {
  for (const Doorbell doorbell : {Doorbell::kMessageRing, Doorbell::kEventfd}) {
    HostOptions options = local_options(3);
    options.ring.doorbell = doorbell;
    Server server(options);
    server.start();
    std::vector<Client> clients;
    for (int i = 0; i < 300; ++i) clients.push_back(Client::of_port(server.host->port()));
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].write("echo\n" + std::to_string(1000 + i));
    for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i].read(4), std::to_string(1000 + i));
    EXPECT_EQ(server.counters.core_mask, 0b111u);
    EXPECT_EQ(server.host->runtime(0).wire_count(), 300u);
  }
}

// The names of both ends, as the server's side sees them.
struct Ends {
  std::string peer;
  std::string local;
};

// Connects one client, and takes the names of its wire's ends.
Ends ends_of_one_wire(Server& server, Client (*connect)(std::uint32_t port)) {
  std::promise<Ends> seen;
  server.cores[0]->on_client = [&seen](const Wire& wire) {
    EXPECT_TRUE(wire.is_loopback());
    EXPECT_FALSE(wire.is_unix());
    seen.set_value({wire.peer_name(), wire.local_name()});
  };
  server.start();
  const Client client = connect(server.host->port());
  client.write("echo\nhere");
  EXPECT_EQ(client.read(4), "here");
  return seen.get_future().get();
}

// An address of this machine that only it can reach.
struct Loopback {
  const char* family;
  std::string bind;
  std::string shown;
  Client (*connect)(std::uint32_t port);
};

// That of IPv4, and that of IPv6 if this machine has one.
std::vector<Loopback> loopbacks() {
  std::vector<Loopback> all = {{"IPv4", "127.0.0.1", "127.0.0.1:", Client::of_port}};
  ListenOptions six = local_options().listen;
  six.bind = {"::1"};
  if (open_listeners(six).ok()) all.push_back({"IPv6", "::1", "[::1]:", Client::of_port_6});
  return all;
}

class RingLoopbacks : public ::testing::TestWithParam<Loopback> {};

TEST_P(RingLoopbacks, ServeClientsAndNameThemAsRedisDoes) {
  const Loopback& loopback = GetParam();
  HostOptions options = local_options();
  options.listen.bind = {loopback.bind};
  Server server(options);
  const Ends ends = ends_of_one_wire(server, loopback.connect);
  EXPECT_TRUE(ends.peer.starts_with(loopback.shown)) << ends.peer;
  EXPECT_EQ(ends.local, loopback.shown + std::to_string(server.host->port()));
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, RingLoopbacks, ::testing::ValuesIn(loopbacks()),
                         [](const auto& instance) { return instance.param.family; });

TEST(RingConnections, OneServerServesEveryFamilyOnOnePort) {
  HostOptions options = local_options();
  options.listen.bind.clear();
  for (const Loopback& loopback : loopbacks()) options.listen.bind.push_back(loopback.bind);
  Server server(options);
  server.start();
  for (const Loopback& loopback : loopbacks()) {
    const Client client = loopback.connect(server.host->port());
    client.write("echo\nhello");
    EXPECT_EQ(client.read(5), "hello") << loopback.family;
  }
}

// While it lives, this process gets no new descriptor; those it has go on.
class DescriptorShortage {
 public:
  DescriptorShortage() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~DescriptorShortage() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;

 private:
  rlimit before_{};
};

// The sanitizer of undefined behaviour, which comes along with that of addresses, needs descriptors itself.
#ifndef __SANITIZE_ADDRESS__
TEST(RingConnections, AcceptingPausesWithoutDescriptorsAndGoesOnWhenThereAreSome) {
  using std::chrono::steady_clock;
  Server server;
  std::atomic<int> turns{0};
  server.cores[0]->on_turn = [&turns] {
    ++turns;
    return TurnResult{};
  };
  // In the backlog, as the server listens but has not started.
  const Client client = Client::of_port(server.host->port());
  client.write("echo\nat last");
  {
    const DescriptorShortage shortage;
    const auto start = steady_clock::now();
    server.start();
    // One turn tries to accept, the next sees that it failed and asks for a third in a tenth of a second.
    expect_soon([&] { return turns >= 5; });
    EXPECT_GE(steady_clock::now() - start, std::chrono::milliseconds(150)) << "it spins";
    EXPECT_EQ(server.counters.accepted, 0u);
  }
  EXPECT_EQ(client.read(7), "at last");
  server.stop();
}
#endif

}  // namespace
}  // namespace shoal::runtime
