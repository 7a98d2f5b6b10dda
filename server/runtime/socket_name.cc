#include "server/runtime/socket_name.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

namespace shoal::runtime {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);
  bool known = false;

  const sockaddr_in& v4() const { return reinterpret_cast<const sockaddr_in&>(storage); }
  const sockaddr_in6& v6() const { return reinterpret_cast<const sockaddr_in6&>(storage); }
  const sockaddr_un& unix_path() const { return reinterpret_cast<const sockaddr_un&>(storage); }
};

Address peer_of(int socket) {
  Address address;
  address.known = ::getpeername(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.length) == 0;
  return address;
}

Address local_of(int socket) {
  Address address;
  address.known = ::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.length) == 0;
  return address;
}

std::string text_of(const Address& address) {
  char host[INET6_ADDRSTRLEN] = "";
  switch (address.known ? address.storage.ss_family : AF_UNSPEC) {
    case AF_INET:
      ::inet_ntop(AF_INET, &address.v4().sin_addr, host, sizeof(host));
      return std::string(host) + ":" + std::to_string(ntohs(address.v4().sin_port));
    case AF_INET6:
      ::inet_ntop(AF_INET6, &address.v6().sin6_addr, host, sizeof(host));
      return "[" + std::string(host) + "]:" + std::to_string(ntohs(address.v6().sin6_port));
    case AF_UNIX: return std::string(address.unix_path().sun_path) + ":0";
    default: return "?:0";
  }
}

void set_option(int socket, int level, int option, int value) {
  // Failure means a socket that has gone, or a kernel without the option: neither is worth a word.
  ::setsockopt(socket, level, option, &value, sizeof(value));
}

}  // namespace

// The client's end of a unix socket has no name; Redis shows the server's path for both.
std::string peer_name(int socket) {
  return is_unix_socket(socket) ? local_name(socket) : text_of(peer_of(socket));
}
std::string local_name(int socket) {
  return text_of(local_of(socket));
}

bool is_unix_socket(int socket) {
  const Address address = local_of(socket);
  return address.known && address.storage.ss_family == AF_UNIX;
}

bool has_loopback_peer(int socket) {
  const Address address = peer_of(socket);
  if (!address.known) return false;
  switch (address.storage.ss_family) {
    case AF_UNIX: return true;
    case AF_INET: return ntohl(address.v4().sin_addr.s_addr) >> 24 == 127;
    case AF_INET6: {
      const in6_addr& host = address.v6().sin6_addr;
      return IN6_IS_ADDR_LOOPBACK(&host) || (IN6_IS_ADDR_V4MAPPED(&host) && host.s6_addr[12] == 127);
    }
    default: return false;
  }
}

void set_socket_keepalive(int socket, int seconds) {
  if (is_unix_socket(socket)) return;
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, seconds > 0 ? 1 : 0);
  if (seconds <= 0) return;
  constexpr int kProbes = 3;
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, std::max(seconds / kProbes, 1));
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

void set_socket_no_delay(int socket) {
  // Fails on a unix socket, which has no such delay.
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
}

}  // namespace shoal::runtime
