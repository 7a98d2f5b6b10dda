// What the kernel tells about a connected socket, as Redis writes it. A system call each.
#pragma once

#include <string>

namespace shoal::runtime {

/// "127.0.0.1:6379", "[::1]:6379", "/path:0" for a unix socket; "?:0" when the kernel does not say.
std::string peer_name(int socket);
std::string local_name(int socket);
bool is_unix_socket(int socket);
/// A unix socket, or a peer in 127.0.0.0/8 (also as a mapped IPv6 address) or ::1.
bool has_loopback_peer(int socket);
/// Probes after `seconds` of silence, then three of them within as long again; 0: none. Nothing on unix
/// sockets.
void set_socket_keepalive(int socket, int seconds);
void set_socket_no_delay(int socket);

}  // namespace shoal::runtime
