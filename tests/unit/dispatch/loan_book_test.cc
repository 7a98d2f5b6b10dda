#include "server/dispatch/loan_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/base/random.h"

namespace shoal::dispatch {
namespace {

struct TestWaiter final : LoanWaiter {
  TestWaiter(std::string waiter_name, std::vector<std::string>& order)
      : name(std::move(waiter_name)), turns(order) {}
  Turn on_turn() override {
    turns.push_back(name);
    if (then) then();
    return turn;
  }
  std::string name;
  std::vector<std::string>& turns;
  std::function<void()> then;
  Turn turn = Turn::kOver;
};

class LoanBookTest : public testing::Test {
 protected:
  static LoanTerms terms(Ticket ticket, std::vector<SlotId> slots) {
    return {ticket, std::move(slots), false};
  }
  static LoanTerms whole(Ticket ticket) { return {ticket, {}, true}; }
  using Turns = std::vector<std::string>;

  LoanBook book;
  Turns turns;
  TestWaiter a{"a", turns}, b{"b", turns}, c{"c", turns}, d{"d", turns};
};

TEST_F(LoanBookTest, GrantsFreeSlotsAtOnce) {
  const LoanTerms loan = terms(1, {5, 9});
  EXPECT_FALSE(book.any());
  EXPECT_EQ(book.request(loan, a), LoanVerdict::kGranted);
  EXPECT_TRUE(book.any());
  EXPECT_TRUE(book.is_lent(5) && book.is_lent(9));
  EXPECT_FALSE(book.is_lent(6));
  book.give_back(loan);
  EXPECT_FALSE(book.any() || book.is_lent(5));
  EXPECT_TRUE(turns.empty()) << "the verdict says it all: no turn besides";
}

TEST_F(LoanBookTest, LendsDisjointSlotsAtTheSameTimeWhateverTheTickets) {
  const LoanTerms young = terms(9, {1}), old = terms(1, {2});
  EXPECT_EQ(book.request(young, a), LoanVerdict::kGranted);
  EXPECT_EQ(book.request(old, b), LoanVerdict::kGranted);
}

TEST_F(LoanBookTest, QueuesAYoungerTicketAndRefusesAnOlderOne) {
  const LoanTerms first = terms(5, {1, 2}), younger = terms(6, {2, 3}), older = terms(4, {1});
  EXPECT_EQ(book.request(first, a), LoanVerdict::kGranted);
  EXPECT_EQ(book.request(younger, b), LoanVerdict::kQueued);
  EXPECT_EQ(book.request(older, c), LoanVerdict::kRefused);
  EXPECT_TRUE(book.is_lent(3))
      << "a slot that somebody waits for counts as lent: a command must not overtake";
  book.give_back(first);
  EXPECT_EQ(turns, Turns{"b"});
  EXPECT_FALSE(book.is_lent(1)) << "a refused loan leaves no trace";
}

TEST_F(LoanBookTest, RefusesATicketOlderThanOneThatOnlyWaits) {
  const LoanTerms holder = terms(1, {1}), waiting = terms(9, {1, 2}), between = terms(5, {2});
  book.request(holder, a);
  EXPECT_EQ(book.request(waiting, b), LoanVerdict::kQueued);
  EXPECT_EQ(book.request(between, c), LoanVerdict::kRefused) << "it would wait for somebody younger";
}

TEST_F(LoanBookTest, GrantsInOrderOfArrival) {
  const LoanTerms one = terms(1, {7}), two = terms(2, {7}), three = terms(3, {7});
  book.request(one, a);
  book.request(two, b);
  book.request(three, c);
  book.give_back(one);
  EXPECT_EQ(turns, Turns{"b"});
  book.give_back(two);
  EXPECT_EQ(turns, (Turns{"b", "c"}));
  book.give_back(three);
  EXPECT_FALSE(book.any());
}

TEST_F(LoanBookTest, GrantsALoanOnlyWhenAllItsSlotsAreFree) {
  const LoanTerms one = terms(1, {1}), two = terms(2, {2}), both = terms(3, {1, 2});
  book.request(one, a);
  book.request(two, b);
  EXPECT_EQ(book.request(both, c), LoanVerdict::kQueued);
  book.give_back(two);
  EXPECT_TRUE(turns.empty());
  book.give_back(one);
  EXPECT_EQ(turns, Turns{"c"});
}

TEST_F(LoanBookTest, LetsALaterLoanPassOneItDoesNotConflictWith) {
  const LoanTerms one = terms(1, {1}), blocked = terms(2, {1, 2}), free = terms(3, {3});
  book.request(one, a);
  EXPECT_EQ(book.request(blocked, b), LoanVerdict::kQueued);
  EXPECT_EQ(book.request(free, c), LoanVerdict::kGranted);
}

TEST_F(LoanBookTest, AWholeShardConflictsWithEverySlot) {
  const LoanTerms one = terms(1, {1}), all = whole(2), late = terms(3, {9000});
  book.request(one, a);
  EXPECT_EQ(book.request(all, b), LoanVerdict::kQueued);
  EXPECT_EQ(book.request(late, c), LoanVerdict::kQueued);
  EXPECT_TRUE(book.is_lent(12345));
  book.give_back(one);
  book.give_back(all);
  EXPECT_EQ(turns, (Turns{"b", "c"}));
}

TEST_F(LoanBookTest, ACommandWaitsBehindWhateverClaimedItsSlotBefore) {
  const LoanTerms one = terms(1, {4}), two = terms(2, {4});
  book.request(one, a);
  book.wait_for(4, b);
  EXPECT_EQ(book.request(two, c), LoanVerdict::kQueued);
  book.wait_for(4, d);
  book.give_back(one);
  EXPECT_EQ(turns, (Turns{"b", "c"})) << "b runs, then c holds the slot; d stays behind c";
  book.give_back(two);
  EXPECT_EQ(turns, (Turns{"b", "c", "d"}));
  EXPECT_FALSE(book.any());
}

// Else two commands that wait for one slot would give way to each other for ever.
TEST_F(LoanBookTest, WhoWaitsBehindACommandDoesNotHoldItBackInItsTurn) {
  const LoanTerms one = terms(1, {4}), two = terms(2, {5});
  book.request(one, a);
  book.request(two, b);
  book.wait_for(4, c);
  book.wait_for(4, d);
  EXPECT_TRUE(book.is_held(4));
  bool held_in_turn = true, other_held_in_turn = false, lent_in_turn = false;
  c.then = [&] {
    held_in_turn = book.is_held(4);
    other_held_in_turn = book.is_held(5);
    lent_in_turn = book.is_lent(4);
  };
  book.give_back(one);
  EXPECT_FALSE(held_in_turn);
  EXPECT_TRUE(other_held_in_turn);
  EXPECT_TRUE(lent_in_turn) << "d waits for it";
  EXPECT_EQ(turns, (Turns{"c", "d"}));
}

// Else loans that follow one another would starve it.
TEST_F(LoanBookTest, ATurnThatIsKeptHoldsBackLoansUntilItEnds) {
  const LoanTerms one = terms(1, {4}), two = terms(2, {4}), elsewhere = terms(3, {5});
  book.request(one, a);
  b.turn = LoanWaiter::Turn::kKept;
  book.wait_for(4, b);
  book.request(two, c);
  book.give_back(one);
  EXPECT_EQ(turns, Turns{"b"});
  EXPECT_FALSE(book.is_held(4)) << "b may run";
  EXPECT_TRUE(book.is_lent(4)) << "others may not overtake it";
  EXPECT_EQ(book.request(elsewhere, d), LoanVerdict::kGranted);
  book.end_turn(b);
  EXPECT_EQ(turns, (Turns{"b", "c"}));
  EXPECT_TRUE(book.is_held(4));
}

TEST_F(LoanBookTest, AWaiterThatKeepsItsTurnMayWaitForAnotherSlot) {
  const LoanTerms one = terms(1, {4}), other = terms(2, {5}), after = terms(3, {4});
  book.request(one, a);
  book.request(other, c);
  b.turn = LoanWaiter::Turn::kKept;
  book.wait_for(4, b);
  book.request(after, d);
  book.give_back(one);
  book.wait_for(5, b);
  book.end_turn(b);
  EXPECT_EQ(turns, (Turns{"b", "d"}));
  book.give_back(other);
  EXPECT_EQ(turns, (Turns{"b", "d", "b"}));
}

TEST_F(LoanBookTest, ACommandForAnotherSlotDoesNotWait) {
  const LoanTerms one = terms(1, {4}), two = terms(2, {5});
  book.request(one, a);
  book.request(two, b);
  book.wait_for(4, c);
  book.give_back(two);
  EXPECT_TRUE(turns.empty());
  EXPECT_FALSE(book.is_lent(5));
}

TEST_F(LoanBookTest, AWaiterMayAskAgainInItsTurn) {
  const LoanTerms one = terms(1, {4}), again = terms(7, {4});
  book.request(one, a);
  book.wait_for(4, b);
  book.wait_for(4, c);
  LoanVerdict verdict = LoanVerdict::kRefused;
  b.then = [&] {
    if (verdict != LoanVerdict::kRefused) return;  // Its second turn.
    verdict = book.request(again, b);
  };
  book.give_back(one);
  EXPECT_EQ(turns, (Turns{"b", "c", "b"})) << "c came before the loan that b asked for in its turn";
  EXPECT_EQ(verdict, LoanVerdict::kQueued);
  EXPECT_TRUE(book.is_lent(4));
}

TEST_F(LoanBookTest, WithdrawingLetsThoseBehindGoOn) {
  const LoanTerms one = terms(1, {1}), both = terms(2, {1, 2}), last = terms(3, {2});
  book.request(one, a);
  book.request(both, b);
  EXPECT_EQ(book.request(last, c), LoanVerdict::kQueued);
  book.withdraw(b);
  EXPECT_EQ(turns, Turns{"c"});
  book.withdraw(d);  // Not in the book: nothing happens.
  book.give_back(one);
  EXPECT_EQ(turns, Turns{"c"});
}

// ---- Many coordinators and many books, messages in any order

// Coordinators that ask several books for slots and start again when one refuses, as
// server/dispatch/borrowing.h does, and single commands between them. Every call that would cross cores is an
// event; the seed chooses which comes next.
class LoanWorld {
 public:
  explicit LoanWorld(std::uint64_t seed)
      : random_(seed), books_(2 + random_.below(3)), holders_(books_.size()) {}

