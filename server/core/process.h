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
#include "server/runtime/host.h"

namespace shoal::core {

class Core;

struct Process {
  Process(config::Settings initial, config::Log& the_log, runtime::Host& the_host, CoreId core_count,
          Millis now, std::string id);

  /// Applies rename-command; before the cores start.
  Status rename_commands(const config::Settings& settings);

  std::shared_ptr<const config::Settings> initial_settings;
  config::Log& log;
  runtime::Host& host;  // for core 0
  dispatch::CommandTable table;
  dispatch::Node node;
  std::string run_id;      // 40 hexadecimal digits, new at each start
  std::string executable;  // absolute, if known
  std::string program;     // the command that started it
  Millis started_at;
  /// Sampled by core 0's clock; read by INFO anywhere.
  std::atomic<std::int64_t> used_memory_peak{0};
  /// What was in use before the first client came.
  std::atomic<std::int64_t> used_memory_startup{0};
  /// The ids of SLOWLOG's entries, in the order in which commands of all cores ended.
  std::atomic<std::uint64_t> next_slowlog_id{0};
};

}  // namespace shoal::core
