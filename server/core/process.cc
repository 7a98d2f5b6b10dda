#include "server/core/process.h"

#include "server/commands/families.h"

namespace shoal::core {

Process::Process(config::Settings initial, config::Log& the_log, runtime::Host& the_host, CoreId core_count,
                 Millis now, std::string id)
    : initial_settings(std::make_shared<const config::Settings>(std::move(initial))),
      log(the_log),
      host(the_host),
      table(commands::all_families()),
      node(core_count, static_cast<DatabaseId>(initial_settings->cores.databases), table, now),
      run_id(std::move(id)),
      started_at(now) {}

Status Process::rename_commands(const config::Settings& settings) {
  for (const auto& [name, new_name] : settings.security.renamed_commands) {
    if (Status renamed = table.rename(name, new_name); !renamed.ok()) return renamed;
  }
  return success();
}

}  // namespace shoal::core
