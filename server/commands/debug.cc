// DEBUG: for tests of this server and of clients.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "server/commands/digest.h"
#include "server/commands/families.h"
#include "server/commands/gather.h"
#include "server/commands/subcommands.h"
#include "storage/base/glob.h"
#include "storage/base/numbers.h"
#include "storage/types/value.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

// Whether enable-debug-command lets this client in; if not, it has been told so.
bool admit(Context& ctx) {
  const config::Permission permission = ctx.core.server().settings().security.debug_command;
  const bool is_local = ctx.session().is_loopback || ctx.session().is_unix_socket;
  if (permission == config::Permission::kYes || (permission == config::Permission::kLocal && is_local))
    return true;
  ctx.fail(Error::kDebugForbidden);
  return false;
}

bool admit_with(Context& ctx, std::size_t arg_count) {
  if (!admit(ctx)) return false;
  if (ctx.args.size() == arg_count) return true;
  fail_subcommand(ctx, "DEBUG");
  return false;
}

// A number as C's strtod reads it, what follows it ignored: 0 when there is none, or it is not a number.
double leading_number(View text) {
  const double number = std::strtod(std::string(text).c_str(), nullptr);
  return std::isnan(number) ? 0 : number;
}

void sleep(Context& ctx) {
  if (!admit_with(ctx, 3)) return;
  constexpr double kLongestSeconds = 3600;
  const double seconds = std::clamp(leading_number(ctx.args[2]), 0.0, kLongestSeconds);
  ctx.core.sleep_blocking(static_cast<Micros>(seconds * 1e6));
  ctx.reply.ok();
}

void object(Context& ctx) {
  if (!admit_with(ctx, 3)) return;
  const types::Entry* entry = ctx.keys.peek(ctx.key());
  if (entry == nullptr) return ctx.fail(Error::kNoSuchKey);
  // No address: where a value lies is nobody's business. Sizes are of memory, as nothing is serialised here.
  ctx.reply.simple_string(
      fmt::format("Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
                  types::encoding_name(*entry), types::memory_bytes(*entry), entry->access(),
                  ctx.keys.moment().access.idle_ms(entry->access()) / 1000));
}

void set_active_expire(Context& ctx) {
  if (!admit_with(ctx, 3)) return;
  const bool active = leading_number(ctx.args[2]) != 0;
  everywhere_then_ok(ctx, [active](CoreServices& core) { core.set_active_expire(active); });
}

// Matches a pattern against so many bytes 'a': how long a glob takes at worst.
void stringmatch_len(Context& ctx) {
  if (!admit_with(ctx, 4)) return;
  constexpr std::int64_t kLongest = 64 * kMiB;
  const auto length = ctx.integer_in(2, 0, kLongest, "ERR value is out of range");
  if (!length) return;
  ctx.reply.integer(glob_match(ctx.args[3], std::string(static_cast<std::size_t>(*length), 'a')) ? 1 : 0);
}

// ---- Digests

void digest_value(Context& ctx) {
  if (!admit(ctx)) return;
  ctx.reply.array(ctx.key_count());
  for (std::size_t i = 0; i < ctx.key_count(); ++i) {
    Digest digest;
    if (const types::Entry* entry = ctx.keys.peek(ctx.key(i))) digest.mix_value(*entry);
    ctx.reply.simple_string(digest.hex());
  }
}

// Toggles the digest of each live key of one database into `all`; the database's number goes first.
void add_database(Keyspace& keyspace, DatabaseId database, Millis now, Digest& all) {
  bool is_empty = true;
  for (SlotId slot = 0; slot < kSlotCount; ++slot) {
    const Dictionary* dictionary = keyspace.slot(slot).find(database);
    if (dictionary == nullptr) continue;
    dictionary->entries.for_each([&](const types::Entry& entry) {
      if (types::is_expired(entry, now)) return;
      if (std::exchange(is_empty, false)) all.mix_number(database);
      Digest digest;
      digest.mix(entry.key());
      digest.mix_value(entry);
      all.toggle_digest(digest);
    });
  }
}

void digest(Context& ctx) {
  if (!admit_with(ctx, 2)) return;
  Digest all;
  for (DatabaseId database = 0; database < ctx.keys.database_count(); ++database) {
    add_database(ctx.keys.keyspace(), database, ctx.keys.now(), all);
  }
  ctx.reply.simple_string(all.hex());
}

// ---- PROTOCOL

void write_array(Context& ctx) {
  ctx.reply.array(3);
  for (const std::int64_t number : {0, 1, 2}) ctx.reply.integer(number);
}
void write_set(Context& ctx) {
  ctx.reply.set(3);
  for (const std::int64_t number : {0, 1, 2}) ctx.reply.integer(number);
}
void write_map(Context& ctx) {
  ctx.reply.map(3);
  for (const std::int64_t number : {0, 1, 2}) {
    ctx.reply.integer(number);
    ctx.reply.boolean(number == 1);
  }
}
void write_attribute(Context& ctx) {
  if (ctx.reply.version() == protocol::RespVersion::kResp3) {
    ctx.reply.attribute(1);
    ctx.reply.bulk("key-popularity");
    ctx.reply.array(2);
    ctx.reply.bulk("key:123");
    ctx.reply.integer(90);
  }
  ctx.reply.bulk("Some real reply following the attribute");
}
void write_push(Context& ctx) {
  if (ctx.reply.version() == protocol::RespVersion::kResp2) {
    return ctx.fail("ERR RESP2 is not supported by this command");
  }
  ctx.reply.push(2);
  ctx.reply.bulk("server-cpu-usage");
  ctx.reply.integer(42);
  ctx.reply.bulk("Some real reply following the push reply");
}

