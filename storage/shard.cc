#include "storage/shard.h"

#include <utility>

#include "storage/types/value.h"

namespace shoal {

using types::Entry;

Shard::Shard(Keyspace& keyspace, SlotRange slots, Millis now)
    : keyspace_(keyspace), slots_(slots), wheel_(now) {}

// What waits to be freed belongs to nobody else any more.
Shard::~Shard() {
  while (free_some(kSlotCount)) {
  }
}

void Shard::apply(Effects& effects) {
  for (const Effects::Timer& timer : effects.timers()) wheel_.insert(timer.deadline, timer.reference.word());
  counts_.changes += effects.change_count();
  counts_.expired += effects.expired_count();
  if (!effects.records().empty()) {
    for (ChangeListener* listener : listeners_) listener->on_changes(effects.records());
  }
  effects.clear();
}

void Shard::add_listener(ChangeListener& listener) {
  listeners_.push_back(&listener);
  effects_.set_listening(true);
}

bool Shard::expire(Moment moment, std::size_t budget, const std::function<bool(SlotId)>& is_lent) {
  if (!active_expire_) return false;
  const bool more = wheel_.advance(moment.now, budget, [&](std::uint64_t word) {
    const KeyReference reference(word);
    if (is_lent(reference.slot())) {
      wheel_.insert(moment.now + structs::TimingWheel::kTick, word);  // its borrower may be using it
    } else {
      fire(reference, moment);
    }
  });
  settle();
  return more;
}

// Calls visit(DatabaseId, Entry&) for each entry that the reference speaks for. It names no database: there
// may be one in each, a copy or a namesake with the same stamp.
template <class Visit>
void Shard::visit_spoken_for(KeyReference reference, Visit&& visit) {
  Slot& slot = keyspace_.slot(reference.slot());
  for (DatabaseId database = 0; database < slot.database_end(); ++database) {
    Entry* entry = slot.find(database)->entries.find(reference.hash(), [&reference](const Entry& candidate) {
      return candidate.has_expiry() && candidate.wheel_stamp() == reference.stamp();
    });
    if (entry != nullptr) visit(database, *entry);
  }
}

// A reference says: look at this key again. Its entry may be gone, or be spoken for by another reference. If
// its deadline is later by now, it gets a reference and a stamp of its own, so that no other reference that
// had the old stamp speaks for it any more: each entry that is found leaves one timer, however many found it.
void Shard::fire(KeyReference reference, Moment moment) {
  visit_spoken_for(reference, [&](DatabaseId database, Entry& entry) {
    if (!types::is_expired(entry, moment.now)) {
      if (entry.expiry() >= types::kFarExpiry) return;
      entry.set_wheel_stamp(fresh_stamp(entry.expiry(), database, reference.stamp()));
      wheel_.insert(entry.expiry(),
                    KeyReference(reference.hash(), entry.wheel_stamp(), reference.slot()).word());
      return;
    }
    KeyAccess keys(keyspace_, effects_, moment, database, KeyAccess::Touch::kNo);
    // Copied: the name lies in the entry that is about to go.
    const std::string name(entry.key());
    keys.write(Key{name, reference.hash(), reference.slot()});
  });
}

bool Shard::sweep_stale_timers(std::size_t budget) {
  if (!sweeping_) {
    std::size_t expiring = 0;
    for (SlotId slot = slots_.begin; slot < slots_.end; ++slot) {
      const Slot& data = std::as_const(keyspace_).slot(slot);
      for (DatabaseId database = 0; database < data.database_end(); ++database)
        expiring += data.find(database)->expiring;
    }
    sweeping_ = wheel_.size() > 2 * expiring + kStaleTimersTolerated;
    if (!sweeping_) return false;
  }
  sweeping_ =
      !wheel_.filter(budget, [this](std::uint64_t word) { return speaks_for_an_entry(KeyReference(word)); });
  return sweeping_;
}

bool Shard::speaks_for_an_entry(KeyReference reference) {
  bool speaks = false;
  visit_spoken_for(reference, [&speaks](DatabaseId, const Entry&) { speaks = true; });
  return speaks;
}

void Shard::free_later(Dictionary detached) {
  pending_frees_ += detached.entries.size();
  graveyard_.push_back(std::move(detached));
}

bool Shard::free_some(std::size_t budget) {
  if (graveyard_.empty()) return false;
  std::size_t freed = 0;
  const bool more = graveyard_.front().entries.drain(budget, [&freed](Entry* entry) {
    types::destroy(entry);
    ++freed;
  });
  if (!more) graveyard_.pop_front();
  counts_.freed += freed;
  pending_frees_ -= freed;
  return !graveyard_.empty();
}

}  // namespace shoal
