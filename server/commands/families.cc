#include "server/commands/families.h"

namespace shoal::commands {

std::vector<dispatch::Family> all_families() {
  return {
      string_family(),   string_number_family(), string_edit_family(), key_family(),        expiry_family(),
      database_family(), walk_family(),          transaction_family(), connection_family(), client_family(),
      server_family(),   config_family(),        info_family(),        memory_family(),     slowlog_family(),
      latency_family(),  introspection_family(), debug_family(),
  };
}

}  // namespace shoal::commands
