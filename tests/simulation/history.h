// A recorded history of operations, and the search for a legal order of it.
//
// Strict serialisability (Papadimitriou 1979): there is an order of all operations in which each gets the
// reply it got, and in which whatever had its reply before another was sent comes before that other. The
// search is Wing and Gong's ("Testing and verifying concurrent objects", 1993) with Lowe's memory of states
// already tried. It takes exponential time in the number of operations that overlap, so histories are kept
// short.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/model.h"

namespace shoal::simulation {

/// One request, or one whole transaction.
struct Operation {
  enum class Kind { kCommand, kTransaction, kWatch };

  Kind kind = Kind::kCommand;
  std::size_t client = 0;
  std::vector<Args> commands;  // kTransaction: what stands between MULTI and EXEC; else one
  std::uint64_t sent = 0;      // on the test's own count of events; no two alike
  std::uint64_t replied = 0;
  std::optional<Reply> reply;  // EXEC's, for a transaction; none: the client left before it came
};

enum class Verdict { kSerialisable, kNot, kGaveUp };

class HistoryChecker {
 public:
  /// At most 64 operations.
  explicit HistoryChecker(std::vector<Operation> operations);

  /// Tries at most `states_max` states.
  Verdict check(std::uint64_t states_max = 1'000'000);
  /// The history, one operation a line.
  std::string describe() const;

 private:
  struct State {
    KeyValueModel model;
    std::vector<std::set<std::string>> watched;  // by client
    std::vector<bool> dirty;                     // by client: a watched key has changed
    std::string text() const;
  };

  bool must_precede(const Operation& one, const Operation& other) const;
  bool search(std::uint64_t done, const State& state);
  /// Runs an operation; false: its reply cannot have been that.
  bool apply(const Operation& operation, State& state) const;
  Reply run_transaction(const Operation& operation, State& state) const;
  static Reply run(const Args& args, State& state);

  std::vector<Operation> operations_;
  std::vector<std::uint64_t> before_;  // bits of the operations that must precede each
  std::uint64_t required_ = 0;         // bits of those that have a reply
  std::set<std::pair<std::uint64_t, std::string>> tried_;
  std::uint64_t states_left_ = 0;
  bool gave_up_ = false;
};

}  // namespace shoal::simulation
