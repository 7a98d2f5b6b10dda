// Commands about the connection itself: who it is, which protocol and database it uses.
#include <fmt/format.h>

#include <algorithm>

#include "server/commands/database_argument.h"
#include "server/commands/families.h"
#include "server/commands/session_name.h"
#include "server/commands/version.h"
#include "server/config/settings.h"
#include "server/dispatch/context.h"
#include "server/dispatch/core_services.h"
#include "server/dispatch/watch.h"
#include "storage/base/numbers.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

// Compares in a time that does not depend on where the two differ.
bool is_password(View given, View password) {
  unsigned difference = given.size() == password.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char expected = password.empty() ? '\0' : password[i % password.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i] ^ expected));
  }
  return difference == 0;
}

// There is one user, "default"; without a password it takes any.
bool log_in(Context& ctx, View user, View password) {
  const std::string& required = ctx.core.server().settings().security.requirepass;
  if (user != "default" || (!required.empty() && !is_password(password, required))) {
    ctx.fail(Error::kWrongPassword);
    return false;
  }
  ctx.session().state &= ~static_cast<std::uint32_t>(kNotAuthenticated);
  return true;
}

void auth(Context& ctx) {
  if (ctx.args.size() > 3) return ctx.fail(Error::kSyntax);
  if (ctx.args.size() == 2 && ctx.core.server().settings().security.requirepass.empty()) {
    return ctx.fail(Error::kNoPasswordSet);
  }
  const View user = ctx.args.size() == 2 ? View("default") : ctx.args[1];
  if (log_in(ctx, user, ctx.args.back())) ctx.reply.ok();
}

void echo(Context& ctx) {
  ctx.reply.bulk(ctx.args[1]);
}

void ping(Context& ctx) {
  if (ctx.args.size() > 2) return ctx.fail("ERR wrong number of arguments for 'ping' command");
  if (ctx.args.size() == 2) return ctx.reply.bulk(ctx.args[1]);
  ctx.reply.simple_string("PONG");
}

// AUTH and SETNAME take effect in the order they are written, also when a later one is refused.
bool apply_hello_options(Context& ctx) {
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const std::size_t left = ctx.args.size() - 1 - i;
    if (is_option(ctx.args[i], "AUTH") && left >= 2) {
      if (!log_in(ctx, ctx.args[i + 1], ctx.args[i + 2])) return false;
      i += 2;
    } else if (is_option(ctx.args[i], "SETNAME") && left >= 1) {
      if (!set_session_name(ctx, ctx.args[i + 1])) return false;
      i += 1;
    } else {
      ctx.fail(fmt::format("ERR Syntax error in HELLO option '{}'",
                           ctx.args[i].substr(0, ctx.args[i].find('\0'))));
      return false;
    }
  }
  return true;
}

void hello(Context& ctx) {
  Session& session = ctx.session();
  protocol::RespVersion version = session.resp;
  if (ctx.args.size() >= 2) {
    const auto number = parse_integer(ctx.args[1]);
    if (!number) return ctx.fail("ERR Protocol version is not an integer or out of range");
    if (*number != 2 && *number != 3) return ctx.fail(Error::kProtocolVersion);
    version = *number == 3 ? protocol::RespVersion::kResp3 : protocol::RespVersion::kResp2;
    if (!apply_hello_options(ctx)) return;
  }
  if ((session.state & kNotAuthenticated) != 0) {
    return ctx.fail(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
        "<pass> "
        "option can be used to authenticate the client and select the RESP protocol version at the same "
        "time");
  }
  session.resp = version;
  ctx.reply.set_version(version);
  ctx.reply.map(7);
  ctx.reply.bulk("server");
  ctx.reply.bulk("redis");
  ctx.reply.bulk("version");
  ctx.reply.bulk(kEmulatedVersion);
  ctx.reply.bulk("proto");
  ctx.reply.integer(static_cast<std::int64_t>(version));
  ctx.reply.bulk("id");
  ctx.reply.integer(static_cast<std::int64_t>(session.id));
  ctx.reply.bulk("mode");
  ctx.reply.bulk("standalone");
  ctx.reply.bulk("role");
  ctx.reply.bulk("master");
  ctx.reply.bulk("modules");
  ctx.reply.array(0);
}

void quit(Context& ctx) {
  ctx.session().close_after_reply = true;
  ctx.reply.ok();
}

// As if the client had connected again, under the same id.
void reset(Context& ctx) {
  Session& session = ctx.session();
  forget_watches(session, ctx.keys);
  session.transaction = TransactionState{};
  session.state = ctx.core.server().settings().security.requirepass.empty() ? 0u : kNotAuthenticated;
  if (session.is_monitor) {
    session.is_monitor = false;
    ctx.core.server().on_every_core([id = session.id](CoreServices& core) { core.remove_monitor(id); },
                                    [] {});
  }
  session.database = 0;
  session.resp = protocol::RespVersion::kResp2;
  session.reply_mode = ReplyMode::kOn;
  session.no_evict = false;
  session.no_touch = false;
  session.name.clear();
  ctx.reply.set_version(session.resp);
  ctx.reply.simple_string("RESET");
}

void select(Context& ctx) {
  const auto database = database_argument(ctx, 1);
  if (!database) return;
  ctx.session().database = *database;
  ctx.keys.set_database(*database);
  ctx.reply.ok();
}

constexpr std::uint32_t kAlways = kNoScript | kLoadingOk | kStaleOk | kFast | kNoAuth | kAllowBusy;
constexpr Route kHere = Route::kAnywhere;
constexpr Group kConnection = Group::kConnection;

// clang-format off
constexpr Command kRows[] = {
    Command{"AUTH",  -2, kAlways, kHere, kNoKeys, auth, kConnection, "1.0.0",
     "O(1)", "Logs the connection in", "[username@6.0.0] password",
     kNoExtraCategory, {}, Secrets::kAllArguments}
         .with({.history = {{"6.0.0", "A user's name may stand before the password"}}}),
    {"ECHO",   2, kLoadingOk | kStaleOk | kFast, kHere, kNoKeys, echo, kConnection, "1.0.0",
     "O(1)", "Returns the given message", "message"},
    Command{"HELLO", -1, kAlways, kHere, kNoKeys, hello, kConnection, "6.0.0",
     "O(1)", "Chooses the protocol version, and may log in and name the connection",
     "[arguments: protover [AUTH username password] [SETNAME clientname]]", kNoExtraCategory, {}, Secrets::kBehindAuth}
         .with({.history = {{"6.2.0", "Without arguments it tells about the connection as it is"}}}),
    Command{"PING",  -1, kFast, kHere, kNoKeys, ping, kConnection, "1.0.0",
     "O(1)", "Returns PONG, or the given message", "[message]"}.with_tips("request_policy:all_shards response_policy:all_succeeded"),
    {"QUIT",  -1, kAlways | kRunsInMulti, kHere, kNoKeys, quit, kConnection, "1.0.0",
     "O(1)", "Closes the connection", ""},
    {"RESET",  1, kAlways | kRunsInMulti | kUsesWatches, Route::kSession, kNoKeys, reset, kConnection, "6.2.0",
     "O(1)", "Brings the connection back to its first state", ""},
    {"SELECT", 2, kLoadingOk | kStaleOk | kFast, kHere, kNoKeys, select, kConnection, "1.0.0",
     "O(1)", "Changes the database that commands work on", "index"},
};
// clang-format on

}  // namespace

Family connection_family() {
  return kRows;
}

}  // namespace shoal::commands
