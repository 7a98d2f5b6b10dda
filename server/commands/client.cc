// CLIENT: what a connection says about itself, and what it asks or does to others.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/commands/client_filter.h"
#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/session_name.h"
#include "server/commands/subcommands.h"
#include "storage/base/numbers.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

// ---- About itself

void id(Context& ctx) {
  ctx.reply.integer(static_cast<std::int64_t>(ctx.session().id));
}

void getname(Context& ctx) {
  const std::string& name = ctx.session().name;
  name.empty() ? ctx.reply.null_bulk() : ctx.reply.bulk(name);
}

void setname(Context& ctx) {
  if (set_session_name(ctx, ctx.args[2])) ctx.reply.ok();
}

void setinfo(Context& ctx) {
  Session& session = ctx.session();
  const bool is_name = is_option(ctx.args[2], "LIB-NAME");
  if (!is_name && !is_option(ctx.args[2], "LIB-VER")) {
    return ctx.fail(fmt::format("ERR Unrecognized option '{}'", ctx.args[2]));
  }
  if (!is_valid_session_name(ctx.args[3])) {
    return ctx.fail(fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                                is_name ? "lib-name" : "lib-ver"));
  }
  (is_name ? session.library_name : session.library_version) = ctx.args[3];
  ctx.reply.ok();
}

void info(Context& ctx) {
  const std::uint64_t own_id = ctx.session().id;
  std::string line;
  ctx.core.for_each_client([&](ClientHandle& client) {
    if (client.session().id == own_id) line = describe_client(client, ctx.core.now());
  });
  ctx.reply.verbatim(line + '\n');
}

// ON answers, OFF and SKIP do not. SKIP while OFF has nothing to skip.
void reply(Context& ctx) {
  Session& session = ctx.session();
  if (is_option(ctx.args[2], "ON")) {
    session.reply_mode = ReplyMode::kOn;
    ctx.reply.ok();
  } else if (is_option(ctx.args[2], "OFF")) {
    session.reply_mode = ReplyMode::kOff;
  } else if (is_option(ctx.args[2], "SKIP")) {
    if (session.reply_mode != ReplyMode::kOff) session.reply_mode = ReplyMode::kSkipNext;
  } else {
    ctx.fail(Error::kSyntax);
  }
}

void set_on_or_off(Context& ctx, bool& choice) {
  const bool on = is_option(ctx.args[2], "ON");
  if (!on && !is_option(ctx.args[2], "OFF")) return ctx.fail(Error::kSyntax);
  choice = on;
  ctx.reply.ok();
}
void no_evict(Context& ctx) {
  set_on_or_off(ctx, ctx.session().no_evict);
}
void no_touch(Context& ctx) {
  set_on_or_off(ctx, ctx.session().no_touch);
}

// Whether the options behind ON or OFF are some that there are; if not, the error is replied.
bool check_tracking_options(Context& ctx) {
  constexpr View kFlags[] = {"BCAST", "OPTIN", "OPTOUT", "NOLOOP"};
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    const View option = ctx.args[i];
    const bool has_next = i + 1 < ctx.args.size();
    if (is_option(option, "REDIRECT") && has_next) {
      if (!ctx.integer(++i)) return false;
    } else if (is_option(option, "PREFIX") && has_next) {
      ++i;
    } else if (std::none_of(std::begin(kFlags), std::end(kFlags),
                            [option](View flag) { return is_option(option, flag); })) {
      ctx.fail(Error::kSyntax);
      return false;
    }
  }
  return true;
}

// Client-side caching is not there yet: nobody tracks anything.
void tracking(Context& ctx) {
  if (!check_tracking_options(ctx)) return;
  if (is_option(ctx.args[2], "OFF")) return ctx.reply.ok();
  if (!is_option(ctx.args[2], "ON")) return ctx.fail(Error::kSyntax);
  ctx.fail("ERR client-side caching is not supported by this server yet");
}

void caching(Context& ctx) {
  ctx.fail(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
      "enabled");
}

void getredir(Context& ctx) {
  ctx.reply.integer(-1);
}

void trackinginfo(Context& ctx) {
  ctx.reply.map(3);
  ctx.reply.bulk("flags");
  ctx.reply.set(1);
  ctx.reply.bulk("off");
  ctx.reply.bulk("redirect");
  ctx.reply.integer(-1);
  ctx.reply.bulk("prefixes");
  ctx.reply.array(0);
}

// ---- About others

bool parse_type(Context& ctx, View name, ClientFilter& filter) {
  filter.type = client_type_named(name);
  if (!filter.type) ctx.fail(fmt::format("ERR Unknown client type '{}'", name));
  return filter.type.has_value();
}