  /// Runs `count` coordinators to their end. False: some wait for ever.
  bool run(std::size_t count);
  std::uint64_t refusals() const { return refusals_; }
  std::uint64_t waits() const { return waits_; }

 private:
  static constexpr SlotId kSlots = 6;  // few, so that they clash

  struct Coordinator;
  struct Share final : LoanWaiter {
    Coordinator* coordinator = nullptr;
    std::size_t book = 0;
    LoanTerms terms;
    bool granted = false;
    Turn on_turn() override {
      coordinator->world->granted(*this);
      return Turn::kOver;
    }
  };
  struct Coordinator {
    LoanWorld* world = nullptr;
    std::vector<std::unique_ptr<Share>> shares;
    std::size_t unanswered = 0;
    bool refused = false;
    int rounds_left = 0;
  };
  struct SingleCommand final : LoanWaiter {
    LoanWorld* world = nullptr;
    std::size_t book = 0;
    SlotId slot = 0;
    bool waiting = false;
    Turn on_turn() override {
      waiting = false;
      world->run_single(*this);
      return Turn::kOver;
    }
  };

  void later(std::function<void()> event) { events_.push_back(std::move(event)); }
  void begin(Coordinator& coordinator);
  void ask(Coordinator& coordinator);
  void granted(Share& share);
  void answered(Coordinator& coordinator);
  void take(Share& share, int change);
  void settled(Coordinator& coordinator);
  void start_single();
  void run_single(SingleCommand& command);
  void withdraw_one();

