// The command families: each is a file of this folder that holds its rows and their handlers. A new family adds one line
// here and one in families.cc; a new command touches its family only.
#pragma once

#include <vector>

#include "server/dispatch/command_table.h"

namespace shoal::commands {

dispatch::Family string_family();
dispatch::Family key_family();
dispatch::Family expiry_family();
dispatch::Family database_family();
dispatch::Family transaction_family();

/// Every family, in the order COMMAND lists them.
std::vector<dispatch::Family> all_families();

}  // namespace shoal::commands
