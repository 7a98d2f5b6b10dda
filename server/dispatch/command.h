// A command is a row of data. COMMAND, COMMAND DOCS, routing, admission, ACL, statistics and (later) cluster
// redirects all read the same row; no code asks for a command's name. A family is a file in server/commands
// that holds its rows and their handlers; server/commands/families.h lists the families.
#pragma once

#include <array>
#include <span>

#include "storage/base/units.h"

namespace shoal::dispatch {

class Context;
/// Runs the command and appends exactly one reply (or none, after Context::defer()). Plain, synchronous,
/// bounded.
using Handler = void (*)(Context&);

/// What a command is and does: Redis' own flag names in COMMAND INFO (flag_names() in command_facts.h).
enum CommandFlag : std::uint32_t {
  kWrite = 1u << 0,
  kReadOnly = 1u << 1,
  kGrows = 1u << 2,  // "denyoom": may need more memory
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,
  kLoadingOk = 1u << 7,
  kStaleOk = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kFast = 1u << 11,
  kNoAuth = 1u << 12,
  kMayReplicate = 1u << 13,
  kNoMulti = 1u << 14,
  kMovableKeys = 1u << 15,
  kAllowBusy = 1u << 16,
  kNoAsyncLoading = 1u << 17,
  // Below: how this server treats the row; not shown to clients.
  kContainer = 1u << 24,    // has subcommands, and does nothing of its own
  kRunsInMulti = 1u << 25,  // is run, not queued, between MULTI and EXEC
  kUsesWatches = 1u << 26,  // needs the slots of the keys its session watches
  kUsesQueue = 1u << 27,    // needs the slots of the commands its session has queued
  kMayDefer = 1u << 28,     // may reply later (Context::defer), also within EXEC
};

/// Where a command runs.
enum class Route : std::uint8_t {
  kAnywhere,  // no key: on the connection's own core, at once
  kKeys,      // by its keys: here, on the one core that owns them, or here with slots borrowed from several
  kSession,  // by its keys and its session's: always here, every slot that is not ours borrowed (WATCH, EXEC)
  kWholeKeyspace,  // here, with every slot of every core borrowed
  kWalk,  // within EXEC like kWholeKeyspace; else here with no slot in hand: may reply later (Context::defer)
};

/// States in which some commands are refused, held back, queued or shown. A state of a core or of a session
/// is one bit; server/dispatch/admission.cc has a row for each that says which commands it concerns, by their
/// flags, and a row for what they are told. The gate never grows.
enum State : std::uint32_t {
  kNotAuthenticated = 1u << 0,
  kQueueing = 1u << 1,  // between MULTI and EXEC: the command is queued
  kLoading = 1u << 2,
  kOverMemory = 1u << 3,
  kReadOnlyReplica = 1u << 4,
  kSubscribed = 1u << 5,  // RESP2 only
  kPausedForWrites = 1u << 6,
  kPausedForAll = 1u << 7,
  kMonitored = 1u << 8,  // somebody watches with MONITOR
};

/// The keys of a request: as the key specifications of COMMAND INFO say it.
struct KeySpec {
  enum class Begin : std::uint8_t { kNone, kIndex, kKeyword };
  enum class Find : std::uint8_t { kRange, kKeyCount };
  enum Access : std::uint16_t {
    kRW = 1,
    kRO = 2,
    kOW = 4,
    kRM = 8,
    kAccess = 16,
    kUpdate = 32,
    kInsert = 64,
    kDelete = 128,
    kNotKey = 256,
    kIncomplete = 512,
    kVariableFlags = 1024,
  };

