// A hierarchical timing wheel: millions of deadlines at a few nanoseconds each (Varghese and Lauck, "Hashed
// and hierarchical timing wheels", 1987). It holds 8-byte references that mean something to its user alone: a
// slot and part of a hash, a connection's number.
//
//             buckets                           one turn
//   level 0   64 of 1 tick (16 ms)              1.02 s
//   level 1   64 of 64 ticks                    65.5 s
//   level 2   64 of 64^2 ticks                  70 min
//   ...
//   level 5   64 of 64^5 ticks                  35 years
//   far       what lies in a later turn of level 5
//
// Time is a number of ticks, written in digits of 6 bits. A reference lies on the level of the highest digit
// in which its tick differs from the current one, in that digit's bucket. When time enters a bucket of an
// upper level, its references cascade: each is put in anew, on a lower level, down to the tick itself.
//
// A bucket is a list of 512-byte chunks. Besides the reference a chunk keeps what its bucket does not tell of
// the tick: nothing on level 0, else 1, 2, 3, 3, 4 bytes (far: 8), so that firing is exact to the tick
// without asking the user when. With the chunks' heads (3 %) that is 8.3 bytes for a deadline within the
// second and at most 11.4 for one within three days.
//
// A reference cannot be taken out: a timer that no longer counts fires, and its user finds nothing to do;
// filter() purges such references before their time where they pile up.
//
// Thread-safety: none; a wheel belongs to one core.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "storage/base/check.h"
#include "storage/base/units.h"

namespace shoal::structs {

class TimingWheel {
 public:
  static constexpr Millis kTick = 16;
  static constexpr Millis kNever = std::numeric_limits<Millis>::max();

  /// A wheel whose time begins at `now`. 3 KB, and 512 bytes for each chunk in use.
  explicit TimingWheel(Millis now);
  ~TimingWheel();
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  /// Fires `reference` once `deadline` is reached: in the first advance() at or after the tick that follows
  /// it, never before. A deadline in the past fires with the next tick. Any number of references, equal ones
  /// too. O(1).
  void insert(Millis deadline, std::uint64_t reference) {
    ++size_;
    put(std::max(tick_at_or_after(deadline), current_), reference);
  }

  /// Moves time to `now` and calls fire(uint64_t reference) for what is due, in no particular order within a
  /// tick; fire may insert(). Handles at most `budget` references, those that merely cascade included, and
  /// returns true if it stopped for that, with more to do now. Skips empty time, however long, at once. If
  /// `now` is before the time already reached, nothing happens: nothing is lost, nothing fires early, and
  /// what is inserted meanwhile fires once the clock is back where it was.
  template <class Fire>
  bool advance(Millis now, std::size_t budget, Fire&& fire) {
    const std::uint64_t target = tick_at_or_before(now);
    for (;;) {
      skip_to_event(target);
      if (current_ > target) return false;
      if (budget == 0) return true;
      if (cascade(budget)) continue;
      const std::uint32_t due = bucket_of(0, current_);
      for (; budget > 0 && heads_[due] != nullptr; --budget) {
        const std::uint64_t reference = pop(0, due).reference;
        --size_;
        fire(reference);
      }
    }
  }

  /// When advance() should next be called: not later than the first reference is due, often exactly then, at
  /// times earlier (for a cascade). kNever for an empty wheel. May lie in the past. A few nanoseconds.
  Millis next_deadline() const {
    const std::uint64_t tick = next_event();
    return tick == kNoTick ? kNever : static_cast<Millis>(tick) * kTick;
  }

  /// A sweep in slices, to drop references before their time: asks keep(uint64_t reference) about some
  /// `budget` references (up to a chunk of 62 more) and drops those for which it is false; keep must not
  /// touch the wheel. Goes on where the last call stopped, and returns true until one sweep over everything
  /// is complete. What was inserted since the sweep began may or may not be asked about; everything older is,
  /// if it has not fired.
  template <class Keep>
  bool filter(std::size_t budget, Keep&& keep) {
    std::size_t asked = 0;
    while (asked < budget) {
      if (!find_unswept()) return false;
      asked += sweep_chunk(keep);
    }
    return true;
  }

  /// References held.
  std::size_t size() const { return size_; }
  /// Heap bytes of the chunks, those kept for reuse included.
  std::size_t memory_bytes() const { return (chunks_ + free_chunks_) * kChunkBytes; }

 private:
  static constexpr std::uint32_t kDigitBits = 6;
  static constexpr std::uint32_t kBuckets = 1 << kDigitBits;
  static constexpr std::uint32_t kLevels = 6;
  static constexpr std::uint32_t kFar = kLevels;  // The level of the far references.
  static constexpr std::uint32_t kFarShift = kDigitBits * kLevels;
  // The far references have two buckets: those being cascaded, those waiting for the next turn of level 5.
  static constexpr std::uint32_t kFarCascading = kLevels * kBuckets;
  static constexpr std::uint32_t kFarWaiting = kFarCascading + 1;
  static constexpr std::uint32_t kHeads = kFarWaiting + 1;

  static constexpr std::uint64_t kNoTick = ~std::uint64_t{0};
  // 146 million years; so that no tick overflows Millis.
  static constexpr std::uint64_t kTickMax = std::uint64_t{1} << 58;

  static constexpr std::size_t kChunkBytes = 512;
  static constexpr std::size_t kChunkHeadBytes = 16;
  static constexpr std::size_t kFreeChunksMax = 64;  // 32 KB kept for reuse; more goes back to the heap.

