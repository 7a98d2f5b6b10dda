// Bytes as quoted text and back: what redis-cli and MONITOR print, and what configuration files and inline
// requests are written in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/base/units.h"

namespace shoal {

/// `bytes` in double quotes: \" \\ \n \r \t \a \b by name, other unprintable bytes (and all above 0x7E) as
/// \xhh with lower-case digits. split_arguments reads it back exactly.
std::string quote(View bytes);

/// The arguments of one line, separated by white space. In "double quotes" the escapes of quote() are known
/// (an unknown escape stands for its byte); in 'single quotes' only \' is. Quotes may open within an
/// argument, and what follows a closing one must be white space or the end. std::nullopt if that rule is
/// broken or a quote is not closed. A zero byte ends an argument like white space does; a vertical tab
/// or a form feed does not, though it is white space between arguments. An empty line has no arguments.
std::optional<std::vector<std::string>> split_arguments(View line);

}  // namespace shoal
