#include "tests/simulation/history.h"

#include <fmt/format.h>
#include <algorithm>

namespace shoal::simulation {
namespace {

std::set<std::string> all_keys(const Operation& operation, bool& every_key) {
  std::set<std::string> keys;
  for (const Args& args : operation.commands) {
    const std::vector<std::string> some = keys_of(args);
    every_key |= some.empty();
    keys.insert(some.begin(), some.end());
  }
  return keys;
}

bool share_a_key(const Operation& one, const Operation& other) {
  bool every_key = false;
  const std::set<std::string> keys = all_keys(one, every_key), others = all_keys(other, every_key);
  return every_key ||
         std::ranges::any_of(keys, [&others](const std::string& key) { return others.contains(key); });
}

}  // namespace

HistoryChecker::HistoryChecker(std::vector<Operation> operations) : operations_(std::move(operations)) {
  CHECK(operations_.size() <= 64);
  std::set<std::uint64_t> moments;
  for (const Operation& operation : operations_) CHECK(moments.insert(operation.sent).second);
  // The order of replies is mostly a legal one: tried first, it is found at once.
  std::ranges::stable_sort(operations_, {},
                           [](const Operation& one) { return one.reply ? one.replied : ~std::uint64_t{0}; });
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    std::uint64_t bits = 0;
    for (std::size_t j = 0; j < operations_.size(); ++j) {
      if (i != j && must_precede(operations_[j], operations_[i])) bits |= std::uint64_t{1} << j;
    }
    before_.push_back(bits);
    if (operations_[i].reply) required_ |= std::uint64_t{1} << i;
  }
}

// Besides real time: a connection's operations on one key keep their order, and so do WATCH and EXEC.
bool HistoryChecker::must_precede(const Operation& one, const Operation& other) const {
  if (one.reply && one.replied < other.sent) return true;
  if (one.client != other.client || one.sent > other.sent) return false;
  const bool both_of_the_session =
      one.kind != Operation::Kind::kCommand && other.kind != Operation::Kind::kCommand;
  return both_of_the_session || share_a_key(one, other);
}

Verdict HistoryChecker::check(std::uint64_t states_max) {
  State start;
  std::size_t clients = 0;
  for (const Operation& operation : operations_) clients = std::max(clients, operation.client + 1);
  start.watched.resize(clients);
  start.dirty.resize(clients, false);
  tried_.clear();
  states_left_ = states_max;
  gave_up_ = false;
  if (search(0, start)) return Verdict::kSerialisable;
  return gave_up_ ? Verdict::kGaveUp : Verdict::kNot;
}

std::string HistoryChecker::State::text() const {
  std::string text = model.state();
  for (std::size_t i = 0; i < watched.size(); ++i) {
    text += dirty[i] ? '!' : '.';
    for (const std::string& key : watched[i]) text += key + ' ';
  }
  return text;
}

bool HistoryChecker::search(std::uint64_t done, const State& state) {
  if ((done & required_) == required_) return true;
  if (states_left_ == 0) {
    gave_up_ = true;
    return false;
  }
  --states_left_;
  if (!tried_.emplace(done, state.text()).second) return false;
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((done & bit) != 0 || (before_[i] & ~done) != 0) continue;
    State next = state;
    if (apply(operations_[i], next) && search(done | bit, next)) return true;
  }
  return false;
}

Reply HistoryChecker::run(const Args& args, State& state) {
  Reply reply = state.model.apply(args);
  for (const std::string& key : state.model.changed()) {
    for (std::size_t client = 0; client < state.watched.size(); ++client) {
      if (state.watched[client].contains(key)) state.dirty[client] = true;
    }
  }
  return reply;
}

Reply HistoryChecker::run_transaction(const Operation& operation, State& state) const {
  const bool aborted = state.dirty[operation.client];
  state.dirty[operation.client] = false;
  state.watched[operation.client].clear();
  if (aborted) return {};
  Reply replies{.type = ReplyType::kArray};
  for (const Args& args : operation.commands) replies.children.push_back(run(args, state));
  return replies;
}

bool HistoryChecker::apply(const Operation& operation, State& state) const {
  Reply reply;
  switch (operation.kind) {
    case Operation::Kind::kCommand: reply = run(operation.commands[0], state); break;
    case Operation::Kind::kTransaction: reply = run_transaction(operation, state); break;
    case Operation::Kind::kWatch:
      for (const std::string& key : keys_of(operation.commands[0]))
        state.watched[operation.client].insert(key);
      reply = status("OK");
  }
  return !operation.reply || *operation.reply == reply;
}

std::string HistoryChecker::describe() const {
  std::string text;
  for (const Operation& operation : operations_) {
    std::string words = operation.kind == Operation::Kind::kTransaction ? "MULTI" : "";
    for (const Args& args : operation.commands) words += (words.empty() ? "" : "; ") + in_words(args);
    text += fmt::format("  client {} [{:5}, {:5}] {} -> {}\n", operation.client, operation.sent,
                        operation.replied, words,
                        operation.reply ? protocol::describe(*operation.reply) : "(left)");
  }
  return text;
}

}  // namespace shoal::simulation
