#include "server/commands/memory_figures.h"

#include <fmt/format.h>

#include <algorithm>

namespace shoal::commands {

MemoryFigures memory_figures(const dispatch::Server& server, std::uint64_t client_bytes,
                             std::uint64_t table_bytes) {
  const metrics::ProcessFacts facts = server.process_facts();
  MemoryFigures figures;
  figures.used = server.used_memory_bytes();
  figures.peak = std::max(figures.used, server.used_memory_peak_bytes());
  figures.startup = server.used_memory_startup_bytes();
  figures.resident = static_cast<std::int64_t>(facts.resident_bytes);
  figures.system = static_cast<std::int64_t>(facts.system_memory_bytes);
  figures.clients = static_cast<std::int64_t>(client_bytes);
  figures.tables = static_cast<std::int64_t>(table_bytes);
  return figures;
}

std::uint64_t table_bytes(std::span<const metrics::KeyCounts> databases) {
  std::uint64_t bytes = 0;
  for (const metrics::KeyCounts& database : databases) bytes += database.table_bytes;
  return bytes;
}

std::uint64_t client_heap_bytes(dispatch::CoreServices& core) {
  std::uint64_t bytes = 0;
  core.for_each_client([&bytes](dispatch::ClientHandle& client) { bytes += client.memory().total; });
  return bytes;
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < kKiB) return fmt::format("{}B", bytes);
  constexpr View kUnits = "KMGTPE";
  double amount = static_cast<double>(bytes) / kKiB;
  std::size_t unit = 0;
  while (amount >= kKiB && unit + 1 < kUnits.size()) {
    amount /= kKiB;
    ++unit;
  }
  return fmt::format("{:.2f}{}", amount, kUnits[unit]);
}

}  // namespace shoal::commands
