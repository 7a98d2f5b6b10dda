#include "server/metrics/counters.h"

#include <algorithm>

namespace shoal::metrics {

namespace {

constexpr auto kMemory = CounterSection::kMemory;
constexpr auto kStats = CounterSection::kStats;
constexpr auto kCores = CounterSection::kCores;
constexpr auto kSum = Combine::kSum;
constexpr auto kMax = Combine::kMax;

// clang-format off
constexpr CounterRow kRows[] = {
    {"total_connections_received", &CounterFields::total_connections_received, kStats, kSum},
    {"total_commands_processed",   &CounterFields::total_commands_processed,   kStats, kSum},
    {"total_net_input_bytes",      &CounterFields::total_net_input_bytes,      kStats, kSum},
    {"total_net_output_bytes",     &CounterFields::total_net_output_bytes,     kStats, kSum},
    {"rejected_connections",       &CounterFields::rejected_connections,       kStats, kSum},
    {"expired_keys",               &CounterFields::expired_keys,               kStats, kSum},
    {"keyspace_hits",              &CounterFields::keyspace_hits,              kStats, kSum},
    {"keyspace_misses",            &CounterFields::keyspace_misses,            kStats, kSum},
    {"client_query_buffer_limit_disconnections",
                    &CounterFields::client_query_buffer_limit_disconnections,  kStats, kSum},
    {"client_output_buffer_limit_disconnections",
                    &CounterFields::client_output_buffer_limit_disconnections, kStats, kSum},
    {"total_reads_processed",      &CounterFields::total_reads_processed,      kStats, kSum},
    {"total_writes_processed",     &CounterFields::total_writes_processed,     kStats, kSum},
    {"lazyfree_pending_objects",   &CounterFields::lazyfree_pending_objects,   kMemory, kSum},
    {"lazyfreed_objects",          &CounterFields::lazyfreed_objects,          kMemory, kSum},
    {"changes",                    &CounterFields::changes,                    kCores, kSum},
    {"turns",                      &CounterFields::turns,                      kCores, kSum},
    {"longest_turn_us",            &CounterFields::longest_turn_us,            kCores, kMax},
    {"messages_sent",              &CounterFields::messages_sent,              kCores, kSum},
    {"remote_commands",            &CounterFields::remote_commands,            kCores, kSum},
    {"borrowed_commands",          &CounterFields::borrowed_commands,          kCores, kSum},
    {"loans",                      &CounterFields::loans,                      kCores, kSum},
    {"loan_refusals",              &CounterFields::loan_refusals,              kCores, kSum},
    {"shards_borrowed_asleep",     &CounterFields::shards_borrowed_asleep,     kCores, kSum},
};
// clang-format on
static_assert(std::size(kRows) == sizeof(CounterFields) / sizeof(Counter), "one row for each counter");

}  // namespace

std::span<const CounterRow> counter_rows() {
  return kRows;
}

void Counters::reset() {
  for (const CounterRow& row : kRows) (this->*row.field).set(0);
  commands_rate.reset();
  input_rate.reset();
  output_rate.reset();
}

void Rate::keep(Micros now, std::uint64_t value) {
  samples_[count_ % kSamples] = {now, value};
  ++count_;
}

double Rate::per_second(Micros now, std::uint64_t value) const {
  if (count_ == 0) return 0;
  // The oldest sample within the window, or else the newest of all: the rate is what was added since.
  std::size_t index = count_ - std::min(count_, kSamples);
  while (index + 1 < count_ && now - samples_[index % kSamples].at > kWindow) ++index;
  const Sample& base = samples_[index % kSamples];
  if (now <= base.at || value <= base.value) return 0;
  return static_cast<double>(value - base.value) * 1e6 / static_cast<double>(now - base.at);
}

}  // namespace shoal::metrics
