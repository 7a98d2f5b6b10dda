#include "server/dispatch/sliced_walk.h"

#include <algorithm>

#include "server/dispatch/core_services.h"
#include "server/dispatch/node.h"
#include "storage/key_walk.h"

namespace shoal::dispatch {

SlicedWalk::SlicedWalk(CoreServices& core, DatabaseId database, ScanCursor from, std::size_t entries_max)
    : core_(core), domain_(core.domain()), database_(database), cursor_(from), entries_left_(entries_max) {}

SlicedJob::Progress SlicedWalk::run_slice() {
  if (progress_ == Progress::kMore) advance();
  return progress_;
}

// The slot is free at this moment, and may be lent again right after: so its slice is now.
LoanWaiter::Turn SlicedWalk::on_turn() {
  advance();
  return Turn::kOver;
}

void SlicedWalk::advance() {
  if (!is_wanted()) {
    progress_ = Progress::kDone;
    return;
  }
  const Micros begin = core_.now_fresh();
  progress_ = walk_slice();
  work_ += core_.now_fresh() - begin;
  if (progress_ == Progress::kDone) on_walked(cursor_, entries_left_);
}

SlicedJob::Progress SlicedWalk::walk_slice() {
  const auto visitor = [this](const types::Entry& entry) { visit(entry); };
  for (std::size_t left = kEntriesPerSlice; left > 0;) {
    if (is_through()) return Progress::kDone;
    if (domain_.loans.is_held(cursor_.slot)) {
      domain_.loans.wait_for(cursor_.slot, *this);
      return Progress::kWaiting;
    }
    const std::size_t looked_at = walk_on(domain_.shard.keyspace(), database_, cursor_,
                                          std::min(left, entries_left_), core_.wall_clock(), visitor);
    entries_left_ -= std::min(looked_at, entries_left_);
    // A slot counts even if it is empty: looking at the loans takes its time, too.
    left -= std::min(std::max<std::size_t>(looked_at, 1), left);
  }
  return is_through() ? Progress::kDone : Progress::kMore;
}

bool SlicedWalk::is_through() const {
  const SlotRange slots = domain_.shard.slots();
  return entries_left_ == 0 || cursor_.slot < slots.begin || cursor_.slot >= slots.end;
}

}  // namespace shoal::dispatch