bool parse_list_filter(Context& ctx, ClientFilter& filter) {
  if (ctx.args.size() == 2) return true;
  if (ctx.args.size() == 4 && is_option(ctx.args[2], "TYPE")) return parse_type(ctx, ctx.args[3], filter);
  if (ctx.args.size() < 4 || !is_option(ctx.args[2], "ID")) {
    ctx.fail(Error::kSyntax);
    return false;
  }
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    const auto wanted = parse_integer(ctx.args[i]);
    if (!wanted) {
      ctx.fail("ERR Invalid client ID");
      return false;
    }
    filter.ids.push_back(static_cast<std::uint64_t>(*wanted));
  }
  return true;
}

using ClientLines = std::vector<std::pair<std::uint64_t, std::string>>;  // by id

void list(Context& ctx) {
  ClientFilter filter;
  if (!parse_list_filter(ctx, filter)) return;
  const auto collect = [filter](CoreServices& core) {
    ClientLines lines;
    core.for_each_client([&](ClientHandle& client) {
      if (!filter.matches(client.session())) return;
      lines.emplace_back(client.session().id, describe_client(client, core.now()) + '\n');
    });
    return lines;
  };
  gather(ctx, collect, [](Context& context, const Answers<ClientLines>& answers) {
    ClientLines all;
    for (const auto& lines : answers) all.insert(all.end(), lines->begin(), lines->end());
    std::sort(all.begin(), all.end());
    std::string text;
    for (const auto& [id, line] : all) text += line;
    context.reply.verbatim(text);
  });
}

bool parse_kill_option(Context& ctx, View name, View value, ClientFilter& filter) {
  if (is_option(name, "ID")) {
    const auto wanted = parse_integer(value);
    if (!wanted || *wanted < 1) {
      ctx.fail("ERR client-id should be greater than 0");
      return false;
    }
    filter.ids = {static_cast<std::uint64_t>(*wanted)};
    return true;
  }
  if (is_option(name, "TYPE")) return parse_type(ctx, value, filter);
  if (is_option(name, "ADDR")) {
    filter.address = value;
    return true;
  }
  if (is_option(name, "LADDR")) {
    filter.local_address = value;
    return true;
  }
  if (is_option(name, "USER")) {
    if (value != "default") ctx.fail(fmt::format("ERR No such user '{}'", value));
    return value == "default";
  }
  if (is_option(name, "SKIPME") && (is_option(value, "YES") || is_option(value, "NO"))) {
    filter.except = is_option(value, "YES") ? ctx.session().id : 0;
    return true;
  }
  ctx.fail(Error::kSyntax);
  return false;
}

bool parse_kill_filter(Context& ctx, ClientFilter& filter) {
  if (ctx.args.size() % 2 != 0) {
    // The last name has no value; names before it are judged first, as ever.
    for (std::size_t i = 2; i + 1 < ctx.args.size(); i += 2) {
      if (!parse_kill_option(ctx, ctx.args[i], ctx.args[i + 1], filter)) return false;
    }
    ctx.fail(Error::kSyntax);
    return false;
  }
  for (std::size_t i = 2; i < ctx.args.size(); i += 2) {
    if (!parse_kill_option(ctx, ctx.args[i], ctx.args[i + 1], filter)) return false;
  }
  return true;
}

// The asking client gets its reply before it goes.
std::size_t kill_matching(CoreServices& core, const ClientFilter& filter, std::uint64_t asking_id) {
  std::size_t killed = 0;
  core.for_each_client([&](ClientHandle& client) {
    if (!filter.matches(client.session())) return;
    ++killed;
    if (client.session().id == asking_id) {
      client.session().close_after_reply = true;
    } else {
      client.kill();
    }
  });
  return killed;
}

void kill(Context& ctx) {
  ClientFilter filter;
  const bool by_address = ctx.args.size() == 3;
  if (by_address) {
    filter.address = ctx.args[2];
  } else {
    filter.except = ctx.session().id;
    if (!parse_kill_filter(ctx, filter)) return;
  }
  const auto collect = [filter, asking_id = ctx.session().id](CoreServices& core) {
    return kill_matching(core, filter, asking_id);
  };
  gather(ctx, collect, [by_address](Context& context, const Answers<std::size_t>& answers) {
    std::size_t killed = 0;
    for (const auto& count : answers) killed += *count;
    if (!by_address) return context.reply.integer(static_cast<std::int64_t>(killed));
    killed == 0 ? context.fail("ERR No such client") : context.reply.ok();
  });
}

// A pause that is already on gets no shorter, and no milder.
Pause stricter(const Pause& one, const Pause& other) {
  return {one.all || other.all, std::max(one.until, other.until)};
}

