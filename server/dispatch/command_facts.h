// What the columns of a row are called by clients: flags, categories, groups and access flags, in the words
// and the order of COMMAND INFO.
#pragma once

#include <vector>

#include "server/dispatch/command.h"

namespace shoal::dispatch {

/// "readonly", "fast"...
std::vector<View> flag_names(std::uint32_t flags);
/// "RO", "access"... of KeySpec::access.
std::vector<View> key_access_names(std::uint16_t access);
/// "string", "sorted-set"..., as COMMAND DOCS says.
View group_name(Group group);
/// ACL categories without '@': those the row names, and those its flags and group imply.
std::vector<View> category_names(const Command& command);

}  // namespace shoal::dispatch
