// CONFIG: options at run time.
#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/subcommands.h"
#include "server/config/options.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

void get(Context& ctx) {
  const auto values = config::config_get(ctx.core.server().settings(), ctx.args.subspan(2));
  ctx.reply.map(values.size());
  for (const auto& [name, value] : values) {
    ctx.reply.bulk(name);
    ctx.reply.bulk(value);
  }
}

void answer(const Deferral& deferral, const Status& status) {
  deferral.resume([status](Context& ctx) { status ? ctx.reply.ok() : ctx.fail("ERR " + status.message()); });
}

void set(Context& ctx) {
  if (ctx.args.size() % 2 != 0) return ctx.fail(Error::kSyntax);
  const Session& session = ctx.session();
  const auto caller =
      session.is_loopback || session.is_unix_socket ? config::Caller::kLocal : config::Caller::kRemote;
  Server& server = ctx.core.server();
  // On its way it outlives the request, so it has words of its own.
  const auto change = [words = std::vector<std::string>(ctx.args.begin() + 2, ctx.args.end()), caller,
                       &log = server.log()](const config::Settings& present) {
    std::vector<config::Assignment> assignments;
    for (std::size_t i = 0; i < words.size(); i += 2) assignments.push_back({words[i], words[i + 1]});
    config::Warnings warnings;
    auto changed = config::config_set(present, assignments, caller, warnings);
    for (const std::string& warning : warnings) log.warning("{}", warning);
    return changed;
  };
  server.change_settings(change,
                         [deferral = ctx.defer()](const Status& status) { answer(deferral, status); });
}

void resetstat(Context& ctx) {
  everywhere_then_ok(ctx, [](CoreServices& core) {
    core.counters().reset();
    core.statistics().reset();
  });
}

void rewrite(Context& ctx) {
  Server& server = ctx.core.server();
  server.rewrite_config_file([deferral = ctx.defer(), &log = server.log()](const Status& status) {
    status ? log.notice("CONFIG REWRITE executed with success.")
           : log.warning("CONFIG REWRITE failed: {}", status.message());
    answer(deferral, status);
  });
}

void help(Context& ctx) {
  constexpr View kLines[] = {
      "GET <pattern> [<pattern> ...]",
      "    Options that match a glob-like pattern, and their values.",
      "RESETSTAT",
      "    Begin the counts of INFO anew.",
      "REWRITE",
      "    Write the options into the configuration file.",
      "SET <option> <value> [<option> <value> ...]",
      "    Change options: all of them, or none.",
  };
  reply_help(ctx, "CONFIG", kLines);
}

constexpr Route kHere = Route::kAnywhere;
constexpr Group kServer = Group::kServer;
constexpr std::uint32_t kAdministration = kAdmin | kNoScript | kLoadingOk | kStaleOk;

// clang-format off
constexpr Command kSubcommands[] = {
    Command{"CONFIG|GET", -3, kAdministration, kHere, kNoKeys, get, kServer, "2.0.0",
     "O(N) for N options", "Returns options and their values",
     "<parameter: parameter> ..."}
         .with({.history = {{"7.0.0", "Takes several patterns"}}}),
    {"CONFIG|HELP", 2, kLoadingOk | kStaleOk, kHere, kNoKeys, help, kServer, "5.0.0", "O(1)",
     "Returns a text about the subcommands", ""},
    {"CONFIG|RESETSTAT", 2, kAdministration | kMayDefer, kHere, kNoKeys, resetstat, kServer, "2.0.0", "O(1)",
     "Begins the counts of INFO anew", ""},
    {"CONFIG|REWRITE", 2, kAdministration | kMayDefer, kHere, kNoKeys, rewrite, kServer, "2.8.0", "O(1)",
     "Writes the options into the configuration file", ""},
    Command{"CONFIG|SET", -4, kAdministration | kMayDefer, kHere, kNoKeys, set, kServer, "2.0.0",
     "O(N) for N options", "Changes options",
     "parameter value [parameter value ...]", kNoExtraCategory, {}, Secrets::kOptionValues}
         .with({.tips = "request_policy:all_nodes response_policy:all_succeeded",
           .history = {{"7.0.0", "Takes several options and their values"}}}),
};

constexpr Command kRows[] = {
    {"CONFIG", -2, kContainer, kHere, kNoKeys, nullptr, kServer, "2.0.0", "As the subcommand says",
     "Commands about options", "", kNoExtraCategory, kSubcommands},
};
// clang-format on

}  // namespace

Family config_family() {
  return kRows;
}

}  // namespace shoal::commands
