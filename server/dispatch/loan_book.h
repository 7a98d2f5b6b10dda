// LoanBook: which slots of one core are lent, to whom, and who waits for them.
//
// A command that needs slots of several cores asks each of those cores for a Loan, with a ticket from one
// global counter. A core
//   - grants a loan whose slots are all free, at once;
//   - queues it if its ticket is younger (larger) than every ticket that holds or waits for one of its slots;
//   - refuses it otherwise: the coordinator gives everything back and starts again with a new ticket.
// So whoever waits, waits for somebody older: no cycle, no deadlock. Commands that need a single lent slot
// wait in the same queue; they hold nothing anywhere, so nobody can wait for them in a circle.
//
// Touched only by the shard's owner, or by who borrowed the shard (runtime/shard_gate.h).
// Cost: is_lent() is one load; the rest is linear in the loans and waiters of this core at the moment, which
// number at most one for each connection with such a command under way.
#pragma once

#include <vector>

#include "storage/base/check.h"
#include "storage/base/units.h"

namespace shoal::dispatch {

/// A coordinator's number: the larger, the younger.
using Ticket = std::uint64_t;

enum class LoanVerdict : std::uint8_t { kGranted, kQueued, kRefused };

/// The slots that one coordinator wants of one core. Owned by the coordinator; the book keeps a pointer while
/// the loan is granted or queued.
struct LoanTerms {
  Ticket ticket = 0;
  std::vector<SlotId> slots;  // without duplicates; ignored when `whole_shard`
  bool whole_shard = false;

  bool wants(SlotId slot) const;
};

/// Told when it is its turn. A loan is granted by then; a single-slot waiter may run, the slot being free.
class LoanWaiter {
 public:
  enum class Turn : std::uint8_t {
    kOver,  // it has run, or has a loan: nothing more to keep for it
    kKept,  // a single-slot waiter that runs later in this turn of the core: no loan passes it before
            // end_turn()
  };
  virtual Turn on_turn() = 0;

 protected:
  ~LoanWaiter() = default;
};

class LoanBook {
 public:
  /// True while `slot` is lent, or others wait for it: a command for it must wait too, in order.
  bool is_lent(SlotId slot) const { return !lines_.empty() && is_claimed(slot); }
  /// True while somebody has `slot` on loan. All that may hold back a command whose turn has come: who waits
  /// behind it does not.
  bool is_held(SlotId slot) const;
  bool any() const { return !lines_.empty(); }

  /// Asks for a loan. kQueued: `waiter.on_turn()` is called when it is granted.
  LoanVerdict request(const LoanTerms& terms, LoanWaiter& waiter);
  /// Lets a command for one slot wait until it is free, behind everything that claimed it before.
  /// Precondition: it is lent. on_turn() comes once; the command then runs, or waits for another slot that it
  /// needs and that is_held().
  void wait_for(SlotId slot, LoanWaiter& waiter);
  /// A waiter that kept its turn has run, or waits for another slot now. Others may have their turn in the
  /// call.
  void end_turn(const LoanWaiter& waiter) { withdraw(waiter); }
  /// A granted loan comes home. Calls on_turn() of whoever can go on now, in order; they may request again.
  void give_back(const LoanTerms& terms);
  /// Withdraws a queued loan or a waiter, its turn kept or not, that will never be needed (its client has
  /// gone).
  void withdraw(const LoanWaiter& waiter);

 private:
  // One line of the book: a loan, granted or waiting, or a single-slot command that waits.
  struct Line {
    const LoanTerms* terms;  // null: a single-slot waiter
    LoanWaiter* waiter;
    SlotId slot;   // of a waiter; kNoSlot for a loan
    bool granted;  // a loan is out; a waiter keeps its turn
    bool is_loan() const { return terms != nullptr; }
    bool wants(SlotId wanted) const;
  };
  static constexpr SlotId kNoSlot = kSlotCount;

  bool is_claimed(SlotId slot) const;
  static bool conflict(const Line& one, const Line& other);
  bool blocked(std::size_t index) const;
  void give_turn(std::size_t index);
  void advance();

  std::vector<Line> lines_;  // in order of arrival
};

}  // namespace shoal::dispatch
