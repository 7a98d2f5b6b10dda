// Borrowing: how a coordinator gets slots of several cores into its hands for one command, transaction or
// script, when they cannot simply be reached (reach.h). One visible ladder:
//
//   kIdle -> kAsking -> kHolding -> kReturning -> kIdle
//               |  ^
//               v  |  (refused by one: give everything back, take a new ticket)
//            kRetreating
//
// The messages are the happens-before edges: a slot's data may be touched here from the grant to the return.
#pragma once

#include <memory>
#include <vector>

#include "server/dispatch/loan_book.h"
#include "server/dispatch/messages.h"
#include "storage/change.h"
#include "storage/key_access.h"

namespace shoal::dispatch {

class Dispatcher;
class Borrowing;

/// One core's share of a borrowing; travels between coordinator and owner.
class Loan final : public runtime::Message, public LoanWaiter {
 public:
  Loan(Borrowing& home, CoreId owner) : Message(kLoanAsked), home_(home), owner_(owner) {}

  Borrowing& home() { return home_; }
  CoreId owner() const { return owner_; }

  LoanTerms terms;
  LoanVerdict verdict = LoanVerdict::kQueued;
  /// What the command did around these slots: travels home with them.
  Effects effects;

  // At the owner.
  void ask(Dispatcher& owner);
  void settle(Dispatcher& owner);
  Turn on_turn() override;

 private:
  void answer();

  Borrowing& home_;
  CoreId owner_;
  CoreId home_core_ = 0;
  Dispatcher* at_ = nullptr;
};

/// Told when a message has brought the slots, or their return, about; never from inside a call of its own.
class BorrowingClient {
 public:
  virtual void on_borrowed() = 0;
  /// The last loan is home; the borrowing may be used again, or destroyed.
  virtual void on_returned() = 0;

 protected:
  ~BorrowingClient() = default;
};

class Borrowing final : public EffectsRouter {
 public:
  Borrowing(Dispatcher& dispatcher, BorrowingClient& client) : dispatcher_(dispatcher), client_(client) {}

  bool idle() const { return stage_ == Stage::kIdle; }
  bool holding() const { return stage_ == Stage::kHolding; }

  /// Asks for slots (duplicates are fine). on_borrowed() comes later.
  void ask(const std::vector<SlotId>& slots);
  void ask_whole_keyspace();
  /// Gives everything back with what was done to it. on_returned() comes later.
  void give_back();

  Effects& effects_of(SlotId slot) override;

  // Called by the dispatcher when a loan has travelled.
  void on_answered(Loan& loan);
  void on_settled(Loan& loan);

 private:
  enum class Stage : std::uint8_t { kIdle, kAsking, kRetreating, kHolding, kReturning };

  Loan& loan_for(CoreId core);
  void send_all();
  void decide();
  void return_granted();
  void count_home();

  Dispatcher& dispatcher_;
  BorrowingClient& client_;
  Stage stage_ = Stage::kIdle;
  std::vector<std::unique_ptr<Loan>> loans_;  // one for each core ever asked; those in use come first
  std::size_t used_ = 0;
  std::size_t unanswered_ = 0;
  std::size_t out_ = 0;  // returned and not yet settled
  bool refused_ = false;
};

}  // namespace shoal::dispatch
