// Counters: what a core counts of its own work, as INFO shows it. One Counters object a core; the core's
// thread is the only writer, any thread may read. A sum over cores is the reader's business.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "storage/base/units.h"

namespace shoal::metrics {

/// A number with one writing thread: adding is a load and a store, without a locked instruction.
class Counter {
 public:
  void add(std::uint64_t amount = 1) { set(value() + amount); }
  void raise_to(std::uint64_t amount) {
    if (amount > value()) set(amount);
  }
  void set(std::uint64_t amount) { value_.store(amount, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A counter's growth per second over the last kWindow, from samples taken whenever the core has a turn. A
/// core that slept is right as well: what did not happen since its last sample counts as nothing.
class Rate {
 public:
  static constexpr std::size_t kSamples = 16;
  static constexpr Micros kInterval = 100'000;
  static constexpr Micros kWindow = static_cast<Micros>(kSamples) * kInterval;

  /// Notes the counter's value; does nothing within kInterval of the last sample. About a nanosecond then.
  void sample(Micros now, std::uint64_t value) {
    if (count_ != 0 && now - newest().at < kInterval) [[likely]]
      return;
    keep(now, value);
  }
  double per_second(Micros now, std::uint64_t value) const;
  void reset() { count_ = 0; }

 private:
  struct Sample {
    Micros at;
    std::uint64_t value;
  };
  const Sample& newest() const { return samples_[(count_ - 1) % kSamples]; }
  void keep(Micros now, std::uint64_t value);

  std::array<Sample, kSamples> samples_ = {};
  std::size_t count_ = 0;  // ever taken; the last kSamples of them are kept
};

/// Each has its row in counter_rows().
struct CounterFields {
  Counter total_connections_received;
  Counter total_commands_processed;
  Counter total_net_input_bytes;
  Counter total_net_output_bytes;
  Counter rejected_connections;
  Counter expired_keys;
  Counter keyspace_hits;
  Counter keyspace_misses;
  Counter client_query_buffer_limit_disconnections;
  Counter client_output_buffer_limit_disconnections;
  Counter total_reads_processed;
  Counter total_writes_processed;
  Counter lazyfree_pending_objects;  // as it was after the last turn
  Counter lazyfreed_objects;
  Counter changes;
  // How the cores work together.
  Counter turns;
  Counter longest_turn_us;
  Counter messages_sent;           // to other cores
  Counter remote_commands;         // run here for a connection of another core
  Counter borrowed_commands;       // commands and transactions that ran with slots lent to them
  Counter loans;                   // granted here: one for each core that a borrowing asks
  Counter loan_refusals;           // answered here: the borrowing had to begin again
  Counter shards_borrowed_asleep;  // taken here from cores that slept
};

struct Counters : CounterFields {
  // Read only on the core's own thread.
  Rate commands_rate;
  Rate input_rate;
  Rate output_rate;

  /// Once a turn.
  void sample(Micros now) {
    commands_rate.sample(now, total_commands_processed.value());
    input_rate.sample(now, total_net_input_bytes.value());
    output_rate.sample(now, total_net_output_bytes.value());
  }
  /// CONFIG RESETSTAT. On the core's own thread.
  void reset();
};

enum class CounterSection : std::uint8_t { kMemory, kStats, kCores };
/// How one number is made of the cores' numbers.
enum class Combine : std::uint8_t { kSum, kMax };

/// Whether CONFIG RESETSTAT sets a counter back: not where it says how things are.
enum class Reset : std::uint8_t { kYes, kNo };

struct CounterRow {
  View name;
  Counter CounterFields::*field;
  CounterSection section;
  Combine combine;
  Reset reset;
};
/// Every counter, in the order of CounterFields.
std::span<const CounterRow> counter_rows();

}  // namespace shoal::metrics
