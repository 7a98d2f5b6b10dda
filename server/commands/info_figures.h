// What INFO needs from every core, and their sum.
#pragma once

#include <vector>

#include "server/commands/gather.h"
#include "server/dispatch/core_services.h"

namespace shoal::commands {

struct InfoFigures {
  std::vector<std::uint64_t> counters;  // as metrics::counter_rows()
  metrics::CommandStatistics statistics;
  double commands_per_second = 0;
  double input_bytes_per_second = 0;
  double output_bytes_per_second = 0;
  std::uint64_t clients = 0;
  std::uint64_t monitors = 0;
  std::uint64_t blocked = 0;
  std::uint64_t client_bytes = 0;
  std::uint64_t largest_input_bytes = 0;
  std::uint64_t largest_output_bytes = 0;
  std::vector<metrics::KeyCounts> databases;
};

/// On the core's own thread. Cost: its slots and its clients.
InfoFigures collect_info(dispatch::CoreServices& core);

InfoFigures sum_info(const Answers<InfoFigures>& answers);

}  // namespace shoal::commands
