// Options of several servers together: replication and cluster.
#include <algorithm>
#include <cctype>

#include "server/config/option.h"
#include "storage/base/ascii.h"

namespace shoal::config {
namespace {

// HOST PORT, or "no one", which asks for nothing.
Result<std::string> normalise_replicaof(std::span<const std::string> words) {
  if (words.size() != 2) return Failure{"wrong number of arguments"};
  if (equal_ignoring_case(words[0], "no") && equal_ignoring_case(words[1], "one")) return std::string();
  return words[0] + " " + words[1];
}

Result<std::string> check_host_name(std::span<const std::string> words) {
  constexpr std::size_t kHostNameBytesMax = 255;
  const std::string& name = words[0];
  if (name.size() > kHostNameBytesMax) return Failure{"Hostnames must be less than 256 characters"};
  const bool is_plain = std::all_of(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.'; });
  if (!is_plain) return Failure{"Hostnames may only contain alphanumeric characters, hyphens or dots"};
  return name;
}

constexpr Standing kAlone = no_effect("there is no replication yet");
constexpr Standing kNoCluster = no_effect("there is no cluster mode yet");

// clang-format off
constexpr Choice kDisklessLoads[]  = {{"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}};
constexpr Choice kEndpointTypes[]  = {{"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2}};
constexpr Choice kErrorBehaviors[] = {{"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2}};

constexpr Option kReplicationRows[] = {
  // name                            alias                       kind                           traits      standing  place
  {"replicaof",                      "slaveof",                  words(normalise_replicaof),    kAtStart,   refused("replication is not there yet"), kept("")},
  {"masterauth",                     "",                         kText,                         kSensitive, kAlone, kept("")},
  {"masteruser",                     "",                         kText,                         kSensitive, kAlone, kept("")},
  {"primaryauth",                    "",                         kText,                         kSensitive, kAlone, kept("")},
  {"primaryuser",                    "",                         kText,                         kSensitive, kAlone, kept("")},
  {"replica-serve-stale-data",       "slave-serve-stale-data",   kYesNo,                        kAnyTime,   kAlone, kept("yes")},
  {"replica-read-only",              "slave-read-only",          kYesNo,                        kAnyTime,   kAlone, kept("yes")},
  {"replica-ignore-maxmemory",       "slave-ignore-maxmemory",   kYesNo,                        kAnyTime,   kAlone, kept("yes")},
  {"replica-lazy-flush",             "slave-lazy-flush",         kYesNo,                        kAnyTime,   kAlone, kept("no")},
  {"replica-announced",              "",                         kYesNo,                        kAnyTime,   kAlone, kept("yes")},
  {"replica-announce-ip",            "slave-announce-ip",        kText,                         kAnyTime,   kAlone, kept("")},
  {"replica-announce-port",          "slave-announce-port",      integer(0, 65535),             kAnyTime,   kAlone, kept("0")},
  {"replica-priority",               "slave-priority",           integer(0, kInt32Max),         kAnyTime,   kAlone, kept("100")},
  {"replica-ignore-disk-write-errors", "",                       kYesNo,                        kAnyTime,   kAlone, kept("no")},
  {"replica-full-sync-buffer-limit", "",                         memory(0, kInt64Max),          kAnyTime,   kAlone, kept("0")},
  {"min-replicas-to-write",          "min-slaves-to-write",      integer(0, kInt32Max),         kAnyTime,   refused("there are no replicas that could confirm a write"), kept("0")},
  {"min-replicas-max-lag",           "min-slaves-max-lag",       integer(0, kInt32Max),         kAnyTime,   kAlone, kept("10")},
  {"repl-ping-replica-period",       "repl-ping-slave-period",   integer(1, kInt32Max),         kAnyTime,   kAlone, kept("10")},
  {"repl-timeout",                   "",                         integer(1, kInt32Max),         kAnyTime,   kAlone, kept("60")},
  {"repl-backlog-size",              "",                         memory(1, kInt64Max).clamped(16 * kKiB, kInt64Max), kAnyTime, kAlone, kept("1048576")},
  {"repl-backlog-ttl",               "",                         integer(0, kInt64Max),         kAnyTime,   kAlone, kept("3600")},
  {"repl-disable-tcp-nodelay",       "",                         kYesNo,                        kAnyTime,   kAlone, kept("no")},
  {"repl-diskless-sync",             "",                         kYesNo,                        kAnyTime,   kAlone, kept("yes")},
  {"repl-diskless-sync-delay",       "",                         integer(0, kInt32Max),         kAnyTime,   kAlone, kept("5")},
  {"repl-diskless-sync-max-replicas", "",                        integer(0, kInt32Max),         kAnyTime,   kAlone, kept("0")},
  {"repl-diskless-load",             "",                         one_of(kDisklessLoads),        kAnyTime,   kAlone, kept("disabled")},
  {"propagation-error-behavior",     "",                         one_of(kErrorBehaviors),       kAnyTime,   kAlone, kept("ignore")},
  {"dual-channel-replication-enabled", "",                       kYesNo,                        kAnyTime,   kAlone, kept("no")},
};

constexpr Option kClusterRows[] = {
  {"cluster-enabled",                "",                         kYesNo,                        kAtStart,   refused("cluster mode is not there yet"), kept("no")},
  {"cluster-config-file",            "",                         kText,                         kAtStart,   kNoCluster, kept("nodes.conf")},
  {"cluster-port",                   "",                         integer(0, 65535),             kAtStart,   kNoCluster, kept("0")},
  {"cluster-node-timeout",           "",                         integer(0, kInt64Max),         kAnyTime,   kNoCluster, kept("15000")},
  {"cluster-announce-ip",            "",                         kText,                         kAnyTime,   kNoCluster, kept("")},
  {"cluster-announce-hostname",      "",                         text(check_host_name),         kAnyTime,   kNoCluster, kept("")},
  {"cluster-announce-human-nodename", "",                        text(check_host_name),         kAnyTime,   kNoCluster, kept("")},
  {"cluster-announce-port",          "",                         integer(0, 65535),             kAnyTime,   kNoCluster, kept("0")},
  {"cluster-announce-tls-port",      "",                         integer(0, 65535),             kAnyTime,   kNoCluster, kept("0")},
  {"cluster-announce-bus-port",      "",                         integer(0, 65535),             kAnyTime,   kNoCluster, kept("0")},
  {"cluster-preferred-endpoint-type", "",                        one_of(kEndpointTypes),        kAnyTime,   kNoCluster, kept("ip")},
  {"cluster-replica-validity-factor", "cluster-slave-validity-factor", integer(0, kInt32Max),   kAnyTime,   kNoCluster, kept("10")},
  {"cluster-replica-no-failover",    "cluster-slave-no-failover", kYesNo,                       kAnyTime,   kNoCluster, kept("no")},
  {"cluster-migration-barrier",      "",                         integer(0, kInt32Max),         kAnyTime,   kNoCluster, kept("1")},
  {"cluster-allow-replica-migration", "",                        kYesNo,                        kAnyTime,   kNoCluster, kept("yes")},
  {"cluster-require-full-coverage",  "",                         kYesNo,                        kAnyTime,   kNoCluster, kept("yes")},
  {"cluster-allow-reads-when-down",  "",                         kYesNo,                        kAnyTime,   kNoCluster, kept("no")},
  {"cluster-allow-pubsubshard-when-down", "",                    kYesNo,                        kAnyTime,   kNoCluster, kept("yes")},
  {"cluster-link-sendbuf-limit",     "",                         memory(0, kUint64Max),         kAnyTime,   kNoCluster, kept("0")},
};

constexpr OptionGroup kReplicationGroups[] = {
  {"Replication", kReplicationRows},
  {"Cluster",     kClusterRows},
};
// clang-format on

}  // namespace

std::span<const OptionGroup> replication_option_groups() {
  return kReplicationGroups;
}

}  // namespace shoal::config
