#include "server/dispatch/borrowing.h"

#include <algorithm>

#include "server/dispatch/dispatcher.h"

namespace shoal::dispatch {

void Loan::ask(Dispatcher& owner) {
  at_ = &owner;
  home_core_ = from;
  effects.clear();
  effects.set_listening(owner.own().shard.effects().listening());
  verdict = owner.own().loans.request(terms, *this);
  if (verdict != LoanVerdict::kQueued) answer();
}

LoanWaiter::Turn Loan::on_turn() {
  verdict = LoanVerdict::kGranted;
  answer();
  return Turn::kOver;
}

void Loan::answer() {
  metrics::Counters& counters = at_->services().counters();
  (verdict == LoanVerdict::kGranted ? counters.loans : counters.loan_refusals).add();
  kind = kLoanAnswered;
  at_->runtime().post(home_core_, *this);
}

void Loan::settle(Dispatcher& owner) {
  // What was done is applied before anybody else sees the slots.
  owner.own().shard.apply(effects);
  owner.own().loans.give_back(terms);
  kind = kLoanSettled;
  owner.runtime().post(home_core_, *this);
}

Loan& Borrowing::loan_for(CoreId core) {
  for (std::size_t i = 0; i < used_; ++i) {
    if (loans_[i]->owner() == core) return *loans_[i];
  }
  const auto spare = std::find_if(loans_.begin() + static_cast<std::ptrdiff_t>(used_), loans_.end(),
                                  [core](const auto& loan) { return loan->owner() == core; });
  if (spare == loans_.end()) {
    loans_.push_back(std::make_unique<Loan>(*this, core));
    std::swap(loans_[used_], loans_.back());
  } else {
    std::swap(loans_[used_], *spare);
  }
  Loan& loan = *loans_[used_++];
  loan.terms.slots.clear();
  loan.terms.whole_shard = false;
  return loan;
}

void Borrowing::ask(const std::vector<SlotId>& slots) {
  CHECK(idle() && !slots.empty());
  used_ = 0;
  for (const SlotId slot : slots) {
    LoanTerms& terms = loan_for(dispatcher_.node().owner(slot)).terms;
    if (!terms.wants(slot)) terms.slots.push_back(slot);
  }
  send_all();
}

void Borrowing::ask_whole_keyspace() {
  CHECK(idle());
  used_ = 0;
  for (CoreId core = 0; core < dispatcher_.node().core_count(); ++core)
    loan_for(core).terms.whole_shard = true;
  send_all();
}

// Own slots are asked for like any others: by the same rules, and the answer comes as a message.
void Borrowing::send_all() {
  stage_ = Stage::kAsking;
  refused_ = false;
  unanswered_ = used_;
  const Ticket ticket = dispatcher_.node().next_ticket();
  for (std::size_t i = 0; i < used_; ++i) {
    Loan& loan = *loans_[i];
    loan.terms.ticket = ticket;
    loan.verdict = LoanVerdict::kQueued;
    loan.kind = kLoanAsked;
    dispatcher_.runtime().post(loan.owner(), loan);
  }
}

void Borrowing::on_answered(Loan& loan) {
  CHECK(stage_ == Stage::kAsking && unanswered_ > 0);
  if (loan.verdict == LoanVerdict::kRefused) refused_ = true;
  if (--unanswered_ > 0) return;
  decide();
}

void Borrowing::decide() {
  if (!refused_) {
    stage_ = Stage::kHolding;
    dispatcher_.services().counters().borrowed_commands.add();
    client_.on_borrowed();
    return;
  }
  stage_ = Stage::kRetreating;
  return_granted();
}

void Borrowing::give_back() {
  CHECK(stage_ == Stage::kHolding);
  stage_ = Stage::kReturning;
  return_granted();
}

void Borrowing::return_granted() {
  out_ = 0;
  for (std::size_t i = 0; i < used_; ++i) {
    Loan& loan = *loans_[i];
    if (loan.verdict != LoanVerdict::kGranted) continue;
    ++out_;
    loan.kind = kLoanReturned;
    dispatcher_.runtime().post(loan.owner(), loan);
  }
  if (out_ == 0) count_home();
}

void Borrowing::on_settled(Loan&) {
  CHECK(out_ > 0);
  if (--out_ == 0) count_home();
}

void Borrowing::count_home() {
  if (stage_ == Stage::kRetreating) return send_all();
  stage_ = Stage::kIdle;
  client_.on_returned();
}

Effects& Borrowing::effects_of(SlotId slot) {
  const CoreId core = dispatcher_.node().owner(slot);
  for (std::size_t i = 0; i < used_; ++i) {
    if (loans_[i]->owner() == core) return loans_[i]->effects;
  }
  check_failed(__FILE__, __LINE__, "a command touched a slot that was not borrowed for it");
}

}  // namespace shoal::dispatch
