// What the cores of one server process share, beside the data (dispatch::Node): the configuration as last
// published, the log, and what INFO says of the process. Immutable after start, but for what says otherwise.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "server/config/log.h"
#include "server/config/settings.h"
#include "server/dispatch/command_table.h"
#include "server/dispatch/node.h"

namespace shoal::core {

class Core;

struct Process {
  Process(config::Settings initial, config::Log& the_log, CoreId core_count, Millis now, std::string id);

  /// Applies rename-command; before the cores start.
  Status rename_commands(const config::Settings& settings);

  std::shared_ptr<const config::Settings> initial_settings;
  config::Log& log;
  dispatch::CommandTable table;
  dispatch::Node node;
  std::string run_id;      // 40 hexadecimal digits, new at each start
  std::string executable;  // absolute, if known
  Millis started_at;
  /// Sampled by core 0's clock; read by INFO anywhere.
  std::atomic<std::int64_t> used_memory_peak{0};
};

}  // namespace shoal::core
