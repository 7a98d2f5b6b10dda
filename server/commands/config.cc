// CONFIG: options at run time.
#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/subcommands.h"
#include "server/config/config_file.h"
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

void set(Context& ctx) {
  if (ctx.args.size() % 2 != 0) return ctx.fail(Error::kSyntax);
  std::vector<config::Assignment> assignments;
  for (std::size_t i = 2; i < ctx.args.size(); i += 2) assignments.push_back({ctx.args[i], ctx.args[i + 1]});
  const Session& session = ctx.session();
  const auto caller =
      session.is_loopback || session.is_unix_socket ? config::Caller::kLocal : config::Caller::kRemote;
  Server& server = ctx.core.server();
  config::Warnings warnings;
  auto settings = config::config_set(server.settings(), assignments, caller, warnings);
  if (!settings) return ctx.fail("ERR " + settings.message());
  for (const std::string& warning : warnings) server.log().warning("{}", warning);
  const Deferral deferral = ctx.defer();
  server.publish(std::move(settings).value(), [deferral](const Status& status) {
    deferral.resume([failure = status.ok() ? std::string() : status.message()](Context& context) {
      failure.empty() ? context.reply.ok() : context.fail("ERR " + failure);
    });
  });
}

void resetstat(Context& ctx) {
  everywhere_then_ok(ctx, [](CoreServices& core) {
    core.counters().reset();
    core.statistics().reset();
  });
}

void rewrite(Context& ctx) {
  Server& server = ctx.core.server();
  const Status status = config::rewrite_file(server.settings());
  if (!status) {
    server.log().warning("CONFIG REWRITE failed: {}", status.message());
    return ctx.fail("ERR " + status.message());
  }
  server.log().notice("CONFIG REWRITE executed with success.");
  ctx.reply.ok();
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
    {"CONFIG|GET", -3, kAdministration, kHere, kNoKeys, get, kServer, "2.0.0",
     "O(N) when N is the number of configuration parameters provided", "Returns options and their values",
     "parameter [parameter ...]"},
    {"CONFIG|HELP", 2, kLoadingOk | kStaleOk, kHere, kNoKeys, help, kServer, "5.0.0", "O(1)",
     "Returns a text about the subcommands", ""},
    {"CONFIG|RESETSTAT", 2, kAdministration | kMayDefer, kHere, kNoKeys, resetstat, kServer, "2.0.0", "O(1)",
     "Begins the counts of INFO anew", ""},
    {"CONFIG|REWRITE", 2, kAdministration, kHere, kNoKeys, rewrite, kServer, "2.8.0", "O(1)",
     "Writes the options into the configuration file", ""},
    {"CONFIG|SET", -4, kAdministration | kMayDefer, kHere, kNoKeys, set, kServer, "2.0.0",
     "O(N) when N is the number of configuration parameters provided", "Changes options",
     "parameter value [parameter value ...]", kNoExtraCategory, {}, Secrets::kOptionValues},
};

constexpr Command kRows[] = {
    {"CONFIG", -2, kContainer, kHere, kNoKeys, nullptr, kServer, "2.0.0", "Depends on subcommand.",
     "Commands about options", "", kNoExtraCategory, kSubcommands},
};
// clang-format on

}  // namespace

Family config_family() {
  return kRows;
}

}  // namespace shoal::commands