  Begin begin = Begin::kNone;
  Find find = Find::kRange;
  /// kIndex: the first key's argument. kKeyword: where the search for the keyword starts.
  std::int8_t index = 0;
  /// kRange: the last key, relative to the first; a negative one counts from the end (-1: last argument).
  std::int8_t last = 0;
  /// kRange, kKeyCount: the distance between keys.
  std::int8_t step = 1;
  /// kKeyCount: where the number of keys stands, relative to `index`; the keys follow it.
  std::int8_t count_at = 0;
  std::uint16_t access = 0;
  View keyword = {};
  /// With kVariableFlags: what one request does to its keys, which depends on its options. `access` covers
  /// all.
  using AccessOf = std::uint16_t (*)(std::span<const View> args);
  AccessOf access_of = nullptr;
};

enum class Group : std::uint8_t {
  kString,
  kGeneric,
  kTransactions,
  kConnection,
  kServer,
  kHash,
  kList,
  kSet,
  kSortedSet,
  kStream,
  kBitmap,
  kHyperLogLog,
  kGeo,
  kPubSub,
  kScripting,
  kCluster,
};

/// ACL categories beyond those that flags and group imply.
enum AclCategory : std::uint32_t {
  kNoExtraCategory = 0,
  kDangerous = 1u << 0,
  kKeyspace = 1u << 1,
  kConnectionCategory = 1u << 2,
};

/// Which arguments must not appear in the slow log and in MONITOR.
enum class Secrets : std::uint8_t {
  kNone,
  kAllArguments,  // a password, wherever it stands
  kBehindAuth,    // the two behind the word AUTH
  kOptionValues,  // pairs of an option's name and value: the values of sensitive options
};

/// What a version of Redis changed in a command.
struct HistoryItem {
  View since;
  View change;
};

/// More for people and proxies: what few rows have.
struct Documentation {
  /// For proxies in front of several servers, separated by spaces, in Redis' words (COMMAND INFO).
  View tips = {};
  /// Oldest first; ends at the first without a version.
  HistoryItem history[6] = {};
  View deprecated_since = {};
  View replaced_by = {};
  bool is_internal = false;  // of no use to applications
};

struct Command {
  View name;           // upper case; a subcommand is "CLIENT|LIST"
  std::int16_t arity;  // arguments with the name(s); negative: at least so many
  std::uint32_t flags;
  Route route;
  std::array<KeySpec, 2> keys;
  Handler handler;
  // For people: COMMAND DOCS. `syntax` is what follows the name, as the manual writes it.
  Group group;
  View since;
  View complexity;
  View summary;
  View syntax;
  std::uint32_t acl = kNoExtraCategory;
  std::span<const Command> subcommands = {};
  Secrets secrets = Secrets::kNone;
  Documentation documentation = {};

  bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
  bool has_keys() const { return keys[0].begin != KeySpec::Begin::kNone; }
  /// The row with more documentation, or with tips alone.
  constexpr Command with(const Documentation& more) const {
    Command row = *this;
    row.documentation = more;
    return row;
  }
  constexpr Command with_tips(View tips) const { return with({.tips = tips}); }
};

// Key specifications that rows use. The access flags are what COMMAND INFO shows.
constexpr std::array<KeySpec, 2> kNoKeys = {};
constexpr std::array<KeySpec, 2> key_range(std::uint16_t access, std::int8_t first, std::int8_t last,
                                           std::int8_t step) {
  return {KeySpec{KeySpec::Begin::kIndex, KeySpec::Find::kRange, first, last, step, 0, access, {}},
          KeySpec{}};
}
constexpr std::array<KeySpec, 2> first_key(std::uint16_t access) {
  return key_range(access, 1, 0, 1);
}
constexpr std::array<KeySpec, 2> first_key(std::uint16_t access, KeySpec::AccessOf access_of) {
  std::array<KeySpec, 2> specs = first_key(access | KeySpec::kVariableFlags);
  specs[0].access_of = access_of;
  return specs;
}
constexpr std::array<KeySpec, 2> second_key(std::uint16_t access) {
  return key_range(access, 2, 0, 1);
}
constexpr std::array<KeySpec, 2> every_key(std::uint16_t access) {
  return key_range(access, 1, -1, 1);
}
constexpr std::array<KeySpec, 2> every_second_key(std::uint16_t access) {
  return key_range(access, 1, -1, 2);
}
constexpr std::array<KeySpec, 2> two_keys(std::uint16_t first_access, std::uint16_t second_access) {
  return {first_key(first_access)[0], second_key(second_access)[0]};
}

}  // namespace shoal::dispatch
