// The command families: each is a file of this folder that holds its rows and their handlers. A new family
// adds one line here and one in families.cc; a new command touches its family and its tests.
#pragma once

#include <vector>

#include "server/dispatch/command_table.h"

namespace shoal::commands {

dispatch::Family string_family();
dispatch::Family string_number_family();
dispatch::Family string_edit_family();
dispatch::Family key_family();
dispatch::Family expiry_family();
dispatch::Family database_family();
dispatch::Family walk_family();
dispatch::Family transaction_family();
dispatch::Family connection_family();
dispatch::Family client_family();
dispatch::Family server_family();
dispatch::Family config_family();
dispatch::Family info_family();
dispatch::Family memory_family();
dispatch::Family slowlog_family();
dispatch::Family latency_family();
dispatch::Family introspection_family();
dispatch::Family debug_family();

/// Every family, in the order COMMAND lists them.
std::vector<dispatch::Family> all_families();

}  // namespace shoal::commands
