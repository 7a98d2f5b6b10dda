#include "tests/unit/runtime/line_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <utility>

namespace shoal::runtime {

// ---- LineCore and Server

WireEvents* LineCore::on_accept(Wire& wire) {
  counters_.accepted.fetch_add(1);
  counters_.core_mask.fetch_or(1u << runtime_.core());
  if (on_client) on_client(wire);
  if (refuse_clients) return nullptr;
  connections_.push_back(std::make_unique<LineConnection>(wire, counters_));
  return connections_.back().get();
}

HostOptions local_options(CoreId core_count) {
  HostOptions options;
  options.core_count = core_count;
  options.listen.bind = {"127.0.0.1"};
  options.listen.port = ListenOptions::kAnyPort;
  return options;
}

Server::Server(const HostOptions& options) {
  auto made = RingHost::create(options);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.message());
  host = std::move(made).value();
  for (CoreId core = 0; core < options.core_count; ++core) {
    cores.push_back(std::make_unique<LineCore>(host->runtime(core), counters));
  }
}

void Server::start() {
  std::vector<CoreLogic*> logics;
  for (const auto& core : cores) logics.push_back(core.get());
  host->start(logics);
}

void Server::stop() {
  host->stop();
  host->join();
}

// ---- Client

Client::Client(int family) : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  EXPECT_GE(socket_, 0);
}

Client Client::of_port(std::uint32_t port) {
  Client client(AF_INET);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(client.socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return client;
}

Client Client::of_port_6(std::uint32_t port) {
  Client client(AF_INET6);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  EXPECT_EQ(::connect(client.socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return client;
}

Client Client::of_path(const std::string& path) {
  Client client(AF_UNIX);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  EXPECT_EQ(::connect(client.socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return client;
}

Client::Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

void Client::write(View bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string Client::read(std::size_t count) const {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t got = ::recv(socket_, bytes.data() + have, count - have, 0);
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

void Client::end_writing() const {
  ::shutdown(socket_, SHUT_WR);
}

void expect_soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); ++i) ::usleep(1000);
  EXPECT_TRUE(condition());
}

}  // namespace shoal::runtime
