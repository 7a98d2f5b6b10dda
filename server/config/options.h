// The options by name: every directive of redis.conf and every name of CONFIG GET is one row of a table
// (option.h), and reading, setting, listing and help all go through the rows.
//
// Texts of errors are Redis' own, where Redis has one, without the leading "ERR ".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/settings.h"
#include "storage/base/result.h"
#include "storage/base/units.h"

namespace shoal::config {

/// Sentences for the log, at level warning: options that were accepted but have no effect, and why.
using Warnings = std::vector<std::string>;

/// A start: every option may be set, repeated `save` and `rename-command` add up. At run time: see CONFIG
/// SET.
enum class Phase { kStartup, kRuntime };

/// Who asks CONFIG SET. A local caller comes by loopback or unix socket (enable-protected-configs local).
enum class Caller { kLocal, kRemote };

/// Sets one option from the words that follow its name, in any case. On failure `settings` is as before, and
/// the message says only what is wrong ("argument must be 'yes' or 'no'"). Of the kernel it asks only whether
/// `dir` exists.
Status set(Settings& settings, View name, std::span<const std::string> words, Phase phase,
           Warnings& warnings);

struct Assignment {
  View name;
  View value;
};

/// CONFIG SET: all of `assignments` or none. The new settings, or what the client reads behind "ERR ".
/// Applying them (listening on another port, say) is for the server; if that fails it answers
/// config_set_failure() and keeps the old ones.
Result<Settings> config_set(const Settings& current, std::span<const Assignment> assignments, Caller caller,
                            Warnings& warnings);

/// "CONFIG SET failed (possibly related to argument 'NAME') - WHY", as all refusals of CONFIG SET read.
std::string config_set_failure(View name, View why);

/// CONFIG GET: name and value of every option that matches one of the glob patterns, each once, in the order
/// of the table. A name without wildcards is echoed in the case it was asked in. Options that Redis does not
/// list (rename-command, loadmodule...) are never found.
std::vector<std::pair<std::string, std::string>> config_get(const Settings& settings,
                                                            std::span<const View> patterns);

/// The value CONFIG GET answers for the option, "" if there is no such option.
std::string value_of(const Settings& settings, View name);

/// True if the value must not appear in SLOWLOG, MONITOR or the log. False for unknown names.
bool is_sensitive(View name);

}  // namespace shoal::config
