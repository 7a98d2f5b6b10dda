// SlicedWalk: a walk over the keys that one core holds in one database, in slices between the core's turns,
// with the guarantee of storage/key_walk.h.
//
// A slot on loan is waited for in the loan book, like a command for it would: what its borrower is doing is
// never seen half done, and the walk gets on even if the slot goes from one borrower to the next.
#pragma once

#include "server/dispatch/loan_book.h"
#include "server/dispatch/sliced_jobs.h"
#include "storage/scan_cursor.h"
#include "storage/types/entry.h"

namespace shoal::dispatch {

struct Domain;

/// Derive from it to say what the walk is for. Everything is called on the core that is walked.
class SlicedWalk : public SlicedJob, public LoanWaiter {
 public:
  /// Walks the slots of `core` from `from` on, until it has looked at about `entries_max` entries.
  SlicedWalk(CoreServices& core, DatabaseId database, ScanCursor from, std::size_t entries_max);
  SlicedWalk(const SlicedWalk&) = delete;
  SlicedWalk& operator=(const SlicedWalk&) = delete;

  Progress run_slice() final;
  Turn on_turn() final;

 protected:
  CoreServices& core() { return core_; }
  /// How long the slices have taken.
  Micros work() const { return work_; }

  /// Whether anybody waits for the result; if not, the walk ends without on_walked().
  virtual bool is_wanted() const = 0;
  /// A live key.
  virtual void visit(const types::Entry& entry) = 0;
  /// The walk is over: at the end of the core's slots, or after `entries_max` entries. `next` is where it
  /// would go on.
  virtual void on_walked(ScanCursor next, std::size_t entries_left) = 0;

 private:
  /// Some 40 us: KEYS takes about 150 ns for an entry (400,000 short names).
  static constexpr std::size_t kEntriesPerSlice = 256;

  void advance();
  Progress walk_slice();
  bool is_through() const;

  CoreServices& core_;
  Domain& domain_;
  DatabaseId database_;
  ScanCursor cursor_;
  std::size_t entries_left_;
  Progress progress_ = Progress::kMore;
  Micros work_ = 0;
};

}  // namespace shoal::dispatch