void pause(Context& ctx) {
  if (ctx.args.size() > 4) return fail_subcommand(ctx, "CLIENT");
  bool all = true;
  if (ctx.args.size() == 4) {
    all = is_option(ctx.args[3], "ALL");
    if (!all && !is_option(ctx.args[3], "WRITE"))
      return ctx.fail("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  const auto timeout = parse_integer(ctx.args[2]);
  if (!timeout) return ctx.fail("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return ctx.fail("ERR timeout is negative");
  const Pause wanted = {all, sum_or_max(ctx.core.now(), product_or_max(*timeout, kMicrosPerMilli))};
  everywhere_then_ok(ctx, [wanted](CoreServices& core) {
    const Pause present = core.pause();
    core.set_pause(present.until > core.now() ? stricter(present, wanted) : wanted);
  });
}

void unpause(Context& ctx) {
  everywhere_then_ok(ctx, [](CoreServices& core) { core.set_pause({}); });
}

// No command of this server blocks yet, so there is nobody to unblock.
void unblock(Context& ctx) {
  if (ctx.args.size() > 4) return fail_subcommand(ctx, "CLIENT");
  if (ctx.args.size() == 4 && !is_option(ctx.args[3], "TIMEOUT") && !is_option(ctx.args[3], "ERROR")) {
    return ctx.fail("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  if (ctx.integer(2)) ctx.reply.integer(0);
}

void help(Context& ctx) {
  constexpr View kLines[] = {
      "CACHING (YES|NO)",
      "    Whether to track the keys of the next command; an error without tracking.",
      "GETNAME",
      "    The name this connection has given itself.",
      "GETREDIR",
      "    The connection that gets this one's invalidation messages; -1 without tracking.",
      "ID",
      "    The id of this connection.",
      "INFO",
      "    The line that LIST shows for this connection.",
      "KILL <address:port>",
      "    Close the connection made from that address.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Close the connections that fit every option:",
      "    * ADDR (<address:port>|<unix socket>:0)",
      "      Made from that address.",
      "    * ID <client id>",
      "      With that id.",
      "    * LADDR (<address:port>|<unix socket>:0)",
      "      Made to that address of the server.",
      "    * SKIPME (YES|NO)",
      "      Whether to spare this connection (default: yes).",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Of that kind.",
      "    * USER <name>",
      "      Logged in as that user.",
      "LIST [ID <client id> [<client id> ...] | TYPE (NORMAL|MASTER|REPLICA|PUBSUB)]",
      "    One line for each connection.",
      "NO-EVICT (ON|OFF)",
      "    Whether to spare this connection when memory for clients runs out.",
      "NO-TOUCH (ON|OFF)",
      "    Whether commands of this connection leave the keys' access times alone.",
      "PAUSE <milliseconds> [WRITE|ALL]",
      "    Let all commands, or those that write, wait for so long.",
      "REPLY (ON|OFF|SKIP)",
      "    Whether this connection gets replies; SKIP: none for the next command.",
      "SETINFO (LIB-NAME|LIB-VER) <text>",
      "    Say which library this connection is made with.",
      "SETNAME <name>",
      "    Give this connection a name.",
      "TRACKING (ON|OFF)",
      "    Whether to track the keys this connection reads. There is no tracking yet: only OFF.",
      "TRACKINGINFO",
      "    Whether the keys this connection reads are tracked, and how.",
      "UNBLOCK <client id> [TIMEOUT|ERROR]",
      "    End what that connection is waiting for.",
      "UNPAUSE",
      "    End a pause.",
  };
  reply_help(ctx, "CLIENT", kLines);
}

constexpr std::uint32_t kOwn = kNoScript | kLoadingOk | kStaleOk;
constexpr std::uint32_t kOthers = kOwn | kAdmin;
constexpr Route kHere = Route::kAnywhere;
constexpr Group kConnection = Group::kConnection;

// clang-format off
constexpr Command kSubcommands[] = {
    {"CLIENT|CACHING", 3, kOwn, kHere, kNoKeys, caching, kConnection, "6.0.0", "O(1)",
     "Says whether to track the keys of the next command", "<mode: YES | NO>"},
    {"CLIENT|GETNAME", 2, kOwn, kHere, kNoKeys, getname, kConnection, "2.6.9", "O(1)", "Returns the connection's name", ""},
    {"CLIENT|GETREDIR", 2, kOwn, kHere, kNoKeys, getredir, kConnection, "6.0.0", "O(1)",
     "Returns the id of the connection that invalidation messages go to", ""},
    {"CLIENT|HELP", 2, kLoadingOk | kStaleOk, kHere, kNoKeys, help, kConnection, "5.0.0", "O(1)",
     "Returns a text about the subcommands", ""},
    {"CLIENT|ID", 2, kOwn, kHere, kNoKeys, id, kConnection, "5.0.0", "O(1)", "Returns the connection's id", ""},
    Command{"CLIENT|INFO", 2, kOwn, kHere, kNoKeys, info, kConnection, "6.2.0", "O(1)", "Describes the connection", ""}
         .with_tips("nondeterministic_output"),
    Command{"CLIENT|KILL", -3, kOthers | kMayDefer, kHere, kNoKeys, kill, kConnection, "2.4.0",
     "O(N) for N connections", "Closes connections",
     "<filter: ip:port@-2.8.12 | <new-format: [ID client-id@2.8.12] | [TYPE <normal_master_slave_pubsub: NORMAL | MASTER@3.2.0 "
     "| SLAVE | REPLICA@5.0.0 | PUBSUB>@2.8.12] | [USER username] | [ADDR ip:port] | [LADDR ip:port@6.2.0] | [SKIPME yes/no]> ...>"}
         .with({.history = {
              {"2.8.12", "Options select clients by more than their address"},
              {"2.8.12", "ID selects one by its id"},
              {"3.2.0", "TYPE knows masters"},
              {"5.0.0", "TYPE says replica for what was, and still may be, called slave"},
              {"6.2.0", "LADDR selects by the server's address"}}}),
    Command{"CLIENT|LIST", -2, kOthers | kMayDefer, kHere, kNoKeys, list, kConnection, "2.4.0",
     "O(N) for N connections", "Describes the connections",
     "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>@5.0.0] [id: ID client-id [client-id ...]]@6.2.0"}
         .with({.tips = "nondeterministic_output",
           .history = {
              {"2.8.12", "Shows id, which no two clients share"},
              {"5.0.0", "TYPE selects clients"},
              {"6.0.0", "Shows user"},
              {"6.2.0", "ID selects clients; shows argv-mem, tot-mem, laddr and redir"},
              {"7.0.0", "Shows resp, multi-mem, rbs and rbp"},
              {"7.0.3", "Shows ssub"}}}),
    {"CLIENT|NO-EVICT", 3, kOthers, kHere, kNoKeys, no_evict, kConnection, "7.0.0", "O(1)",
     "Spares the connection from eviction, or does not", "<enabled: ON | OFF>"},
    {"CLIENT|NO-TOUCH", 3, kOwn, kHere, kNoKeys, no_touch, kConnection, "7.2.0", "O(1)",
     "Lets the connection's commands leave access times alone, or not", "<enabled: ON | OFF>"},
    Command{"CLIENT|PAUSE", -3, kOthers | kMayDefer, kHere, kNoKeys, pause, kConnection, "2.9.50", "O(1)",
     "Lets commands wait for a while", "timeout [mode: WRITE | ALL]@6.2.0"}
         .with({.history = {{"6.2.0", "WRITE lets commands through that only read"}}}),
    {"CLIENT|REPLY", 3, kOwn, kHere, kNoKeys, reply, kConnection, "3.2.0", "O(1)",
     "Says whether the connection gets replies", "<ON | OFF | SKIP>"},
    {"CLIENT|SETINFO", 4, kOwn, kHere, kNoKeys, setinfo, kConnection, "7.2.0", "O(1)",
     "Says which library the connection is made with", "<LIB-NAME libname | LIB-VER libver>"},
    {"CLIENT|SETNAME", 3, kOwn, kHere, kNoKeys, setname, kConnection, "2.6.9", "O(1)",
     "Gives the connection a name", "connection-name"},
    {"CLIENT|TRACKING", -3, kOwn, kHere, kNoKeys, tracking, kConnection, "6.0.0", "O(1)",
     "Switches the tracking of keys on or off",
     "<status: ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]"},
    {"CLIENT|TRACKINGINFO", 2, kOwn, kHere, kNoKeys, trackinginfo, kConnection, "6.2.0", "O(1)",
     "Tells how the connection's keys are tracked", ""},
    {"CLIENT|UNBLOCK", -3, kOthers, kHere, kNoKeys, unblock, kConnection, "5.0.0",
     "O(1)", "Ends what a connection waits for",
     "client-id [TIMEOUT | ERROR]"},
    {"CLIENT|UNPAUSE", 2, kOthers | kMayDefer, kHere, kNoKeys, unpause, kConnection, "6.2.0",
     "O(N) for N connections that wait", "Ends a pause", ""},
};

constexpr Command kRows[] = {
    {"CLIENT", -2, kContainer, kHere, kNoKeys, nullptr, kConnection, "2.4.0", "As the subcommand says",
     "Commands about connections", "", kNoExtraCategory, kSubcommands},
};
// clang-format on

}  // namespace

Family client_family() {
  return kRows;
}

}  // namespace shoal::commands
