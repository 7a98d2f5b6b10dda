// The command line:  shoal [redis.conf | -] [--name value ...] ...
//
// Any directive of the configuration file may follow as --name value ..., and its values reach to the next
// word that starts with "--". They override the file, whose place is first. Besides those: --help, --version,
// --check-config.
#pragma once

#include <span>
#include <string>

#include "server/config/options.h"
#include "server/config/settings.h"
#include "storage/base/result.h"

namespace shoal::config {

/// What main is to do.
enum class Action {
  kServe,        // Start with `settings`.
  kPrint,        // Print `text`, exit 0.
  kCheckConfig,  // The configuration is fine: say so, exit 0.
};

struct Invocation {
  Action action = Action::kServe;
  Settings settings;
  Warnings warnings;  // To log, once there is a log.
  std::string text;
};

/// Reads the command line (without argv[0]) and the file it names. On failure the message has several lines
/// and is to be printed on standard error as it is, then exit 1.
Result<Invocation> parse_command_line(std::span<const std::string> args);

/// The page of --help: every option, by subject, with its values and default.
std::string help_page();

}  // namespace shoal::config
