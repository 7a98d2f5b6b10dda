#include "server/core/settings_effects.h"

#include <fmt/format.h>

#include "server/config/options.h"
#include "server/config/process_title.h"
#include "server/core/client_room.h"

namespace shoal::core {

namespace {

using config::Settings;

Failure refused(View option, View why) {
  return Failure{config::config_set_failure(option, why)};
}

Status admit_clients(const Settings& before, const Settings& after, Process& process) {
  const std::int64_t wanted = after.network.maxclients;
  if (wanted <= before.network.maxclients) return success();
  const std::int64_t room =
      make_room_for_clients(wanted, process.node.core_count(), process.host, process.log);
  if (room >= wanted) return success();
  return refused(
      "maxclients",
      fmt::format("The operating system is not able to handle the specified number of clients, try with {}",
                  room));
}

Status enter_folder(const Settings& before, const Settings& after, Process& process) {
  if (after.process.dir == before.process.dir) return success();
  const Status entered = process.host.enter_folder(after.process.dir);
  return entered ? entered : refused("dir", entered.message());
}

Status listen_elsewhere(const Settings& before, const Settings& after, Process& process) {
  const bool other_port = after.network.port != before.network.port;
  if (!other_port && after.network.binds == before.network.binds) return success();
  const auto listening = process.host.listen_elsewhere(listen_options(after.network));
  if (listening.ok()) {
    for (const std::string& warning : listening.value()) process.log.warning("{}", warning);
    return success();
  }
  process.log.warning("{}; listening as before", listening.message());
  return other_port ? refused("port", "Unable to listen on this port. Check server logs.")
                    : refused("bind", "Failed to bind to specified addresses.");
}

// As Redis, a new template is shown even where set-proc-title had left the title alone.
void set_title(const Settings& before, const Settings& after, Process& process) {
  const bool other_template = after.process.proc_title_template != before.process.proc_title_template;
  if (!after.process.set_proc_title && !other_template) return;
  process.host.set_title(config::process_title(after, process.program));
}

}  // namespace

runtime::ListenOptions listen_options(const config::NetworkSettings& network) {
  runtime::ListenOptions options;
  options.bind = network.binds;
  options.port = static_cast<std::uint32_t>(network.port);
  options.unix_socket = network.unixsocket;
  if (network.unixsocketperm != 0) options.unix_permissions = static_cast<unsigned>(network.unixsocketperm);
  options.backlog = static_cast<int>(network.tcp_backlog);
  return options;
}

Status put_into_effect(const Settings& before, const Settings& after, Process& process) {
  // A limit that was raised in vain does no harm.
  if (Status admitted = admit_clients(before, after, process); !admitted) return admitted;
  if (Status entered = enter_folder(before, after, process); !entered) return entered;
  if (Status listening = listen_elsewhere(before, after, process); !listening) {
    if (const Status back = enter_folder(after, before, process); !back)
      process.log.warning("{}", back.message());
    return listening;
  }
  process.log.set_level(after.log.level);
  set_title(before, after, process);
  return success();
}

}  // namespace shoal::core
