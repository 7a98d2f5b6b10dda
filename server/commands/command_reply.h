// A row of the command table as COMMAND INFO and COMMAND DOCS reply it.
#pragma once

#include "protocol/reply_writer.h"
#include "server/dispatch/command.h"

namespace shoal::commands {

/// One element of COMMAND INFO. `name` as clients know it.
void write_command_info(protocol::ReplyWriter& reply, const dispatch::Command& command, View name);
/// The map behind a command's name in COMMAND DOCS.
void write_command_docs(protocol::ReplyWriter& reply, const dispatch::Command& command);

}  // namespace shoal::commands
