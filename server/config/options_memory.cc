// Options of memory: the limit and eviction, how values are encoded, and how they are freed.
#include "server/config/option.h"

namespace shoal::config {
namespace {

constexpr std::uint64_t value_of_policy(EvictionPolicy policy) {
  return static_cast<std::uint64_t>(policy);
}

// clang-format off
constexpr Choice kPolicies[] = {
  {"volatile-lru",    value_of_policy(EvictionPolicy::kVolatileLru)},
  {"volatile-lfu",    value_of_policy(EvictionPolicy::kVolatileLfu)},
  {"volatile-random", value_of_policy(EvictionPolicy::kVolatileRandom)},
  {"volatile-ttl",    value_of_policy(EvictionPolicy::kVolatileTtl)},
  {"allkeys-lru",     value_of_policy(EvictionPolicy::kAllkeysLru)},
  {"allkeys-lfu",     value_of_policy(EvictionPolicy::kAllkeysLfu)},
  {"allkeys-random",  value_of_policy(EvictionPolicy::kAllkeysRandom)},
  {"noeviction",      value_of_policy(EvictionPolicy::kNoEviction)},
};

template <auto Member>
constexpr Place mem = number<&Settings::memory, Member>();
template <auto Member>
constexpr Place enc = number<&Settings::encodings, Member>();

using M = MemorySettings;
using E = EncodingSettings;

constexpr Standing kNoEviction = no_effect("there is no eviction yet, and memory is not bounded");
constexpr Standing kNoDefrag   = no_effect("there is no defragmentation");
constexpr Standing kSliced     = no_effect("big values are always freed in slices, between commands");
constexpr Standing kNoType     = no_effect("there are no values of that type yet");

constexpr Option kMemoryRows[] = {
  // name                         alias                       kind                      traits    standing                                        place
  {"maxmemory",                   "",                         memory(0, kUint64Max),    kAnyTime, kNoEviction,                                    mem<&M::maxmemory_bytes>},
  {"maxmemory-policy",            "",                         one_of(kPolicies),        kAnyTime, kNoEviction,                                    mem<&M::policy>},
  {"maxmemory-samples",           "",                         integer(1, kInt32Max),    kAnyTime, kNoEviction,                                    mem<&M::samples>},
  {"maxmemory-eviction-tenacity", "",                         integer(0, 100),          kAnyTime, kNoEviction,                                    kept("10")},
  {"lfu-log-factor",              "",                         integer(0, kInt32Max),    kAnyTime, kNoEviction,                                    mem<&M::lfu_log_factor>},
  {"lfu-decay-time",              "",                         integer(0, kInt32Max),    kAnyTime, kNoEviction,                                    mem<&M::lfu_decay_minutes>},
  {"lazyfree-lazy-eviction",      "",                         kYesNo,                   kAnyTime, kSliced,                                        kept("no")},
  {"lazyfree-lazy-expire",        "",                         kYesNo,                   kAnyTime, kSliced,                                        kept("no")},
  {"lazyfree-lazy-server-del",    "",                         kYesNo,                   kAnyTime, kSliced,                                        kept("no")},
  {"lazyfree-lazy-user-del",      "",                         kYesNo,                   kAnyTime, kSliced,                                        kept("no")},
  {"lazyfree-lazy-user-flush",    "",                         kYesNo,                   kAnyTime, kSliced,                                        kept("no")},
  {"activedefrag",                "",                         kYesNo,                   kAnyTime, kNoDefrag,                                      kept("no")},
  {"active-defrag-cycle-min",     "",                         integer(1, 99),           kAnyTime, kNoDefrag,                                      kept("1")},
  {"active-defrag-cycle-max",     "",                         integer(1, 99),           kAnyTime, kNoDefrag,                                      kept("25")},
  {"active-defrag-ignore-bytes",  "",                         memory(1, kInt64Max),     kAnyTime, kNoDefrag,                                      kept("104857600")},
  {"active-defrag-max-scan-fields", "",                       integer(1, kInt64Max),    kAnyTime, kNoDefrag,                                      kept("1000")},
  {"active-defrag-threshold-lower", "",                       integer(0, 1000),         kAnyTime, kNoDefrag,                                      kept("10")},
  {"active-defrag-threshold-upper", "",                       integer(0, 1000),         kAnyTime, kNoDefrag,                                      kept("100")},
  {"jemalloc-bg-thread",          "",                         kYesNo,                   kAnyTime, no_effect("the allocator is mimalloc"),         kept("yes")},
  {"activerehashing",             "",                         kYesNo,                   kAnyTime, no_effect("tables grow by splitting small segments; there is nothing to rehash"), kept("yes")},
  {"disable-thp",                 "",                         kYesNo,                   kAtStart, no_effect("the server never forks, so huge pages do no harm"), kept("yes")},
};

constexpr Option kEncodingRows[] = {
  {"hash-max-listpack-entries",   "hash-max-ziplist-entries", integer(0, kInt64Max),    kAnyTime, kNoType,                                        enc<&E::hash_max_listpack_entries>},
  {"hash-max-listpack-value",     "hash-max-ziplist-value",   memory(0, kInt64Max),     kAnyTime, kNoType,                                        enc<&E::hash_max_listpack_value_bytes>},
  {"zset-max-listpack-entries",   "zset-max-ziplist-entries", integer(0, kInt64Max),    kAnyTime, kNoType,                                        enc<&E::zset_max_listpack_entries>},
  {"zset-max-listpack-value",     "zset-max-ziplist-value",   memory(0, kInt64Max),     kAnyTime, kNoType,                                        enc<&E::zset_max_listpack_value_bytes>},
  {"set-max-intset-entries",      "",                         integer(0, kInt64Max),    kAnyTime, kNoType,                                        enc<&E::set_max_intset_entries>},
  {"list-max-listpack-size",      "list-max-ziplist-size",    integer(-2147483648LL, kInt32Max), kAnyTime, kNoType, enc<&E::list_max_listpack_size>},
  {"list-compress-depth",         "",                         integer(0, kInt32Max),    kAnyTime, kNoType,                                        enc<&E::list_compress_depth>},
  {"stream-node-max-bytes",       "",                         memory(0, kInt64Max),     kAnyTime, kNoType,                                        enc<&E::stream_node_max_bytes>},
  {"stream-node-max-entries",     "",                         integer(0, kInt64Max),    kAnyTime, kNoType,                                        enc<&E::stream_node_max_entries>},
  {"hll-sparse-max-bytes",        "",                         memory(0, kInt64Max),     kAnyTime, kNoType,                                        enc<&E::hll_sparse_max_bytes>},
  {"set-max-listpack-entries",    "",                         integer(0, kInt64Max),    kAnyTime, no_effect("sets of strings have one encoding"), kept("128")},
  {"set-max-listpack-value",      "",                         memory(0, kInt64Max),     kAnyTime, no_effect("sets of strings have one encoding"), kept("64")},
};

constexpr OptionGroup kMemoryGroups[] = {
  {"Memory",    kMemoryRows},
  {"Encodings", kEncodingRows},
};
// clang-format on

}  // namespace

std::span<const OptionGroup> memory_option_groups() {
  return kMemoryGroups;
}

}  // namespace shoal::config
