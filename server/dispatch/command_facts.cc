#include "server/dispatch/command_facts.h"

#include "storage/base/check.h"

namespace shoal::dispatch {

namespace {

struct NamedBit {
  std::uint32_t bit;
  View name;
};

constexpr NamedBit kFlagNames[] = {
    {kWrite, "write"},
    {kReadOnly, "readonly"},
    {kGrows, "denyoom"},
    {kAdmin, "admin"},
    {kPubSub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocking, "blocking"},
    {kLoadingOk, "loading"},
    {kStaleOk, "stale"},
    {kFast, "fast"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoAuth, "no_auth"},
    {kMayReplicate, "may_replicate"},
    {kNoMulti, "no_multi"},
    {kAllowBusy, "allow_busy"},
    {kSkipMonitor, "skip_monitor"},
    {kMovableKeys, "movablekeys"},
    {kSkipSlowlog, "skip_slowlog"},
};

constexpr NamedBit kAccessNames[] = {
    {KeySpec::kRW, "RW"},
    {KeySpec::kRO, "RO"},
    {KeySpec::kOW, "OW"},
    {KeySpec::kRM, "RM"},
    {KeySpec::kAccess, "access"},
    {KeySpec::kUpdate, "update"},
    {KeySpec::kInsert, "insert"},
    {KeySpec::kDelete, "delete"},
    {KeySpec::kNotKey, "not_key"},
    {KeySpec::kIncomplete, "incomplete"},
    {KeySpec::kVariableFlags, "variable_flags"},
};

struct GroupRow {
  Group group;
  View name;
  View category;  // that every command of the group belongs to; empty: none
};
// clang-format off
constexpr GroupRow kGroups[] = {
    {Group::kString,       "string",       "string"},
    {Group::kGeneric,      "generic",      "keyspace"},
    {Group::kTransactions, "transactions", "transaction"},
    {Group::kConnection,   "connection",   "connection"},
    {Group::kServer,       "server",       ""},
    {Group::kHash,         "hash",         "hash"},
    {Group::kList,         "list",         "list"},
    {Group::kSet,          "set",          "set"},
    {Group::kSortedSet,    "sorted-set",   "sortedset"},
    {Group::kStream,       "stream",       "stream"},
    {Group::kBitmap,       "bitmap",       "bitmap"},
    {Group::kHyperLogLog,  "hyperloglog",  "hyperloglog"},
    {Group::kGeo,          "geo",          "geo"},
    {Group::kPubSub,       "pubsub",       ""},
    {Group::kScripting,    "scripting",    "scripting"},
    {Group::kCluster,      "cluster",      ""},
};
// clang-format on
constexpr bool groups_in_order() {
  for (std::size_t i = 0; i < std::size(kGroups); ++i) {
    if (static_cast<std::size_t>(kGroups[i].group) != i) return false;
  }
  return true;
}
static_assert(groups_in_order(), "one row for each group, in the order of the enum");

const GroupRow& group_row(Group group) {
  CHECK(static_cast<std::size_t>(group) < std::size(kGroups));
  return kGroups[static_cast<std::size_t>(group)];
}

std::vector<View> names_of(std::span<const NamedBit> names, std::uint32_t bits) {
  std::vector<View> found;
  for (const NamedBit& row : names) {
    if ((bits & row.bit) != 0) found.push_back(row.name);
  }
  return found;
}

}  // namespace

std::vector<View> flag_names(std::uint32_t flags) {
  return names_of(kFlagNames, flags);
}

std::vector<View> key_access_names(std::uint16_t access) {
  return names_of(kAccessNames, access);
}

View group_name(Group group) {
  return group_row(group).name;
}

std::vector<View> category_names(const Command& command) {
  // A container does nothing of its own, so it belongs where only its row says.
  const View of_group = command.has(kContainer) ? View() : group_row(command.group).category;
  struct Row {
    View name;
    bool holds;
  };
  const Row rows[] = {
      {"keyspace", (command.acl & kKeyspace) != 0 || of_group == "keyspace"},
      {"read", command.has(kReadOnly)},
      {"write", command.has(kWrite)},
      {of_group, !of_group.empty() && of_group != "keyspace" && of_group != "connection" &&
                     of_group != "transaction" && of_group != "scripting"},
      {"pubsub", command.has(kPubSub)},
      {"admin", command.has(kAdmin)},
      {"fast", command.has(kFast)},
      {"slow", !command.has(kFast)},
      {"blocking", command.has(kBlocking)},
      {"dangerous", command.has(kAdmin) || (command.acl & kDangerous) != 0},
      {"connection", (command.acl & kConnectionCategory) != 0 || of_group == "connection"},
      {"transaction", of_group == "transaction"},
      {"scripting", of_group == "scripting"},
  };
  std::vector<View> names;
  for (const Row& row : rows) {
    if (row.holds) names.push_back(row.name);
  }
  return names;
}

}  // namespace shoal::dispatch
