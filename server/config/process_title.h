// The name that the process goes by in ps, as proc-title-template says.
#pragma once

#include <string>

#include "server/config/settings.h"
#include "storage/base/result.h"

namespace shoal::config {

/// What the template may say of the server. `program`: the command that started it.
///
///     {title}        program             {listen-addr}  127.0.0.1:6379, or unixsocket:PATH without TCP
///     {port}         6379                {server-mode}  nothing
///     {unixsocket}   its path            {tls-port}     0
///     {config-file}  its path, or -
///
/// Spaces at the end are left out.
std::string process_title(const Settings& settings, View program);

/// Whether every {word} of a template is one of these.
bool is_title_template(View text);

}  // namespace shoal::config
