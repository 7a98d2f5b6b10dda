// Transactions: MULTI to EXEC. What EXEC does is the pipeline's (kUsesQueue), for it runs the queued
// commands.
#include "server/commands/families.h"
#include "server/dispatch/context.h"
#include "server/dispatch/watch.h"

namespace shoal::commands {

using namespace dispatch;

namespace {

void multi(Context& ctx) {
  if (ctx.session().is_queueing()) return ctx.fail(Error::kNestedMulti);
  ctx.session().state |= dispatch::kQueueing;
  ctx.reply.ok();
}

void discard(Context& ctx) {
  dispatch::Session& session = ctx.session();
  if (!session.is_queueing()) return ctx.fail(Error::kDiscardWithoutMulti);
  dispatch::forget_watches(session, ctx.keys);
  session.state &= ~static_cast<std::uint32_t>(dispatch::kQueueing);
  session.transaction = {};
  ctx.reply.ok();
}

void watch(Context& ctx) {
  dispatch::Session& session = ctx.session();
  if (session.is_queueing()) return ctx.fail(Error::kWatchInsideMulti);
  const DatabaseId database = ctx.keys.database();
  KeyNameSet<WatchedKey>& watches = session.transaction.watches;
  for (std::size_t i = 0; i < ctx.key_count(); ++i) {
    const Key& key = ctx.key(i);
    if (watches.contains(KeyName{database, key.name})) continue;
    const bool is_live = ctx.keys.peek(key) != nullptr;
    watches.insert({database, std::string(key.name), ctx.keys.watch(key), is_live});
  }
  ctx.reply.ok();
}

void unwatch(Context& ctx) {
  dispatch::forget_watches(ctx.session(), ctx.keys);
  ctx.reply.ok();
}

// Never called: rows with kUsesQueue are run by the pipeline.
void exec(Context&) {
  CHECK(false);
}

using enum CommandFlag;
constexpr auto kFlags = kNoScript | kLoadingOk | kStaleOk;
constexpr auto kQuick = kFlags | kFast | kAllowBusy;

// clang-format off
constexpr Command kRows[] = {
    {"MULTI", 1, kQuick | kRunsInMulti, Route::kAnywhere, kNoKeys, multi, Group::kTransactions, "1.2.0", "O(1)",
     "Begins a transaction: the commands that follow wait for EXEC", ""},
    {"EXEC", 1, kFlags | kSkipSlowlog | kRunsInMulti | kUsesWatches | kUsesQueue, Route::kSession, kNoKeys, exec, Group::kTransactions, "1.2.0",
     "As the commands say", "Runs the commands since MULTI as one, unless a watched key has changed", ""},
    {"DISCARD", 1, kQuick | kRunsInMulti | kUsesWatches, Route::kSession, kNoKeys, discard, Group::kTransactions, "2.0.0", "O(N) for N commands",
     "Forgets the commands since MULTI", ""},
    {"WATCH", -2, kQuick | kRunsInMulti, Route::kSession, dispatch::every_key(KeySpec::kRO), watch, Group::kTransactions, "2.2.0", "O(1) for each key",
     "Lets the next EXEC run only if these keys have not changed by then", "key [key ...]"},
    {"UNWATCH", 1, kQuick | kUsesWatches, Route::kSession, kNoKeys, unwatch, Group::kTransactions, "2.2.0", "O(1) for each key",
     "Ends all watches", ""},
};
// clang-format on

}  // namespace

dispatch::Family transaction_family() {
  return kRows;
}

}  // namespace shoal::commands
