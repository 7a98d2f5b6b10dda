// Walks over the names of all keys: KEYS and SCAN.
//
// On their own they hold no slot: each core walks its slots in slices between other commands, KEYS on all
// cores at once, SCAN on one after the other. Every key that is there all the while is reported once; one
// that comes or goes meanwhile, once or not at all. Within EXEC they see one moment, like everything there.
#include <limits>

#include "server/commands/families.h"
#include "server/dispatch/context.h"
#include "server/dispatch/core_services.h"
#include "server/dispatch/node.h"
#include "server/dispatch/sliced_walk.h"
#include "storage/base/glob.h"
#include "storage/key_walk.h"
#include "storage/types/value.h"

namespace shoal::commands {

using namespace dispatch;
using types::Entry;

namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// Which keys a client wants. Owns what it holds: it outlives the options.
struct Filter {
  std::optional<std::string> pattern;
  bool any_type = true;
  std::optional<types::Type> type;  // nothing, unless any_type: a type that no key has

  void match(View glob) {
    // Not left to glob_match, by which nothing matches the empty key.
    if (glob == "*") {
      pattern.reset();
    } else {
      pattern = glob;
    }
  }
  bool accepts(const Entry& entry) const {
    if (!any_type && type != entry.type()) return false;
    return !pattern || glob_match(*pattern, entry.key());
  }
};

/// Names found, in the form in which they are sent. Made on one core, sent from another: hence its own pool.
class Names {
 public:
  void add(View name) {
    protocol::ReplyWriter(bulks_, protocol::RespVersion::kResp2).bulk(name);
    ++count_;
  }
  std::size_t count() const { return count_; }
  /// Appends them, but not how many they are. O(bytes / 16 KiB).
  void move_to(protocol::Output& output) { output.append_chain(std::move(bulks_)); }

 private:
  protocol::ChunkPool pool_;
  protocol::Output bulks_{pool_};
  std::size_t count_ = 0;
};

/// Within EXEC: walks on from `cursor` over about `entries_max` entries, all slots being in hand.
void walk_in_hand(Context& ctx, const Filter& filter, ScanCursor& cursor, std::size_t entries_max,
                  Names& names) {
  while (!cursor.is_at_end() && entries_max > 0) {
    const std::size_t looked_at = walk_on(ctx.keys.keyspace(), ctx.keys.database(), cursor, entries_max,
                                          ctx.keys.now(), [&](const Entry& entry) {
                                            if (filter.accepts(entry)) names.add(entry.key());
                                          });
    entries_max -= std::min(looked_at, entries_max);
  }
}

// ---- KEYS

/// One KEYS under way. Shared by the walks of all cores, of which each touches its own names only.
struct KeysSearch {
  KeysSearch(Context& ctx, Filter wanted)
      : filter(std::move(wanted)),
        database(ctx.keys.database()),
        home(ctx.core.id()),
        deferral(ctx.defer()),
        names(ctx.core.server().core_count()),
        cores_left(names.size()) {}

  const Filter filter;
  const DatabaseId database;
  const CoreId home;
  const Deferral deferral;
  std::vector<Names> names;  // by core
  // Counted at home.
  std::size_t cores_left;
  Micros work = 0;
};

void reply_with_all(Context& ctx, std::vector<Names>& names) {
  std::size_t count = 0;
  for (const Names& some : names) count += some.count();
  ctx.reply.array(count);
  for (Names& some : names) some.move_to(ctx.reply.output());
}

class KeysWalk final : public SlicedWalk {
 public:
  KeysWalk(CoreServices& core, std::shared_ptr<KeysSearch> search)
      : SlicedWalk(core, search->database, {core.domain().shard.slots().begin}, kNoLimit),
        search_(std::move(search)) {}

 private:
  bool is_wanted() const override { return !search_->deferral.client_gone(); }
  void visit(const Entry& entry) override {
    if (search_->filter.accepts(entry)) search_->names[core().id()].add(entry.key());
  }
  void on_walked(ScanCursor, std::size_t) override {
    core().server().on_core(search_->home, [search = search_, work = work()](CoreServices&) {
      search->work += work;
      if (--search->cores_left > 0) return;
      search->deferral.resume([search](Context& ctx) {
        ctx.add_work(search->work);
        reply_with_all(ctx, search->names);
      });
    });
  }

