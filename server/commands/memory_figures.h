// Memory in the numbers that INFO and MEMORY share.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "server/dispatch/core_services.h"

namespace shoal::commands {

struct MemoryFigures {
  std::int64_t used = 0;
  std::int64_t peak = 0;
  std::int64_t startup = 0;  // used before the first client came
  std::int64_t resident = 0;
  std::int64_t clients = 0;  // held by connections
  std::int64_t tables = 0;   // held by the tables that find keys
  std::int64_t system = 0;   // of the machine

  /// What is not keys and values.
  std::int64_t overhead() const { return startup + clients + tables; }
  std::int64_t dataset() const { return used > overhead() ? used - overhead() : 0; }
  double dataset_percent() const { return percent(dataset(), used); }
  double peak_percent() const { return percent(used, peak); }

  /// What is taken beyond what is needed for it.
  struct Excess {
    double ratio;
    std::int64_t bytes;
  };
  Excess fragmentation() const { return excess(resident, used); }
  /// Of what is beyond the memory in use nothing is known but that the process has it: Redis, which asks its
  /// allocator, tells three parts of it apart. All of it counts as the first.
  Excess allocator_fragmentation() const { return fragmentation(); }
  Excess allocator_rss() const { return excess(resident, resident); }
  Excess rss_overhead() const { return excess(resident, resident); }

 private:
  static Excess excess(std::int64_t taken, std::int64_t needed) {
    return {needed == 0 ? 0 : static_cast<double>(taken) / static_cast<double>(needed), taken - needed};
  }
  static double percent(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  }
};

/// What the connections of all cores hold, and their tables.
MemoryFigures memory_figures(const dispatch::Server& server, std::uint64_t client_bytes,
                             std::uint64_t table_bytes);

std::uint64_t table_bytes(std::span<const metrics::KeyCounts> databases);

/// Bytes held by the connections of one core.
std::uint64_t client_heap_bytes(dispatch::CoreServices& core);

/// "1.11M", as INFO's _human fields read.
std::string human_bytes(std::uint64_t bytes);

}  // namespace shoal::commands