struct SampleRow {
  View type;
  Handler write;
};
constexpr SampleRow kSamples[] = {
    {"STRING", [](Context& ctx) { ctx.reply.bulk("Hello World"); }},
    {"INTEGER", [](Context& ctx) { ctx.reply.integer(12345); }},
    {"DOUBLE", [](Context& ctx) { ctx.reply.real(3.141); }},
    {"BIGNUM", [](Context& ctx) { ctx.reply.big_number("1234567999999999999999999999999999999"); }},
    {"NULL", [](Context& ctx) { ctx.reply.null_bulk(); }},
    {"ARRAY", write_array},
    {"SET", write_set},
    {"MAP", write_map},
    {"ATTRIB", write_attribute},
    {"PUSH", write_push},
    {"VERBATIM", [](Context& ctx) { ctx.reply.verbatim("This is a verbatim\nstring"); }},
    {"TRUE", [](Context& ctx) { ctx.reply.boolean(true); }},
    {"FALSE", [](Context& ctx) { ctx.reply.boolean(false); }},
};

void protocol_sample(Context& ctx) {
  if (!admit_with(ctx, 3)) return;
  for (const SampleRow& row : kSamples) {
    if (is_option(ctx.args[2], row.type)) return row.write(ctx);
  }
  ctx.fail(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

void error(Context& ctx) {
  if (admit_with(ctx, 3)) ctx.fail(ctx.args[2]);
}

void log(Context& ctx) {
  if (!admit_with(ctx, 3)) return;
  ctx.core.server().log().warning("DEBUG LOG: {}", ctx.args[2]);
  ctx.reply.ok();
}

void help(Context& ctx) {
  if (!admit_with(ctx, 2)) return;
  constexpr View kLines[] = {
      "DIGEST",
      "    A fingerprint of all keys of all databases.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    A fingerprint of each value.",
      "ERROR <text>",
      "    Reply with this error.",
      "LOG <text>",
      "    Write a line into the log.",
      "OBJECT <key>",
      "    How a value is stored.",
      "PROTOCOL <type>",
      "    A reply of that type: string, integer, double, bignum, null, array, set, map,",
      "    attrib, push, verbatim, true, false.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Whether expired keys are reclaimed that nobody touches.",
      "SLEEP <seconds>",
      "    Block the core of this connection.",
      "STRINGMATCH-LEN <length> <pattern>",
      "    Match a pattern against so many 'a'.",
  };
  reply_help(ctx, "DEBUG", kLines);
}

constexpr std::uint32_t kAdministration = kAdmin | kNoScript | kLoadingOk | kStaleOk;
constexpr Route kHere = Route::kAnywhere;
constexpr Group kServer = Group::kServer;
// Rows with keys run here all the same: whether DEBUG is allowed depends on the session.
constexpr Route kHereWithKeys = Route::kSession;

// clang-format off
constexpr Command kSubcommands[] = {
    {"DEBUG|DIGEST", -2, kAdministration, Route::kWholeKeyspace, kNoKeys, digest, kServer, "1.0.0",
     "O(N) where N is the bytes of all keys and values", "Fingerprints the dataset", ""},
    {"DEBUG|DIGEST-VALUE", -2, kAdministration, kHereWithKeys, key_range(KeySpec::kRO, 2, -1, 1), digest_value, kServer,
     "5.0.0", "O(N) where N is the bytes of the values", "Fingerprints values", "[key [key ...]]"},
    {"DEBUG|ERROR", -2, kAdministration, kHere, kNoKeys, error, kServer, "1.0.0", "O(1)", "Replies with an error", "text"},
    {"DEBUG|HELP", -2, kAdministration, kHere, kNoKeys, help, kServer, "1.0.0", "O(1)",
     "Returns a text about the subcommands", ""},
    {"DEBUG|LOG", -2, kAdministration, kHere, kNoKeys, log, kServer, "1.0.0", "O(1)", "Writes into the log", "text"},
    {"DEBUG|OBJECT", -2, kAdministration, kHereWithKeys, second_key(KeySpec::kRO), object, kServer, "1.0.0", "O(1)",
     "Tells how a value is stored", "key"},
    {"DEBUG|PROTOCOL", -2, kAdministration, kHere, kNoKeys, protocol_sample, kServer, "6.0.0", "O(1)",
     "Replies with a value of a type", "type"},
    {"DEBUG|SET-ACTIVE-EXPIRE", -2, kAdministration | kMayDefer, kHere, kNoKeys, set_active_expire, kServer, "1.0.0", "O(1)",
     "Switches the reclaiming of expired keys on or off", "active"},
    {"DEBUG|SLEEP", -2, kAdministration, kHere, kNoKeys, sleep, kServer, "1.0.0", "O(1)", "Blocks a core", "sleep-seconds"},
    {"DEBUG|STRINGMATCH-LEN", -2, kAdministration, kHere, kNoKeys, stringmatch_len, kServer, "6.2.0",
     "O(N) where N is the length times the pattern's", "Matches a pattern against many bytes", "length pattern"},
};

constexpr Command kRows[] = {
    Command{"DEBUG", -2, kAdministration | kContainer, kHere, kNoKeys, nullptr, kServer, "1.0.0", "As the subcommand says",
     "Commands for tests", "", kNoExtraCategory, kSubcommands}
         .with({.is_internal = true}),
};
// clang-format on

}  // namespace

Family debug_family() {
  return kRows;
}

}  // namespace shoal::commands
