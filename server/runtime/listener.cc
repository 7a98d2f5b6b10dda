#include "server/runtime/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace shoal::runtime {
namespace {

std::string error_text(int error) {
  return std::strerror(error);
}

// One entry of `bind`.
struct BindAddress {
  std::string host;  // empty: every address
  int family = AF_UNSPEC;
  bool may_be_missing = false;
};

BindAddress parse_bind(std::string text) {
  BindAddress address;
  if (!text.empty() && text.front() == '-') {
    address.may_be_missing = true;
    text.erase(0, 1);
  }
  if (text == "*" || text == "::*") {
    address.family = text == "*" ? AF_INET : AF_INET6;
  } else {
    address.host = std::move(text);
  }
  return address;
}

bool is_unsupported(int error) {
  return error == ENOPROTOOPT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT ||
         error == EPFNOSUPPORT || error == EAFNOSUPPORT;
}

struct Attempt {
  Descriptor socket;
  int error = 0;
  const char* step = "";
};

// Linux lets sockets of one user listen on the same address if all of them say so at that moment.
void set_shared(std::span<const int> sockets, int shared) {
  for (const int socket : sockets) ::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared));
}

// Null, or the step that failed.
const char* bind_and_listen(int socket, const addrinfo& info, int backlog) {
  if (::bind(socket, info.ai_addr, info.ai_addrlen) != 0) return "bind";
  return ::listen(socket, backlog) == 0 ? nullptr : "listen";
}

Attempt listen_at(const addrinfo& info, int backlog, std::span<const int> replaced) {
  Attempt attempt;
  const auto failed = [&attempt](const char* step) {
    attempt.error = errno;
    attempt.step = step;
    return std::move(attempt);
  };
  attempt.socket = Descriptor(::socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int number = attempt.socket.number();
  if (number < 0) return failed("socket");
  const int on = 1;
  if (info.ai_family == AF_INET6) ::setsockopt(number, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (::setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return failed("setsockopt");
  const char* failed_step = bind_and_listen(number, info, backlog);
  if (failed_step != nullptr && errno == EADDRINUSE && !replaced.empty()) {
    set_shared({&number, 1}, 1);
    set_shared(replaced, 1);
    failed_step = bind_and_listen(number, info, backlog);
    const int error = errno;
    set_shared({&number, 1}, 0);
    set_shared(replaced, 0);
    errno = error;
  }
  return failed_step == nullptr ? std::move(attempt) : failed(failed_step);
}

std::uint32_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

Status listen_tcp(const std::string& bind, const ListenOptions& options, std::span<const int> replaced,
                  Listening& listening) {
  const BindAddress address = parse_bind(bind);
  addrinfo hints{};
  hints.ai_family = address.family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  // With a free port wanted, the first socket chooses it and the others follow.
  const std::uint32_t port = options.port == ListenOptions::kAnyPort ? listening.port : options.port;
  const std::string what = (address.host.empty() ? bind : address.host) + ":" + std::to_string(port);
  const int failure = ::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                    std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) {
    if (address.may_be_missing) return success();
    return Failure{"Could not create server TCP listening socket " + what + ": " + ::gai_strerror(failure)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Attempt attempt;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    attempt = listen_at(*info, options.backlog, replaced);
    if (attempt.error == 0) {
      listening.port = port_of(attempt.socket.number());
      listening.tcp.push_back(std::move(attempt.socket));
      return success();
    }
  }
  const std::string text = "Could not create server TCP listening socket " + what + ": " + attempt.step +
                           ": " + error_text(attempt.error);
  if ((address.may_be_missing && attempt.error == EADDRNOTAVAIL) || is_unsupported(attempt.error)) {
    listening.warnings.push_back(text);
    return success();
  }
  return Failure{text};
}

Status listen_unix(const ListenOptions& options, Listening& listening) {
  const std::string& path = options.unix_socket;
  const auto failed = [&path](const std::string& why) {
    return Failure{"Failed opening Unix socket " + path + ": " + why};
  };
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) return failed("the path is too long");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ::unlink(path.c_str());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.number() < 0 ||
      ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      (options.unix_permissions && ::chmod(path.c_str(), *options.unix_permissions) != 0) ||
      ::listen(socket.number(), options.backlog) != 0) {
    return failed(error_text(errno));
  }
  listening.unix_socket = std::move(socket);
  return success();
}

void warn_of_short_backlog(int backlog, Listening& listening) {
  std::ifstream file("/proc/sys/net/core/somaxconn");
  int most = 0;
  if (!(file >> most) || most >= backlog) return;
  listening.warnings.push_back(
      "The TCP backlog setting of " + std::to_string(backlog) +
      " cannot be enforced because /proc/sys/net/core/somaxconn is set to the lower value of " +
      std::to_string(most));
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Result<Listening> open_tcp_listeners(const ListenOptions& options, std::span<const int> replaced) {
  Listening listening;
  if (options.port == 0) return listening;
  warn_of_short_backlog(options.backlog, listening);
  for (auto bind = options.bind.begin(); bind != options.bind.end(); ++bind) {
    // Beside a socket that is replaced the kernel would let us listen twice on one address.
    if (std::find(options.bind.begin(), bind, *bind) != bind) {
      return Failure{"Could not create server TCP listening socket " + *bind + ":" +
                     std::to_string(options.port) + ": bind: " + error_text(EADDRINUSE)};
    }
    Status status = listen_tcp(*bind, options, replaced, listening);
    if (!status.ok()) return status.failure();
  }
  return listening;
}

Result<Listening> open_listeners(const ListenOptions& options) {
  auto opened = open_tcp_listeners(options, {});
  if (!opened.ok()) return opened;
  Listening listening = std::move(opened).value();
  if (listening.tcp.empty() && options.port != 0 && options.unix_socket.empty()) {
    return Failure{"Failed listening on port " + std::to_string(options.port) +
                   " (tcp): no address to listen on"};
  }
  if (!options.unix_socket.empty()) {
    Status status = listen_unix(options, listening);
    if (!status.ok()) return status.failure();
  }
  return listening;
}

}  // namespace shoal::runtime
