// Commands about the server as a whole: TIME, SHUTDOWN, MONITOR, LOLWUT.
#include <fmt/format.h>

#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/version.h"
#include "storage/base/numbers.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

void time(Context& ctx) {
  const Micros now = ctx.core.wall_clock_fresh();
  ctx.reply.array(2);
  ctx.reply.bulk_integer(now / 1'000'000);
  ctx.reply.bulk_integer(now % 1'000'000);
}

// ---- SHUTDOWN

struct ShutdownOptions {
  bool save = false;
  bool no_save = false;
  bool now = false;
  bool force = false;
  bool abort = false;

  bool make_sense() const {
    if (save && no_save) return false;
    return !abort || !(save || no_save || now || force);
  }
};

std::optional<ShutdownOptions> parse_shutdown(std::span<const View> words) {
  struct Row {
    View name;
    bool ShutdownOptions::*option;
  };
  constexpr Row kOptions[] = {
      {"SAVE", &ShutdownOptions::save},   {"NOSAVE", &ShutdownOptions::no_save},
      {"NOW", &ShutdownOptions::now},     {"FORCE", &ShutdownOptions::force},
      {"ABORT", &ShutdownOptions::abort},
  };
  ShutdownOptions options;
  for (const View word : words) {
    bool known = false;
    for (const Row& row : kOptions) {
      if (!is_option(word, row.name)) continue;
      options.*row.option = true;
      known = true;
    }
    if (!known) return std::nullopt;
  }
  if (!options.make_sense()) return std::nullopt;
  return options;
}

// The reply is that the connection closes. Nothing can be saved yet, so SAVE is refused unless it is forced.
void shutdown(Context& ctx) {
  const auto options = parse_shutdown(ctx.args.subspan(1));
  if (!options) return ctx.fail(Error::kSyntax);
  if (options->abort) return ctx.fail("ERR No shutdown in progress.");
  config::Log& log = ctx.core.server().log();
  if (options->save && !options->force) {
    log.warning("SHUTDOWN SAVE refused: this version does not write the dataset to disk");
    return ctx.fail("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  log.notice("User requested shutdown...");
  ctx.defer();
  ctx.core.server().shut_down();
}

// ---- MONITOR

// The client sees requests that come after its OK, so it counts as a monitor only once it has that. Asking
// again is not answered.
void monitor(Context& ctx) {
  if (ctx.in_exec()) return ctx.fail("ERR MONITOR isn't allowed for DENY BLOCKING client");
  if (ctx.session().is_monitor) return;
  const Monitor monitor = {ctx.core.id(), ctx.session().id};
  const Deferral deferral = ctx.defer();
  ctx.core.server().on_every_core([monitor](CoreServices& core) { core.add_monitor(monitor); },
                                  [monitor, deferral, server = &ctx.core.server()] {
                                    if (deferral.client_gone()) {
                                      const auto undo = [monitor](CoreServices& core) {
                                        core.remove_monitor(monitor.session_id);
                                      };
                                      return server->on_every_core(undo, [] {});
                                    }
                                    deferral.resume([](Context& context) {
                                      context.session().is_monitor = true;
                                      context.reply.ok();
                                    });
                                  });
}

// ---- LOLWUT

struct Sea {
  std::int64_t columns = 60;
  std::int64_t rows = 12;
  std::int64_t fish = 24;
};

// A shoal swims to the right, and one fish does not.
std::string draw(const Sea& sea, CoreServices& core) {
  constexpr View kFish[] = {"><>", "><((o>", "><(('>", ">=>"};
  constexpr View kOther = "<><";
  std::vector<std::string> water(static_cast<std::size_t>(sea.rows),
                                 std::string(static_cast<std::size_t>(sea.columns), ' '));
  const auto place = [&](View shape) {
    const std::size_t row = core.random() % water.size();
    if (shape.size() > water[row].size()) return;
    const std::size_t column = core.random() % (water[row].size() - shape.size() + 1);
    water[row].replace(column, shape.size(), shape);
  };
  for (std::int64_t i = 1; i < sea.fish; ++i) place(kFish[core.random() % std::size(kFish)]);
  place(kOther);
  std::string text;
  for (const std::string& row : water) text += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  return text;
}

// LOLWUT [VERSION n] [columns] [rows] [fish]: one picture for every version.
void lolwut(Context& ctx) {
  std::span<const View> numbers = ctx.args.subspan(1);
  if (numbers.size() >= 2 && is_option(numbers[0], "VERSION")) {
    if (!ctx.integer(2)) return;
    numbers = numbers.subspan(2);
  }
  Sea sea;
  std::int64_t* const sizes[] = {&sea.columns, &sea.rows, &sea.fish};
  constexpr std::int64_t kLimits[] = {200, 100, 1000};
  for (std::size_t i = 0; i < std::min(numbers.size(), std::size(sizes)); ++i) {
    const auto number = parse_integer(numbers[i]);
    if (number && *number >= 1) *sizes[i] = std::min(*number, kLimits[i]);
  }
  ctx.reply.verbatim(fmt::format("{}\nRedis ver. {} (Shoal ver. {})\n", draw(sea, ctx.core), kEmulatedVersion,
                                 SHOAL_VERSION));
}

constexpr Group kServer = Group::kServer;
constexpr Route kHere = Route::kAnywhere;
constexpr std::uint32_t kAdministration = kAdmin | kNoScript | kLoadingOk | kStaleOk;

// clang-format off
constexpr Command kRows[] = {
    {"LOLWUT", -1, kReadOnly | kFast, kHere, kNoKeys, lolwut, kServer, "5.0.0", "", "Draws something", "[VERSION version]"},
    {"MONITOR", 1, kAdministration | kMayDefer, kHere, kNoKeys, monitor, kServer, "1.0.0", "",
     "Shows every request the server runs, as it comes", ""},
    Command{"SHUTDOWN", -1, kAdministration | kNoMulti | kAllowBusy | kMayDefer, kHere, kNoKeys, shutdown, kServer, "1.0.0",
     "O(1); O(N) for N keys to be saved",
     "Ends the server", "[NOSAVE | SAVE] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]"}
         .with({.history = {{"7.0.0", "NOW, FORCE and ABORT"}}}),
    Command{"TIME", 1, kLoadingOk | kStaleOk | kFast, kHere, kNoKeys, time, kServer, "2.6.0", "O(1)", "Returns the server's time", ""}
         .with_tips("nondeterministic_output"),
};
// clang-format on

}  // namespace

Family server_family() {
  return kRows;
}

}  // namespace shoal::commands
