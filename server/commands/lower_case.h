// Names of commands as clients see them: rows hold them in upper case.
#pragma once

#include <string>

#include "storage/base/units.h"

namespace shoal::commands {

inline std::string lower_case(View text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace shoal::commands
