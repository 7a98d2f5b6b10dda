#include "server/dispatch/loan_book.h"

#include <algorithm>

namespace shoal::dispatch {

// A build that lends every slot to whoever asks: the tests of serialisability must find out
// (tests/simulation).
#ifdef SHOAL_BROKEN_BORROWING
constexpr bool kLendsToEverybody = true;
#else
constexpr bool kLendsToEverybody = false;
#endif

bool LoanTerms::wants(SlotId slot) const {
  return whole_shard || std::find(slots.begin(), slots.end(), slot) != slots.end();
}

bool LoanBook::Line::wants(SlotId wanted) const {
  return terms == nullptr ? slot == wanted : terms->wants(wanted);
}

bool LoanBook::is_claimed(SlotId slot) const {
  if (kLendsToEverybody) return false;
  return std::any_of(lines_.begin(), lines_.end(), [slot](const Line& line) { return line.wants(slot); });
}

bool LoanBook::is_held(SlotId slot) const {
  if (kLendsToEverybody) return false;
  return std::any_of(lines_.begin(), lines_.end(),
                     [slot](const Line& line) { return line.is_loan() && line.granted && line.wants(slot); });
}

bool LoanBook::conflict(const Line& one, const Line& other) {
  if (kLendsToEverybody) return false;
  if (one.terms == nullptr) return other.wants(one.slot);
  if (other.terms == nullptr) return one.wants(other.slot);
  if (one.terms->whole_shard || other.terms->whole_shard) return true;
  return std::any_of(one.terms->slots.begin(), one.terms->slots.end(),
                     [&other](SlotId slot) { return other.terms->wants(slot); });
}

bool LoanBook::blocked(std::size_t index) const {
  return std::any_of(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(index),
                     [this, index](const Line& earlier) { return conflict(earlier, lines_[index]); });
}

LoanVerdict LoanBook::request(const LoanTerms& terms, LoanWaiter& waiter) {
  const Line line{&terms, &waiter, kNoSlot, false};
  bool must_wait = false;
  for (const Line& earlier : lines_) {
    if (!conflict(earlier, line)) continue;
    must_wait = true;
    if (earlier.terms != nullptr && earlier.terms->ticket > terms.ticket) return LoanVerdict::kRefused;
  }
  lines_.push_back(line);
  if (must_wait) return LoanVerdict::kQueued;
  lines_.back().granted = true;
  return LoanVerdict::kGranted;
}

void LoanBook::wait_for(SlotId slot, LoanWaiter& waiter) {
  CHECK(is_lent(slot));
  lines_.push_back({nullptr, &waiter, slot, false});
}

void LoanBook::give_back(const LoanTerms& terms) {
  const auto line = std::find_if(lines_.begin(), lines_.end(),
                                 [&terms](const Line& candidate) { return candidate.terms == &terms; });
  CHECK(line != lines_.end() && line->granted);
  lines_.erase(line);
  advance();
}

void LoanBook::withdraw(const LoanWaiter& waiter) {
  const auto line = std::find_if(lines_.begin(), lines_.end(),
                                 [&waiter](const Line& candidate) { return candidate.waiter == &waiter; });
  if (line == lines_.end()) return;
  lines_.erase(line);
  advance();
}

void LoanBook::give_turn(std::size_t index) {
  const Line line = lines_[index];
  if (line.is_loan()) {
    lines_[index].granted = true;
    line.waiter->on_turn();
    return;
  }
  lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(index));
  if (line.waiter->on_turn() == LoanWaiter::Turn::kKept)
    lines_.insert(lines_.begin(), {nullptr, line.waiter, line.slot, true});
}

// Lets everybody go on whom nobody before blocks. A waiter's turn may change the book, so the search starts
// again after each.
void LoanBook::advance() {
  for (bool found = true; found;) {
    found = false;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].granted || blocked(i)) continue;
      found = true;
      give_turn(i);
      break;
    }
  }
}

}  // namespace shoal::dispatch
