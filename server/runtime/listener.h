// Listening sockets: TCP over IPv4 and IPv6 as Redis' `bind` and `port` describe them, and a unix socket.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/result.h"

namespace shoal::runtime {

/// A file descriptor that is closed when this goes.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int number() const { return number_; }
  int release() {
    const int number = number_;
    number_ = -1;
    return number;
  }

 private:
  int number_;
};

struct ListenOptions {
  /// Addresses as in Redis: "*" every IPv4 address, "::*" every IPv6 address, a leading '-' for one that may
  /// be missing.
  std::vector<std::string> bind = {"*", "-::*"};
  /// 0: no TCP. kAnyPort: a free one, for tests.
  std::uint32_t port = 0;
  std::string unix_socket = {};                   // a path; empty: none. An old socket at the path is removed
  std::optional<unsigned> unix_permissions = {};  // as for chmod; none: what the umask leaves
  int backlog = 511;

  static constexpr std::uint32_t kAnyPort = 1 << 16;
};

struct Listening {
  std::vector<Descriptor> tcp;
  Descriptor unix_socket;
  std::uint32_t port = 0;             // the port in use, 0 without TCP
  std::vector<std::string> warnings;  // sentences for the log
};

/// Opens everything or nothing. A port without any address is a failure, unless there is a unix socket.
Result<Listening> open_listeners(const ListenOptions& options);

/// The TCP sockets alone, which may be none. `replaced` are listening sockets of this process that the caller
/// closes if this succeeds: the new ones may overlap with them.
Result<Listening> open_tcp_listeners(const ListenOptions& options, std::span<const int> replaced);

}  // namespace shoal::runtime
