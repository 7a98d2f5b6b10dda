// What settings ask of the process as a whole, beyond the cores that read them: where it listens, what it is
// called, where it works. On core 0.
#pragma once

#include "server/config/settings.h"
#include "server/core/process.h"
#include "storage/base/result.h"

namespace shoal::core {

/// What `network` says of listening.
runtime::ListenOptions listen_options(const config::NetworkSettings& network);

/// Puts into effect what differs between two settings. On failure everything is as it was, and the message is
/// what CONFIG SET answers behind "ERR ".
Status put_into_effect(const config::Settings& before, const config::Settings& after, Process& process);

}  // namespace shoal::core