  Random random_;
  std::vector<LoanBook> books_;
  std::vector<std::map<SlotId, int>> holders_;  // by book: how many hold each slot
  std::vector<std::function<void()>> events_;
  std::vector<std::unique_ptr<Coordinator>> coordinators_;
  std::deque<SingleCommand> singles_;
  Ticket next_ticket_ = 1;
  std::size_t running_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t waits_ = 0;
};

bool LoanWorld::run(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    coordinators_.push_back(std::make_unique<Coordinator>());
    coordinators_.back()->world = this;
    coordinators_.back()->rounds_left = 5;
    ++running_;
    begin(*coordinators_.back());
  }
  constexpr int kStepsMax = 200'000;
  for (int i = 0; i < kStepsMax && !events_.empty(); ++i) {
    const std::size_t chosen = random_.below(events_.size());
    std::swap(events_[chosen], events_.back());
    const std::function<void()> event = std::move(events_.back());
    events_.pop_back();
    event();
    if (running_ > 0 && random_.below(4) == 0) start_single();
    if (random_.below(16) == 0) withdraw_one();
  }
  const bool nobody_waits =
      std::ranges::none_of(singles_, [](const SingleCommand& single) { return single.waiting; });
  const bool books_empty = std::ranges::none_of(books_, [](const LoanBook& book) { return book.any(); });
  return running_ == 0 && nobody_waits && books_empty;
}

void LoanWorld::begin(Coordinator& coordinator) {
  coordinator.shares.clear();
  for (std::size_t book = 0; book < books_.size(); ++book) {
    if (random_.below(3) == 0) continue;
    auto share = std::make_unique<Share>();
    share->coordinator = &coordinator;
    share->book = book;
    share->terms.whole_shard = random_.below(16) == 0;
    for (SlotId slot = 0; slot < kSlots; ++slot) {
      if (random_.below(3) == 0 || share->terms.slots.empty()) share->terms.slots.push_back(slot);
    }
    coordinator.shares.push_back(std::move(share));
  }
  later([this, &coordinator] { ask(coordinator); });
}

void LoanWorld::ask(Coordinator& coordinator) {
  coordinator.refused = false;
  coordinator.unanswered = coordinator.shares.size();
  const Ticket ticket = next_ticket_++;
  if (coordinator.shares.empty()) return settled(coordinator);
  for (const auto& each : coordinator.shares) {
    Share* share = each.get();
    share->granted = false;
    share->terms.ticket = ticket;
    later([this, share] {
      const LoanVerdict verdict = books_[share->book].request(share->terms, *share);
      if (verdict == LoanVerdict::kGranted) granted(*share);
      if (verdict == LoanVerdict::kQueued) ++waits_;
      if (verdict != LoanVerdict::kRefused) return;
      ++refusals_;
      later([this, share] {
        share->coordinator->refused = true;
        answered(*share->coordinator);
      });
    });
  }
}

void LoanWorld::granted(Share& share) {
  share.granted = true;
  take(share, +1);
  later([this, &share] { answered(*share.coordinator); });
}

// Mutual exclusion: nobody else holds a slot that is taken.
void LoanWorld::take(Share& share, int change) {
  for (SlotId slot = 0; slot < kSlots; ++slot) {
    if (!share.terms.wants(slot)) continue;
    int& count = holders_[share.book][slot];
    count += change;
    EXPECT_EQ(count, change > 0 ? 1 : 0) << "two hold slot " << slot << " of book " << share.book;
  }
}

void LoanWorld::answered(Coordinator& coordinator) {
  if (--coordinator.unanswered > 0) return;
  for (const auto& each : coordinator.shares) {
    Share* share = each.get();
    if (!share->granted) continue;
    ++coordinator.unanswered;
    later([this, share] {
      take(*share, -1);
      books_[share->book].give_back(share->terms);
      later([this, share] {
        if (--share->coordinator->unanswered == 0) settled(*share->coordinator);
      });
    });
  }
  if (coordinator.unanswered == 0) settled(coordinator);
}

void LoanWorld::settled(Coordinator& coordinator) {
  if (coordinator.refused) return later([this, &coordinator] { ask(coordinator); });
  if (--coordinator.rounds_left == 0) {
    --running_;
    return;
  }
  begin(coordinator);
}

void LoanWorld::start_single() {
  SingleCommand& command = singles_.emplace_back();
  command.world = this;
  command.book = random_.below(books_.size());
  command.slot = static_cast<SlotId>(random_.below(kSlots));
  LoanBook& book = books_[command.book];
  if (!book.is_lent(command.slot)) return run_single(command);
  command.waiting = true;
  ++waits_;
  book.wait_for(command.slot, command);
}

void LoanWorld::run_single(SingleCommand& command) {
  EXPECT_FALSE(books_[command.book].is_held(command.slot));
  EXPECT_EQ(holders_[command.book][command.slot], 0)
      << "a command runs on slot " << command.slot << " of book " << command.book << ", which is lent";
}

void LoanWorld::withdraw_one() {
  const auto waiting =
      std::ranges::find_if(singles_, [](const SingleCommand& single) { return single.waiting; });
  if (waiting == singles_.end()) return;
  waiting->waiting = false;
  books_[waiting->book].withdraw(*waiting);
}

TEST(LoanBooks, NeverLendASlotTwiceAndNeverDeadlock) {
  std::uint64_t refusals = 0, waits = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    LoanWorld world(seed);
    ASSERT_TRUE(world.run(2 + seed % 9)) << "somebody waits for ever, seed " << seed;
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    refusals += world.refusals();
    waits += world.waits();
  }
  EXPECT_GT(refusals, 500u) << "the test must reach what it is about";
  EXPECT_GT(waits, 5000u);
}

}  // namespace
}  // namespace shoal::dispatch
