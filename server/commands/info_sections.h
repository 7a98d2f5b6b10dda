// The sections of INFO: each a name and a function that writes its fields.
#pragma once

#include <span>
#include <string>

#include "server/commands/info_constants.h"
#include "server/commands/info_figures.h"
#include "server/commands/memory_figures.h"

namespace shoal::commands {

/// All that a section may tell of.
struct InfoSource {
  dispatch::CoreServices& core;
  dispatch::Server& server;
  const InfoFigures& figures;
  const metrics::ProcessFacts& process;
  const MemoryFigures& memory;
};

struct InfoSection {
  View name;        // as asked for, in lower case
  View title;       // as shown
  bool by_default;  // else only with "all", "everything" or by name
  void (*write)(const InfoSource&, std::string& text);
  std::span<const ConstantField> constants = {};  // shown behind what write() writes
};

/// In the order INFO shows them.
std::span<const InfoSection> info_sections();

}  // namespace shoal::commands
