#include "storage/structs/timing_wheel.h"

#include <cstring>

#include "storage/base/heap.h"

namespace shoal::structs {

TimingWheel::TimingWheel(Millis now) : current_(tick_at_or_before(now)), far_turn_(current_ >> kFarShift) {}

TimingWheel::~TimingWheel() {
  const auto release_list = [](Chunk* chunk) {
    while (chunk != nullptr) {
      Chunk* next = chunk->next;
      heap::release(chunk);
      chunk = next;
    }
  };
  for (Chunk* head : heads_) release_list(head);
  release_list(free_list_);
}

// ---- Chunks

void TimingWheel::set_head(std::uint32_t bucket, Chunk* chunk) {
  heads_[bucket] = chunk;
  if (bucket >= kFarCascading) return;
  const std::uint64_t bit = std::uint64_t{1} << (bucket % kBuckets);
  std::uint64_t& occupied = occupied_[level_of_bucket(bucket)];
  occupied = chunk == nullptr ? occupied & ~bit : occupied | bit;
}

void TimingWheel::push_chunk(std::uint32_t bucket) {
  Chunk* chunk = free_list_;
  if (chunk != nullptr) {
    free_list_ = chunk->next;
    --free_chunks_;
  } else {
    chunk = static_cast<Chunk*>(heap::allocate(kChunkBytes));
  }
  ++chunks_;
  chunk->count = 0;
  chunk->next = heads_[bucket];
  set_head(bucket, chunk);
}

void TimingWheel::free_chunk(Chunk* chunk) {
  // A bucket is consumed from its head, so what follows the chunk swept last has become the head: start
  // there.
  if (chunk == sweep_after_) sweep_after_ = nullptr;
  --chunks_;
  if (free_chunks_ == kFreeChunksMax) {
    heap::release(chunk);
    return;
  }
  chunk->next = free_list_;
  free_list_ = chunk;
  ++free_chunks_;
}

// ---- Time

std::uint64_t TimingWheel::next_event() const {
  std::uint64_t event = kNoTick;
  if (heads_[kFarWaiting] != nullptr) event = (far_turn_ + 1) << kFarShift;
  if (heads_[kFarCascading] != nullptr) return current_;
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    // No bucket behind the current digit holds anything.
    const std::uint64_t ahead = occupied_[level] >> digit(level, current_);
    if (ahead == 0) continue;
    const std::uint32_t shift = kDigitBits * level;
    const auto distance = static_cast<std::uint64_t>(std::countr_zero(ahead));
    event = std::min(event, ((current_ >> shift) + distance) << shift);
  }
  return std::max(event, current_);
}

void TimingWheel::skip_to_event(std::uint64_t target) {
  if (current_ > target) return;
  current_ = std::min(next_event(), target + 1);
  // Without far references there is nothing to look through: the turn is up to date by itself.
  if (heads_[kFarWaiting] == nullptr) far_turn_ = current_ >> kFarShift;
}

bool TimingWheel::cascade(std::size_t& budget) {
  if (heads_[kFarWaiting] != nullptr && far_turn_ != current_ >> kFarShift) {
    CHECK(heads_[kFarCascading] == nullptr);
    heads_[kFarCascading] = heads_[kFarWaiting];
    heads_[kFarWaiting] = nullptr;
    far_turn_ = current_ >> kFarShift;
  }
  const std::size_t before = budget;
  for (; budget > 0 && heads_[kFarCascading] != nullptr; --budget) {
    const Popped popped = pop(kFar, kFarCascading);
    put(std::max(popped.low_tick, current_), popped.reference);
  }
  for (std::uint32_t level = kLevels - 1; level > 0; --level) {
    // The bucket that time is in: what it holds belongs on a lower level now.
    const std::uint32_t bucket = bucket_of(level, current_);
    const std::uint64_t bucket_tick = current_ >> (kDigitBits * level) << (kDigitBits * level);
    const std::uint64_t low_mask = (std::uint64_t{1} << (kDigitBits * level)) - 1;
    for (; budget > 0 && heads_[bucket] != nullptr; --budget) {
      const Popped popped = pop(level, bucket);
      const std::uint64_t tick = bucket_tick | (popped.low_tick & low_mask);
      put(std::max(tick, current_), popped.reference);
    }
  }
  return budget != before;
}

// ---- The sweep

bool TimingWheel::find_unswept() {
  for (;;) {
    const Chunk* next = sweep_after_ == nullptr ? heads_[sweep_bucket_] : sweep_after_->next;
    if (next != nullptr) return true;
    sweep_after_ = nullptr;
    if (sweep_bucket_ == 0) {
      sweep_bucket_ = kFarWaiting;  // Where the next sweep begins.
      return false;
    }
    --sweep_bucket_;
  }
}

void TimingWheel::copy_entry(std::uint32_t level, Chunk* to, std::uint32_t at, Chunk* from,
                             std::uint32_t index) {
  to->references[at] = from->references[index];
  const std::size_t width = kTickBytes[level];
  std::memmove(to->ticks(level) + at * width, from->ticks(level) + index * width, width);
}

void TimingWheel::settle_swept(Chunk* chunk) {
  const std::uint32_t level = level_of_bucket(sweep_bucket_);
  Chunk* const before = sweep_after_;
  if (before != nullptr && before->count + chunk->count <= capacity_of(level)) {
    // What is left fits into the chunk before it, so a thinned bucket gives its memory back.
    for (std::uint32_t i = 0; i < chunk->count; ++i) copy_entry(level, before, before->count++, chunk, i);
    chunk->count = 0;
  }
  if (chunk->count > 0) {
    sweep_after_ = chunk;
    return;
  }
  if (before == nullptr) {
    set_head(sweep_bucket_, chunk->next);
  } else {
    before->next = chunk->next;
  }
  free_chunk(chunk);
}

}  // namespace shoal::structs
