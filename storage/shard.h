// Shard: the slots that one core owns, and what goes with them: their timers, the changes they make, and the
// values that are being freed in slices. One thread at a time: the owner, or who borrowed the shard from it.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "storage/change.h"
#include "storage/key_access.h"
#include "storage/keyspace.h"
#include "storage/structs/timing_wheel.h"

namespace shoal {

/// Slots [begin, end).
struct SlotRange {
  SlotId begin = 0;
  SlotId end = 0;
};

/// Reads the shard's changes, in order, after each command that made some.
class ChangeListener {
 public:
  virtual void on_changes(std::span<const Effects::Record> records) = 0;

 protected:
  ~ChangeListener() = default;
};

class Shard {
 public:
  /// `now` is where the timers' time begins (wall clock).
  Shard(Keyspace& keyspace, SlotRange slots, Millis now);

  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  SlotRange slots() const { return slots_; }
  Keyspace& keyspace() { return keyspace_; }

  /// Where commands that run here leave what they did. settle() after each.
  Effects& effects() { return effects_; }
  void settle() {
    if (!effects_.empty()) [[unlikely]]
      apply(effects_);
  }
  /// Applies and clears what a command left, here or around slots that were lent.
  void apply(Effects& effects);
  void add_listener(ChangeListener& listener);

  /// Reclaims keys whose deadline has passed, at most `budget` timers; skips slots for which `is_lent` says
  /// so. Returns whether more is due now.
  bool expire(Moment moment, std::size_t budget, const std::function<bool(SlotId)>& is_lent);
  /// When expire() should next be called; structs::TimingWheel::kNever when nothing waits.
  Millis next_expiry() const {
    return active_expire_ ? wheel_.next_deadline() : structs::TimingWheel::kNever;
  }
  void set_active_expire(bool active) { active_expire_ = active; }

  /// Timers whose key has gone or has another stay until they fire. When they outnumber the keys with a
  /// deadline (counted at the start: O(slots)), drops them, about `budget` timers looked at a call; returns
  /// whether to call again soon.
  bool sweep_stale_timers(std::size_t budget);

  /// Takes over a dictionary to be freed by free_some().
  void free_later(Dictionary detached);
  /// Frees up to `budget` entries; returns whether more is left.
  bool free_some(std::size_t budget);
  /// Whether free_some() has anything to do, and to how many entries.
  bool has_to_free() const { return !graveyard_.empty(); }
  std::size_t pending_frees() const { return pending_frees_; }

  /// Changes made, keys expired and entries freed since the last call.
  struct Counts {
    std::uint64_t changes = 0;
    std::uint64_t expired = 0;
    std::uint64_t freed = 0;
  };
  Counts take_counts() { return std::exchange(counts_, Counts{}); }
  std::size_t timer_count() const { return wheel_.size(); }

 private:
  static constexpr std::size_t kStaleTimersTolerated = 100'000;

  template <class Visit>
  void visit_spoken_for(KeyReference reference, Visit&& visit);
  bool speaks_for_an_entry(KeyReference reference);
  void fire(KeyReference reference, Moment moment);

  Keyspace& keyspace_;
  SlotRange slots_;
  Effects effects_;
  structs::TimingWheel wheel_;
  std::vector<ChangeListener*> listeners_;
  std::deque<Dictionary> graveyard_;
  std::size_t pending_frees_ = 0;
  Counts counts_;
  bool active_expire_ = true;
  bool sweeping_ = false;
};

}  // namespace shoal