  /// How many bytes of the tick a chunk of each level keeps, and how many references it then holds.
  static constexpr std::array<std::uint32_t, kLevels + 1> kTickBytes = {0, 1, 2, 3, 3, 4, 8};
  static constexpr std::uint32_t capacity_of(std::uint32_t level) {
    return (kChunkBytes - kChunkHeadBytes) / (8 + kTickBytes[level]);
  }

  /// `count` references, then `capacity_of(level)` times kTickBytes bytes of ticks, low byte first.
  struct Chunk {
    Chunk* next;
    std::uint32_t count;
    std::uint32_t unused;
    std::uint64_t references[(kChunkBytes - kChunkHeadBytes) / 8];

    unsigned char* ticks(std::uint32_t level) {
      return reinterpret_cast<unsigned char*>(references + capacity_of(level));
    }
  };
  static_assert(sizeof(Chunk) == kChunkBytes);

  struct Popped {
    std::uint64_t reference;
    std::uint64_t low_tick;  // The part of the tick that the bucket does not tell.
  };

  static std::uint64_t tick_at_or_after(Millis time) {
    if (time <= 0) return 0;
    const auto t = static_cast<std::uint64_t>(time);
    return std::min(kTickMax, t / kTick + (t % kTick != 0 ? 1 : 0));
  }
  static std::uint64_t tick_at_or_before(Millis time) {
    return time <= 0 ? 0 : std::min(kTickMax, static_cast<std::uint64_t>(time) / kTick);
  }
  static std::uint32_t digit(std::uint32_t level, std::uint64_t tick) {
    return static_cast<std::uint32_t>(tick >> (kDigitBits * level)) & (kBuckets - 1);
  }
  static std::uint32_t bucket_of(std::uint32_t level, std::uint64_t tick) {
    return level * kBuckets + digit(level, tick);
  }
  static std::uint32_t level_of_bucket(std::uint32_t bucket) { return bucket / kBuckets; }

  void put(std::uint64_t tick, std::uint64_t reference);
  Popped pop(std::uint32_t level, std::uint32_t bucket);
  void push_chunk(std::uint32_t bucket);
  void free_chunk(Chunk* chunk);
  void set_head(std::uint32_t bucket, Chunk* chunk);

  std::uint64_t next_event() const;
  void skip_to_event(std::uint64_t target);
  bool cascade(std::size_t& budget);

  bool find_unswept();
  template <class Keep>
  std::size_t sweep_chunk(Keep&& keep);
  void settle_swept(Chunk* chunk);
  static void copy_entry(std::uint32_t level, Chunk* to, std::uint32_t at, Chunk* from, std::uint32_t index);

  std::uint64_t current_;   // Everything before this tick has fired.
  std::uint64_t far_turn_;  // The turn of level 5 for which the far references were last looked through.
  std::size_t size_ = 0;
  std::size_t chunks_ = 0;
  std::size_t free_chunks_ = 0;
  Chunk* free_list_ = nullptr;
  // The sweep goes from the far references down to level 0, the way references cascade, so none slips past
  // it.
  std::uint32_t sweep_bucket_ = kFarWaiting;
  Chunk* sweep_after_ = nullptr;                   // The chunk swept last; null: the bucket's first is next.
  std::array<std::uint64_t, kLevels> occupied_{};  // A bit for each bucket that is not empty.
  std::array<Chunk*, kHeads> heads_{};
};

inline void TimingWheel::put(std::uint64_t tick, std::uint64_t reference) {
  const std::uint64_t difference = tick ^ current_;
  const auto level =
      difference == 0
          ? 0
          : std::min(kFar, static_cast<std::uint32_t>(63 - std::countl_zero(difference)) / kDigitBits);
  const std::uint32_t bucket = level == kFar ? kFarWaiting : bucket_of(level, tick);
  if (heads_[bucket] == nullptr || heads_[bucket]->count == capacity_of(level)) [[unlikely]]
    push_chunk(bucket);
  Chunk* chunk = heads_[bucket];
  chunk->references[chunk->count] = reference;
  unsigned char* low_tick = chunk->ticks(level) + std::size_t{chunk->count} * kTickBytes[level];
  for (std::uint32_t i = 0; i < kTickBytes[level]; ++i)
    low_tick[i] = static_cast<unsigned char>(tick >> (8 * i));
  ++chunk->count;
}

inline TimingWheel::Popped TimingWheel::pop(std::uint32_t level, std::uint32_t bucket) {
  Chunk* chunk = heads_[bucket];
  --chunk->count;
  Popped popped{chunk->references[chunk->count], 0};
  const unsigned char* low_tick = chunk->ticks(level) + std::size_t{chunk->count} * kTickBytes[level];
  for (std::uint32_t i = 0; i < kTickBytes[level]; ++i)
    popped.low_tick |= std::uint64_t{low_tick[i]} << (8 * i);
  if (chunk->count == 0) {
    set_head(bucket, chunk->next);
    free_chunk(chunk);
  }
  return popped;
}

template <class Keep>
std::size_t TimingWheel::sweep_chunk(Keep&& keep) {
  Chunk* chunk = sweep_after_ == nullptr ? heads_[sweep_bucket_] : sweep_after_->next;
  const std::uint32_t level = level_of_bucket(sweep_bucket_);
  const std::uint32_t asked = chunk->count;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < asked; ++i)
    if (keep(chunk->references[i])) copy_entry(level, chunk, kept++, chunk, i);
  chunk->count = kept;
  size_ -= asked - kept;
  settle_swept(chunk);
  return asked;
}

}  // namespace shoal::structs
