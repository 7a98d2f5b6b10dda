// Options of the network: where clients reach the server, what each may hold, and TLS.
#include <fmt/format.h>

#include <optional>

#include "server/config/option.h"
#include "server/config/option_value.h"
#include "storage/base/ascii.h"
#include "storage/base/numbers.h"

namespace shoal::config {
namespace {

constexpr View kClassNames[kClientClassCount] = {"normal", "slave", "pubsub"};

std::optional<std::size_t> class_of(View name) {
  if (equal_ignoring_case(name, "replica")) return static_cast<std::size_t>(ClientClass::kReplica);
  for (std::size_t i = 0; i < kClientClassCount; ++i) {
    if (equal_ignoring_case(name, kClassNames[i])) return i;
  }
  return std::nullopt;
}

Status assign_output_buffer_limits(Settings& settings, std::span<const std::string> words, Phase) {
  constexpr std::size_t kWordsPerClass = 4;
  if (words.size() % kWordsPerClass != 0) {
    return Failure{"Wrong number of arguments in buffer limit configuration."};
  }
  auto limits = settings.clients.output_buffer_limits;
  for (; !words.empty(); words = words.subspan(kWordsPerClass)) {
    const auto index = class_of(words[0]);
    if (!index) return Failure{"Invalid client class specified in buffer limit configuration."};
    const auto hard = parse_memory(words[1]);
    const auto soft = parse_memory(words[2]);
    const auto seconds = parse_integer(words[3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return Failure{"Error in hard, soft or soft_seconds setting in buffer limit configuration."};
    }
    limits[*index] = {*hard, *soft, *seconds};
  }
  settings.clients.output_buffer_limits = limits;
  return success();
}

std::string format_output_buffer_limits(const Settings& settings) {
  std::string text;
  for (std::size_t i = 0; i < kClientClassCount; ++i) {
    const OutputBufferLimit& limit = settings.clients.output_buffer_limits[i];
    text += fmt::format("{}{} {} {} {}", i == 0 ? "" : " ", kClassNames[i], limit.hard_bytes,
                        limit.soft_bytes, limit.soft_seconds);
  }
  return text;
}

std::vector<std::string> output_buffer_limit_lines(const Settings& settings) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kClientClassCount; ++i) {
    const OutputBufferLimit& limit = settings.clients.output_buffer_limits[i];
    if (limit == Settings{}.clients.output_buffer_limits[i]) continue;
    lines.push_back(fmt::format("{} {} {} {}", kClassNames[i], format_memory(limit.hard_bytes),
                                format_memory(limit.soft_bytes), limit.soft_seconds));
  }
  return lines;
}

constexpr Place output_buffer_limits() {
  Place place;
  place.assign = assign_output_buffer_limits;
  place.format = format_output_buffer_limits;
  place.lines = output_buffer_limit_lines;
  return place;
}

template <auto Member>
constexpr Place net = number<&Settings::network, Member>();
template <auto Member>
constexpr Place client = number<&Settings::clients, Member>();

constexpr std::uint64_t kBindAddressesMax = 16;
constexpr Choice kTlsAuthClients[] = {{"no", 0}, {"yes", 1}, {"optional", 2}};

using N = NetworkSettings;
using C = ClientSettings;

constexpr Standing kNoTls = no_effect("there is no TLS yet");
constexpr Standing kTlsRefused = refused("TLS is not there yet, and connections would be in clear text");

// clang-format off
constexpr Option kNetworkRows[] = {
  // name                        alias  kind                           traits      standing                                                                     place
  {"bind",                       "",    addresses(kBindAddressesMax),  kAnyTime,   honoured("addresses to listen on; a leading - forgives one that is missing"), list_at<&Settings::network, &N::binds>()},
  {"port",                       "",    integer(0, 65535),             kAnyTime,   honoured("TCP port to listen on; 0 for none"),                                net<&N::port>},
  {"unixsocket",                 "",    kText,                         kAtStart,   honoured("path of a unix socket to listen on"),                               text_at<&Settings::network, &N::unixsocket>()},
  {"unixsocketperm",             "",    octal(0777),                   kAtStart,   honoured("permissions of the unix socket, octal"),                            net<&N::unixsocketperm>},
  {"tcp-backlog",                "",    integer(0, kInt32Max),         kAtStart,   honoured("connections the kernel queues before they are accepted"),           net<&N::tcp_backlog>},
  {"tcp-keepalive",              "",    integer(0, kInt32Max),         kAnyTime,   honoured("seconds between probes of an idle connection; 0 for none"),         net<&N::tcp_keepalive_seconds>},
  {"timeout",                    "",    integer(0, kInt32Max),         kAnyTime,   honoured("seconds after which an idle client is closed; 0 for never"),        net<&N::timeout_seconds>},
  {"maxclients",                 "",    integer(1, 4294967295),        kAnyTime,   honoured("clients connected at once"),                                        net<&N::maxclients>},
  {"protected-mode",             "",    kYesNo,                        kAnyTime,   honoured("without a password, serve only this machine"),                      net<&N::protected_mode>},
  {"bind-source-addr",           "",    kText,                         kAnyTime,   no_effect("the server opens no connections yet"),                             kept("")},
  {"socket-mark-id",             "",    integer(0, 4294967295),        kAtStart,   no_effect("sockets are not marked"),                                          kept("0")},
  {"max-new-connections-per-cycle", "", integer(1, 1000),              kAnyTime,   no_effect("io_uring accepts as many as arrive"),                              kept("10")},
};

constexpr Option kClientRows[] = {
  {"client-query-buffer-limit",  "",    memory(1 * kMiB, kInt64Max),   kAnyTime,   honoured("bytes of requests one client may queue"),                           client<&C::query_buffer_bytes_max>},
  {"proto-max-bulk-len",         "",    memory(1 * kMiB, kUint32Max),  kAnyTime,   honoured("bytes of one argument at most: keys' lengths have 32 bits"),                                    client<&C::proto_max_bulk_bytes>},
  {"client-output-buffer-limit", "",    kOwn,                          kAnyTime,   honoured("CLASS HARD SOFT SECONDS: replies one client may leave unread"),     output_buffer_limits()},
  {"maxmemory-clients",          "",    memory_or_percent(),           kAnyTime,   no_effect("clients are bounded one by one, not together, until eviction exists"), kept("0")},
  {"tracking-table-max-keys",    "",    integer(0, kInt64Max),         kAnyTime,   no_effect("there is no client-side caching yet"),                             kept("1000000")},
};

constexpr Option kTlsRows[] = {
  {"tls-port",                   "",    integer(0, 65535),             kAnyTime,   kTlsRefused,  kept("0")},
  {"tls-replication",            "",    kYesNo,                        kAnyTime,   kTlsRefused,  kept("no")},
  {"tls-cluster",                "",    kYesNo,                        kAnyTime,   kTlsRefused,  kept("no")},
  {"tls-auth-clients",           "",    one_of(kTlsAuthClients),       kAnyTime,   kNoTls,       kept("yes")},
  {"tls-prefer-server-ciphers",  "",    kYesNo,                        kAnyTime,   kNoTls,       kept("no")},
  {"tls-session-caching",        "",    kYesNo,                        kAnyTime,   kNoTls,       kept("yes")},
  {"tls-session-cache-size",     "",    integer(0, kInt32Max),         kAnyTime,   kNoTls,       kept("20480")},
  {"tls-session-cache-timeout",  "",    integer(0, kInt32Max),         kAnyTime,   kNoTls,       kept("300")},
  {"tls-cert-file",              "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-key-file",               "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-key-file-pass",          "",    kText,                         kSensitive, kNoTls,       kept("")},
  {"tls-client-cert-file",       "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-client-key-file",        "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-client-key-file-pass",   "",    kText,                         kSensitive, kNoTls,       kept("")},
  {"tls-dh-params-file",         "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-ca-cert-file",           "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-ca-cert-dir",            "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-protocols",              "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-ciphers",                "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"tls-ciphersuites",           "",    kText,                         kAnyTime,   kNoTls,       kept("")},
  {"max-new-tls-connections-per-cycle", "", integer(1, 1000),          kAnyTime,   kNoTls,       kept("1")},
};

constexpr OptionGroup kNetworkGroups[] = {
  {"Network", kNetworkRows},
  {"Clients", kClientRows},
  {"TLS",     kTlsRows},
};
// clang-format on

}  // namespace

std::span<const OptionGroup> network_option_groups() {
  return kNetworkGroups;
}

}  // namespace shoal::config