  std::shared_ptr<KeysSearch> search_;
};

void keys(Context& ctx) {
  Filter filter;
  filter.match(ctx.args[1]);
  if (ctx.in_exec()) {
    std::vector<Names> names(1);
    ScanCursor cursor;
    walk_in_hand(ctx, filter, cursor, kNoLimit, names[0]);
    return reply_with_all(ctx, names);
  }
  Server& server = ctx.core.server();
  const auto search = std::make_shared<KeysSearch>(ctx, std::move(filter));
  for (CoreId core = 0; core < server.core_count(); ++core) {
    server.on_core(core, [search](CoreServices& there) {
      there.run_in_slices(std::make_unique<KeysWalk>(there, search));
    });
  }
}

// ---- SCAN

struct ScanOptions {
  std::size_t count = 10;
  Filter filter;
};

bool parse_scan_options(Context& ctx, ScanOptions& options) {
  for (std::size_t i = 2; i < ctx.args.size(); i += 2) {
    const View option = ctx.args[i];
    const bool has_next = i + 1 < ctx.args.size();
    if (is_option(option, "COUNT") && has_next) {
      const auto count = ctx.integer(i + 1);
      if (!count) return false;
      if (*count < 1) {
        ctx.fail(Error::kSyntax);
        return false;
      }
      options.count = static_cast<std::size_t>(*count);
    } else if (is_option(option, "MATCH") && has_next) {
      options.filter.match(ctx.args[i + 1]);
    } else if (is_option(option, "TYPE") && has_next) {
      options.filter.any_type = false;
      options.filter.type = types::type_named(ctx.args[i + 1]);
    } else {
      ctx.fail(Error::kSyntax);
      return false;
    }
  }
  return true;
}

/// One SCAN under way: it goes from core to core.
struct ScanSearch {
  ScanSearch(Context& ctx, Filter wanted)
      : filter(std::move(wanted)),
        database(ctx.keys.database()),
        home(ctx.core.id()),
        deferral(ctx.defer()) {}

  const Filter filter;
  const DatabaseId database;
  const CoreId home;
  const Deferral deferral;
  Names names;
  Micros work = 0;
};

void reply_with_some(Context& ctx, ScanCursor next, Names& names) {
  ctx.reply.array(2);
  ctx.reply.bulk(std::to_string(encode_scan_cursor(next)));
  ctx.reply.array(names.count());
  names.move_to(ctx.reply.output());
}

class ScanWalk final : public SlicedWalk {
 public:
  ScanWalk(CoreServices& core, std::shared_ptr<ScanSearch> search, ScanCursor from, std::size_t count)
      : SlicedWalk(core, search->database, from, count), search_(std::move(search)) {}

  /// Walks on at the core whose slot the cursor points at.
  static void begin(CoreServices& core, std::shared_ptr<ScanSearch> search, ScanCursor from,
                    std::size_t count) {
    const CoreId owner = core.server().owner(from.slot);
    const auto walk = [search = std::move(search), from, count](CoreServices& there) {
      there.run_in_slices(std::make_unique<ScanWalk>(there, search, from, count));
    };
    if (owner == core.id()) return walk(core);
    core.server().on_core(owner, walk);
  }

 private:
  bool is_wanted() const override { return !search_->deferral.client_gone(); }
  void visit(const Entry& entry) override {
    if (search_->filter.accepts(entry)) search_->names.add(entry.key());
  }
  void on_walked(ScanCursor next, std::size_t count_left) override {
    search_->work += work();
    if (count_left > 0 && !next.is_at_end()) return begin(core(), search_, next, count_left);
    const auto finish = [search = search_, next](CoreServices&) {
      search->deferral.resume([search, next](Context& ctx) {
        ctx.add_work(search->work);
        reply_with_some(ctx, next, search->names);
      });
    };
    if (search_->home == core().id()) return finish(core());
    core().server().on_core(search_->home, finish);
  }

  std::shared_ptr<ScanSearch> search_;
};

void scan(Context& ctx) {
  auto cursor = parse_scan_cursor(ctx.args[1]);
  if (!cursor) return ctx.fail(Error::kInvalidCursor);
  ScanOptions options;
  if (!parse_scan_options(ctx, options)) return;
  if (ctx.in_exec()) {
    Names names;
    walk_in_hand(ctx, options.filter, *cursor, options.count, names);
    return reply_with_some(ctx, *cursor, names);
  }
  ScanWalk::begin(ctx.core, std::make_shared<ScanSearch>(ctx, std::move(options.filter)), *cursor,
                  options.count);
}

using enum CommandFlag;

// clang-format off
constexpr Command kRows[] = {
    Command{"KEYS", 2, kReadOnly, Route::kWalk, kNoKeys, keys, Group::kGeneric, "1.0.0", "O(N) for N keys in the database",
     "The names of all keys that a pattern matches", "pattern", kKeyspace | kDangerous}
         .with_tips("nondeterministic_output_order request_policy:all_shards"),
    Command{"SCAN", -2, kReadOnly, Route::kWalk, kNoKeys, scan, Group::kGeneric, "2.8.0", "O(1) for each call, O(N) for a whole walk over N keys",
     "Walks over the names of all keys, some at each call", "cursor [MATCH pattern] [COUNT count] [TYPE type@6.0.0]", kKeyspace}
         .with({.tips = "nondeterministic_output request_policy:special",
           .history = {{"6.0.0", "TYPE selects keys by the type of their values"}}}),
};
// clang-format on

}  // namespace

dispatch::Family walk_family() {
  return kRows;
}

}  // namespace shoal::commands
