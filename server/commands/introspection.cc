// COMMAND: the command table, as clients see it.
#include <algorithm>

#include "server/commands/command_reply.h"
#include "server/commands/families.h"
#include "server/commands/subcommands.h"
#include "server/dispatch/command_facts.h"
#include "server/dispatch/command_table.h"
#include "server/dispatch/core_services.h"
#include "storage/base/ascii.h"
#include "storage/base/glob.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

const CommandTable& table(const Context& ctx) {
  return ctx.core.server().commands();
}

void reply_info_of_all(Context& ctx) {
  ctx.reply.array(table(ctx).commands().size());
  for (const Command* command : table(ctx).commands()) write_command_info(ctx.reply, *command, command->name);
}

void command(Context& ctx) {
  reply_info_of_all(ctx);
}

void count(Context& ctx) {
  ctx.reply.integer(static_cast<std::int64_t>(table(ctx).commands().size()));
}

void info(Context& ctx) {
  if (ctx.args.size() == 2) return reply_info_of_all(ctx);
  ctx.reply.array(ctx.args.size() - 2);
  for (const View name : ctx.args.subspan(2)) {
    const Command* found = table(ctx).find_name(name);
    found == nullptr ? ctx.reply.null_bulk() : write_command_info(ctx.reply, *found, found->name);
  }
}

void docs(Context& ctx) {
  std::vector<const Command*> shown;
  if (ctx.args.size() == 2) shown.assign(table(ctx).commands().begin(), table(ctx).commands().end());
  for (const View name : ctx.args.subspan(2)) {
    if (const Command* found = table(ctx).find_name(name)) shown.push_back(found);
  }
  ctx.reply.map(shown.size());
  for (const Command* found : shown) {
    ctx.reply.bulk(shown_name(*found));
    write_command_docs(ctx.reply, *found);
  }
}

// ---- LIST

bool has_category(const Command& command, View category) {
  const std::vector<View> categories = category_names(command);
  return std::find(categories.begin(), categories.end(), lower_case(category)) != categories.end();
}

using CommandFilter = bool (*)(const Command&, View);
struct FilterRow {
  View name;
  CommandFilter matches;
};
constexpr FilterRow kFilters[] = {
    {"ACLCAT", has_category},
    {"MODULE", [](const Command&, View) { return false; }},
    {"PATTERN", [](const Command& command,
                   View pattern) { return glob_match(pattern, shown_name(command), Case::kInsensitive); }},
};

void list(Context& ctx) {
  CommandFilter matches = [](const Command&, View) { return true; };
  View value;
  if (ctx.args.size() > 2) {
    if (ctx.args.size() != 5 || !is_option(ctx.args[2], "FILTERBY")) return ctx.fail(Error::kSyntax);
    matches = nullptr;
    for (const FilterRow& row : kFilters) {
      if (is_option(ctx.args[3], row.name)) matches = row.matches;
    }
    if (matches == nullptr) return ctx.fail(Error::kSyntax);
    value = ctx.args[4];
  }
  const auto array = ctx.reply.begin_array();
  std::size_t shown = 0;
  const auto show = [&](const Command& row) {
    if (!matches(row, value)) return;
    ctx.reply.bulk(shown_name(row));
    ++shown;
  };
  for (const Command* row : table(ctx).commands()) {
    show(*row);
    for (const Command& subcommand : row->subcommands) show(subcommand);
  }
  ctx.reply.end_array(array, shown);
}

// ---- GETKEYS

// The keys of the request in args[2...], or an error reply and false.
bool find_keys(Context& ctx, std::vector<KeyPosition>& positions) {
  const std::span<const View> request = ctx.args.subspan(2);
  const Command* found = table(ctx).find(request);
  if (found == nullptr) {
    ctx.fail("ERR Invalid command specified");
    return false;
  }
  if (!found->has_keys()) {
    ctx.fail("ERR The command has no key arguments");
    return false;
  }
  const auto size = static_cast<std::ptrdiff_t>(request.size());
  if (found->arity >= 0 ? size != found->arity : size < -found->arity) {
    ctx.fail("ERR Invalid number of arguments specified for command");
    return false;
  }
  if (key_positions(*found, request, positions)) {
    ctx.fail("ERR Invalid arguments specified for command");
    return false;
  }
  return true;
}

