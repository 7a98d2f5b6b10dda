// INFO: what the server knows of itself, of all cores together.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "server/commands/families.h"
#include "server/commands/info_sections.h"
#include "storage/base/ascii.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

/// Which sections were asked for. Names that are unknown ask for nothing.
struct Selection {
  std::set<std::string, std::less<>> names;
  bool defaults = false;
  bool all = false;

  bool has(const InfoSection& section) const {
    return all || (defaults && section.by_default) || names.contains(section.name);
  }
};

Selection select_sections(std::span<const View> words) {
  Selection selection;
  selection.defaults = words.empty();
  for (const View word : words) {
    const std::string name = lower_case(word);
    if (name == "default") {
      selection.defaults = true;
    } else if (name == "all" || name == "everything") {
      selection.all = true;
    } else {
      selection.names.insert(name);
    }
  }
  return selection;
}

std::string write_sections(const InfoSource& source, const Selection& selection) {
  std::string text;
  for (const InfoSection& section : info_sections()) {
    if (!selection.has(section)) continue;
    if (!text.empty()) text += "\r\n";
    text += fmt::format("# {}\r\n", section.title);
    section.write(source, text);
    for (const ConstantField& field : section.constants)
      text += fmt::format("{}:{}\r\n", field.name, field.value);
  }
  return text;
}

void info(Context& ctx) {
  const Selection selection = select_sections(ctx.args.subspan(1));
  gather(ctx, collect_info, [selection](Context& context, const Answers<InfoFigures>& answers) {
    Server& server = context.core.server();
    const InfoFigures figures = sum_info(answers);
    const metrics::ProcessFacts process = server.process_facts();
    const MemoryFigures memory = memory_figures(server, figures.client_bytes, table_bytes(figures.databases));
    context.reply.verbatim(write_sections({context.core, server, figures, process, memory}, selection));
  });
}

// clang-format off
constexpr Command kRows[] = {
    Command{"INFO", -1, kLoadingOk | kStaleOk | kMayDefer, Route::kAnywhere, kNoKeys, info, Group::kServer, "1.0.0", "O(1)",
     "Returns figures about the server", "[section [section ...]]", kDangerous}
         .with({.tips = "nondeterministic_output request_policy:all_shards response_policy:special",
           .history = {{"7.0.0", "Takes several sections"}}}),
};
// clang-format on

}  // namespace

Family info_family() {
  return kRows;
}

}  // namespace shoal::commands
