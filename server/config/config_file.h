// redis.conf: reading one, and writing changed settings back into it (CONFIG REWRITE).
//
// A line is empty, a comment (its first visible byte is '#'), or a directive and its words, quoted as inline
// commands are. `include PATH` reads other files in place; PATH may be a glob, and a glob that matches
// nothing is no error.
#pragma once

#include <string>
#include <vector>

#include "server/config/options.h"
#include "server/config/settings.h"
#include "storage/base/result.h"
#include "storage/base/units.h"

namespace shoal::config {

/// How deep `include` may nest; deeper is an error, so a file that includes itself ends.
constexpr int kIncludeDepthMax = 16;
/// No configuration file is larger; a larger one is an error.
constexpr std::size_t kConfigFileBytesMax = 16 * kMiB;

/// Applies the directives of `text`, one after the other, to `settings`. `origin` names the text in errors,
/// which read:
///
///     Reading the configuration file ORIGIN, at line 3
///     >>> 'maxclients x'
///     argument couldn't be parsed into an integer
Status apply_text(Settings& settings, View text, View origin, Warnings& warnings);

/// Reads the file, "-" for standard input, and applies it. Sets settings.config_file (not for "-").
Status apply_file(Settings& settings, const std::string& path, Warnings& warnings);

/// `old_text` changed so that loading it gives `settings`: comments, order and what has not changed stay byte
/// for byte; an option that changed is written where it stood; one that is new goes under a line "# Generated
/// by CONFIG REWRITE" at the end. Options at their default that were never mentioned are not written.
std::string rewrite(View old_text, const Settings& settings);

/// CONFIG REWRITE: rewrites settings.config_file, by way of a temporary file in the same folder, fsync and
/// rename, so that a crash leaves the old file or the new one. Blocks for the length of two fsyncs. On
/// failure the message is what the client reads behind "ERR ".
Status rewrite_file(const Settings& settings);

}  // namespace shoal::config