void getkeys(Context& ctx) {
  std::vector<KeyPosition> positions;
  if (!find_keys(ctx, positions)) return;
  ctx.reply.array(positions.size());
  for (const KeyPosition& position : positions) ctx.reply.bulk(ctx.args[2 + position.arg]);
}

void getkeysandflags(Context& ctx) {
  std::vector<KeyPosition> positions;
  if (!find_keys(ctx, positions)) return;
  ctx.reply.array(positions.size());
  for (const KeyPosition& position : positions) {
    ctx.reply.array(2);
    ctx.reply.bulk(ctx.args[2 + position.arg]);
    const std::vector<View> names = key_access_names(position.access);
    ctx.reply.set(names.size());
    for (const View name : names) ctx.reply.simple_string(name);
  }
}

void help(Context& ctx) {
  constexpr View kLines[] = {
      "(no subcommand)",
      "    What INFO tells of all commands.",
      "COUNT",
      "    How many commands there are.",
      "DOCS [<command> ...]",
      "    What commands do and which arguments they take.",
      "GETKEYS <request>",
      "    The keys of a whole request.",
      "GETKEYSANDFLAGS <request>",
      "    The keys of a whole request, and what it does to each.",
      "INFO [<command> ...]",
      "    Arity, flags, keys and categories of commands.",
      "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
      "    The names of commands.",
  };
  reply_help(ctx, "COMMAND", kLines);
}

constexpr std::uint32_t kAlways = kLoadingOk | kStaleOk;
constexpr Route kHere = Route::kAnywhere;
constexpr Group kServer = Group::kServer;

// clang-format off
constexpr Command kSubcommands[] = {
    {"COMMAND|COUNT", 2, kAlways, kHere, kNoKeys, count, kServer, "2.8.13", "O(1)", "Counts the commands", "", kConnectionCategory},
    Command{"COMMAND|DOCS", -2, kAlways, kHere, kNoKeys, docs, kServer, "7.0.0",
     "O(N) for N names", "Documents commands", "[command-name [command-name ...]]",
     kConnectionCategory}.with_tips("nondeterministic_output_order"),
    {"COMMAND|GETKEYS", -4, kAlways, kHere, kNoKeys, getkeys, kServer, "2.8.13",
     "O(N) for N arguments", "Returns the keys of a request", "command [arg [arg ...]]",
     kConnectionCategory},
    {"COMMAND|GETKEYSANDFLAGS", -4, kAlways, kHere, kNoKeys, getkeysandflags, kServer, "7.0.0",
     "O(N) for N arguments", "Returns the keys of a request and what it does to them",
     "command [arg [arg ...]]", kConnectionCategory},
    {"COMMAND|HELP", 2, kAlways, kHere, kNoKeys, help, kServer, "5.0.0", "O(1)", "Returns a text about the subcommands", "",
     kConnectionCategory},
    Command{"COMMAND|INFO", -2, kAlways, kHere, kNoKeys, info, kServer, "2.8.13",
     "O(N) for N names", "Describes commands to programs",
     "[command-name [command-name ...]]", kConnectionCategory}
         .with({.tips = "nondeterministic_output_order",
           .history = {{"7.0.0", "All commands, if none is named"}}}),
    Command{"COMMAND|LIST", -2, kAlways, kHere, kNoKeys, list, kServer, "7.0.0",
     "O(N) for N commands in all", "Returns the names of commands",
     "[FILTERBY <filterby: MODULE module-name | ACLCAT category | PATTERN pattern>]", kConnectionCategory}.with_tips("nondeterministic_output_order"),
};

constexpr Command kRows[] = {
    Command{"COMMAND", -1, kAlways | kContainer, kHere, kNoKeys, command, kServer, "2.8.13",
     "O(N) for N commands in all", "Describes all commands to programs", "", kConnectionCategory,
     kSubcommands}.with_tips("nondeterministic_output_order"),
};
// clang-format on

}  // namespace

Family introspection_family() {
  return kRows;
}

}  // namespace shoal::commands
