#include "server/metrics/counters.h"

#include <algorithm>

namespace shoal::metrics {

namespace {

constexpr auto kMemory = CounterSection::kMemory;
constexpr auto kStats = CounterSection::kStats;
constexpr auto kCores = CounterSection::kCores;
constexpr auto kSum = Combine::kSum;
constexpr auto kMax = Combine::kMax;
constexpr auto kReset = Reset::kYes;
constexpr auto kStays = Reset::kNo;

// clang-format off
constexpr CounterRow kRows[] = {
    {"total_connections_received", &CounterFields::total_connections_received, kStats, kSum, kReset},
    {"total_commands_processed",   &CounterFields::total_commands_processed,   kStats, kSum, kReset},
    {"total_net_input_bytes",      &CounterFields::total_net_input_bytes,      kStats, kSum, kReset},
    {"total_net_output_bytes",     &CounterFields::total_net_output_bytes,     kStats, kSum, kReset},
    {"rejected_connections",       &CounterFields::rejected_connections,       kStats, kSum, kReset},
    {"expired_keys",               &CounterFields::expired_keys,               kStats, kSum, kReset},
    {"keyspace_hits",              &CounterFields::keyspace_hits,              kStats, kSum, kReset},
    {"keyspace_misses",            &CounterFields::keyspace_misses,            kStats, kSum, kReset},
    {"client_query_buffer_limit_disconnections",
                    &CounterFields::client_query_buffer_limit_disconnections,  kStats, kSum, kReset},
    {"client_output_buffer_limit_disconnections",
                    &CounterFields::client_output_buffer_limit_disconnections, kStats, kSum, kReset},
    {"total_reads_processed",      &CounterFields::total_reads_processed,      kStats, kSum, kReset},
    {"total_writes_processed",     &CounterFields::total_writes_processed,     kStats, kSum, kReset},
    {"lazyfree_pending_objects",   &CounterFields::lazyfree_pending_objects,   kMemory, kSum, kStays},
    {"lazyfreed_objects",          &CounterFields::lazyfreed_objects,          kMemory, kSum, kReset},
    {"changes",                    &CounterFields::changes,                    kCores, kSum, kStays},
    {"turns",                      &CounterFields::turns,                      kCores, kSum, kReset},
    {"longest_turn_us",            &CounterFields::longest_turn_us,            kCores, kMax, kReset},
    {"messages_sent",              &CounterFields::messages_sent,              kCores, kSum, kReset},
    {"remote_commands",            &CounterFields::remote_commands,            kCores, kSum, kReset},
    {"borrowed_commands",          &CounterFields::borrowed_commands,          kCores, kSum, kReset},
    {"loans",                      &CounterFields::loans,                      kCores, kSum, kReset},
    {"loan_refusals",              &CounterFields::loan_refusals,              kCores, kSum, kReset},
    {"shards_borrowed_asleep",     &CounterFields::shards_borrowed_asleep,     kCores, kSum, kReset},
};
// clang-format on
static_assert(std::size(kRows) == sizeof(CounterFields) / sizeof(Counter), "one row for each counter");

}  // namespace

std::span<const CounterRow> counter_rows() {
  return kRows;
}

void Counters::reset() {
  for (const CounterRow& row : kRows) {
    if (row.reset == Reset::kYes) (this->*row.field).set(0);
  }
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
