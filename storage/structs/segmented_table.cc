#include "storage/structs/segmented_table.h"

#include <algorithm>
#include <cstring>

#include "storage/base/heap.h"
#include "storage/base/random.h"

namespace shoal::structs {

using internal::SegmentRef;

namespace {

/// Buddies merge when they hold no more than this together: far enough below the 225 of a split that one
/// cannot follow the other soon.
constexpr std::uint64_t kMergedElementsMax = 90;

/// The most words an erase may move while it merges.
constexpr std::uint64_t kErasedMovesMax = 256;

/// The directory doubles only to a size with at least so many elements an entry (well mixed hashes: 75 or
/// more), which bounds it whatever the hashes are.
constexpr std::uint64_t kElementsPerEntryMin = 16;

/// It halves only below so many elements an entry, lest one pair of segments doubles and halves it in turns;
/// unless it is too small to matter.
constexpr std::uint64_t kElementsPerEntryHalving = 32;
constexpr std::uint32_t kDepthHalvedFreely = 4;

/// Depths stay where a scan's cursor (48 bits) and a word's window reach. Never met: 2^32 elements, by the
/// limit on the directory, make a depth of 28.
constexpr std::uint32_t kDepthMax = 40;

const void* element_of_word(std::uint64_t word) {
  return reinterpret_cast<const void*>(word & internal::kPointerMask);
}

std::uint64_t with_window(std::uint64_t word, std::uint64_t window) {
  return (word & internal::kPointerMask) | window << 48;
}

/// The class for a segment that should hold `elements` and some more.
std::uint32_t class_with_slack(std::uint64_t elements, std::uint64_t slack) {
  if (elements == 0) return 0;
  const std::uint32_t size_class = internal::class_for(elements + slack);
  const bool largest_has_room = elements < internal::kSegmentClasses[internal::kClassLargest].slots;
  return largest_has_room ? std::min(size_class, internal::kClassLargest) : size_class;
}

std::uint64_t word_at_rank(SegmentRef segment, std::uint64_t rank) {
  for (std::uint32_t g = 0;; ++g) {
    CHECK(g < segment.groups());
    internal::GroupMatch m = internal::match_elements(segment.group(g));
    const auto here = static_cast<std::uint64_t>(std::popcount(m));
    if (rank >= here) {
      rank -= here;
      continue;
    }
    for (; rank > 0; --rank) m &= m - 1;
    return segment.words()[g * internal::kGroupSlots + static_cast<std::uint32_t>(std::countr_zero(m))];
  }
}

}  // namespace

namespace internal {

SegmentRef SegmentRef::allocate(std::uint32_t size_class, std::uint32_t depth) {
  const std::uint64_t head = std::uint64_t{depth} << 56 | std::uint64_t{size_class} << 48;
  if (size_class == 0) return SegmentRef(head);
  const auto address = reinterpret_cast<std::uint64_t>(heap::allocate(kSegmentClasses[size_class].bytes));
  CHECK((address & 15) == 0 && (address & ~kPointerMask) == 0);
  const SegmentRef segment(head | address);
  std::memset(segment.tags(), kTagEmpty, std::size_t{kGroupBytes} * segment.groups());
  std::uint8_t* last = segment.group(segment.groups() - 1);
  const std::uint32_t slots_of_last = segment.slots() - (segment.groups() - 1) * kGroupSlots;
  std::memset(last + slots_of_last, kTagBlocked, kGroupSlots - slots_of_last);
  *segment.used_word() = 0;
  return segment;
}

[[gnu::noinline]] void SegmentRef::pull_back_into(std::uint32_t slot) {
  const std::uint32_t count = groups();
  std::uint32_t hole = slot / kGroupSlots;
  // The nearest element behind the hole whose way from its home leads past it moves in, and leaves a hole
  // farther on.
  for (std::uint32_t distance = 1; distance < count && group(hole)[kGroupSlots] != 0; ++distance) {
    const std::uint32_t holder = (hole + distance) % count;
    for (GroupMatch m = match_elements(group(holder)); m != 0; m &= m - 1) {
      const auto i = static_cast<std::uint32_t>(std::countr_zero(m));
      const std::uint32_t from = holder * kGroupSlots + i;
      const std::uint32_t home = home_of(static_cast<std::uint16_t>(words()[from] >> 48));
      if ((holder + count - home) % count < distance) continue;
      words()[slot] = words()[from];
      std::swap(group(hole)[slot % kGroupSlots], group(holder)[i]);
      for (std::uint32_t back = 0; back < distance; ++back) pass_one_less((hole + back) % count);
      hole = holder;
      slot = from;
      distance = 0;
      break;
    }
  }
}

void SegmentRef::release() {
  if (size_class() != 0) heap::release(tags());
}

}  // namespace internal

std::size_t SegmentedTableBase::memory_bytes() const {
  return std::size_t{segment_units_} * 16 + (has_directory() ? heap::usable(directory()) : 0);
}

SegmentedTableBase::Shape SegmentedTableBase::shape() const {
  Shape shape;
  shape.directory_entries = directory_entries();
  for (std::size_t i = 0; i < walk_end();) {
    const SegmentRef segment = walk_next(i);
    if (segment.size_class() != 0) ++shape.segments;
    shape.slots += segment.slots();
    for (std::uint32_t g = 0; g < segment.groups(); ++g)
      shape.passed_groups += segment.group(g)[internal::kGroupSlots];
    shape.largest_segment = std::max<std::size_t>(shape.largest_segment, segment.used());
  }
  return shape;
}

SegmentRef SegmentedTableBase::walk_next(std::size_t& index) const {
  if (!has_directory()) {
    ++index;
    return SegmentRef(root_);
  }
  const SegmentRef segment(directory()[index]);
  const std::size_t span = std::size_t{1} << (directory_depth() - segment.depth());
  index = (index & ~(span - 1)) + span;
  return segment;
}

void SegmentedTableBase::set_segment(std::uint64_t hash, SegmentRef segment) {
  if (!has_directory()) {
    root_ = segment.bits();
    return;
  }
  const std::size_t span = std::size_t{1} << (directory_depth() - segment.depth());
  std::fill_n(directory() + (directory_index(hash) & ~(span - 1)), span, segment.bits());
}

SegmentRef SegmentedTableBase::allocate_segment(std::uint32_t size_class, std::uint32_t depth) {
  segment_units_ += internal::kSegmentClasses[size_class].bytes / 16;
  return SegmentRef::allocate(size_class, depth);
}

void SegmentedTableBase::release_segment(SegmentRef segment) {
  segment_units_ -= segment.layout().bytes / 16;
  segment.release();
}

// ---- Growing

SegmentRef SegmentedTableBase::make_room(std::uint64_t hash, HashOf hash_of) {
  CHECK(size_ < UINT32_MAX);
  CHECK(!is_draining());
  SegmentRef segment = segment_of(hash);
  if (segment.size_class() >= internal::kClassLargest && may_split(segment)) {
    split(hash, segment, hash_of);
    segment = segment_of(hash);
    if (!segment.is_full()) return segment;  // Else this half got no element at all, and has no memory yet.
  }
  CHECK(segment.size_class() + 1 < internal::kClassCount);
  return rebuild(hash, segment, segment.size_class() + 1);
}

SegmentRef SegmentedTableBase::rebuild(std::uint64_t hash, SegmentRef segment, std::uint32_t size_class) {
  SegmentRef rebuilt = allocate_segment(size_class, segment.depth());
  segment.for_each_word([&](std::uint64_t word, std::uint8_t tag) { rebuilt.place(word, tag); });
  set_segment(hash, rebuilt);
  release_segment(segment);
  return rebuilt;
}

bool SegmentedTableBase::may_split(SegmentRef segment) const {
  if (segment.depth() >= kDepthMax) return false;
  if (segment.depth() < directory_depth()) return true;
  return (std::uint64_t{2} << directory_depth()) * kElementsPerEntryMin <= size_;
}

void SegmentedTableBase::split(std::uint64_t hash, SegmentRef segment, HashOf hash_of) {
  const std::uint32_t depth = segment.depth();
  if (depth == directory_depth()) double_directory();
  const bool renew_windows = (depth + 1) % 8 == 0;

  // The bit that tells the halves apart is the first of the order below this depth.
  const auto side_of = [&](std::uint64_t word) {
    return segment.order_of(static_cast<std::uint16_t>(word >> 48)) >> 15;
  };
  std::uint64_t elements[2] = {0, 0};
  segment.for_each_word([&](std::uint64_t word, std::uint8_t) {
    ++elements[side_of(word)];
    if (renew_windows) __builtin_prefetch(element_of_word(word));
  });

  SegmentRef halves[2];
  for (int side = 0; side < 2; ++side)
    halves[side] = allocate_segment(class_with_slack(elements[side], elements[side] / 8 + 1), depth + 1);
  segment.for_each_word([&](std::uint64_t word, std::uint8_t tag) {
    SegmentRef& half = halves[side_of(word)];
    if (renew_windows) word = with_window(word, half.window_of(hash_of(element_of_word(word))));
    half.place(word, tag);
  });

  const std::uint64_t bit = std::uint64_t{1} << (63 - depth);
  set_segment(hash & ~bit, halves[0]);
  set_segment(hash | bit, halves[1]);
  if (depth + 1 == directory_depth()) directory()[directory_entries()] += 2;
  release_segment(segment);
}

void SegmentedTableBase::double_directory() {
  const std::uint32_t depth = directory_depth();
  const std::size_t entries = std::size_t{1} << depth;
  auto* doubled = static_cast<std::uint64_t*>(heap::allocate((2 * entries + 1) * sizeof(std::uint64_t)));
  const std::uint64_t* old = has_directory() ? directory() : &root_;
  for (std::size_t i = 0; i < entries; ++i) doubled[2 * i] = doubled[2 * i + 1] = old[i];
  doubled[2 * entries] = 0;  // No segment is that deep yet.
  if (has_directory()) heap::release(directory());
  root_ = std::uint64_t{depth + 1} << 56 | reinterpret_cast<std::uint64_t>(doubled) | kDirectory;
}

// ---- Shrinking

void SegmentedTableBase::shrink(std::uint64_t hash) {
  CHECK(!is_draining());
  bool merged = false;
  for (std::uint64_t move_budget = kErasedMovesMax; merge(hash, move_budget);) merged = true;
  if (!merged) {
    const SegmentRef segment = segment_of(hash);
    const std::uint32_t size_class = class_with_slack(segment.used(), segment.used() / 4 + 1);
    if (size_class < segment.size_class()) rebuild(hash, segment, size_class);
  }
  while (has_directory() && directory()[directory_entries()] == 0 &&
         (directory_depth() <= kDepthHalvedFreely || size_ < directory_entries() * kElementsPerEntryHalving))
    halve_directory();
}

bool SegmentedTableBase::merge(std::uint64_t hash, std::uint64_t& move_budget) {
  const SegmentRef segment = segment_of(hash);
  const std::uint32_t depth = segment.depth();
  if (depth == 0) return false;
  const std::uint64_t bit = std::uint64_t{1} << (64 - depth);
  const SegmentRef buddy = segment_of(hash ^ bit);
  if (buddy.depth() != depth) return false;
  const std::uint64_t elements = segment.used() + buddy.used();
  if (elements > std::min(kMergedElementsMax, move_budget)) return false;
  move_budget -= elements;

  SegmentRef merged = allocate_segment(class_with_slack(elements, elements / 8 + 1), depth - 1);
  const auto take = [&](SegmentRef from, std::uint64_t hash_of_side) {
    // Where the window moves back by 8 bits, they are the last 8 of what all elements of a side share.
    const std::uint64_t shared = hash_of_side >> (64 - depth) & 0xff;
    from.for_each_word([&](std::uint64_t word, std::uint8_t tag) {
      merged.place(depth % 8 == 0 ? with_window(word, shared << 8 | word >> 56) : word, tag);
    });
  };
  take(segment, hash);
  take(buddy, hash ^ bit);
  set_segment(hash, merged);
  if (depth == directory_depth()) directory()[directory_entries()] -= 2;
  release_segment(segment);
  release_segment(buddy);
  return true;
}

void SegmentedTableBase::halve_directory() {
  std::uint64_t* old = directory();
  const std::uint32_t depth = directory_depth() - 1;
  if (depth == 0) {
    root_ = old[0];
  } else {
    const std::size_t entries = std::size_t{1} << depth;
    auto* halved = static_cast<std::uint64_t*>(heap::allocate((entries + 1) * sizeof(std::uint64_t)));
    std::uint64_t deepest = 0;
    for (std::size_t i = 0; i < entries; ++i) {
      halved[i] = old[2 * i];
      if (SegmentRef(halved[i]).depth() == depth) ++deepest;
    }
    halved[entries] = deepest;
    root_ = std::uint64_t{depth} << 56 | reinterpret_cast<std::uint64_t>(halved) | kDirectory;
  }
  heap::release(old);
}

SegmentRef SegmentedTableBase::next_to_drain() {
  if (!has_directory()) {
    const SegmentRef segment(root_);
    if (segment.used() != 0) return segment;
    release_segment(segment);
    root_ = 0;
    return SegmentRef();
  }
  std::uint64_t& progress = directory()[directory_entries()];
  if (!is_draining()) {
    root_ |= kDraining;
    progress = 0;
  }
  while (progress < directory_entries()) {
    std::size_t after = progress;
    const SegmentRef segment = walk_next(after);
    if (segment.used() != 0) return segment;
    release_segment(segment);
    progress = after;
  }
  heap::release(directory());
  root_ = 0;
  return SegmentRef();
}

void SegmentedTableBase::release_all() {
  std::size_t first = is_draining() ? directory()[directory_entries()] : 0;
  for (std::size_t i = first; i < walk_end();) walk_next(i).release();
  if (has_directory()) heap::release(directory());
  root_ = 0;
  size_ = 0;
  segment_units_ = 0;
}

// ---- Walking

SegmentedTableBase::ScanStep SegmentedTableBase::scan_step(SegmentRef segment, std::uint64_t cursor,
                                                           std::size_t count) const {
  const std::uint32_t cell_shift = 48 - 8 - segment.depth();
  const std::uint64_t first_position = cursor >> cell_shift;
  const auto first_cell = static_cast<std::uint32_t>(first_position & 0xff);
  std::uint32_t last_cell = 255;
  if (first_cell > 0 || segment.used() > count) {
    std::uint32_t elements[256] = {};
    segment.for_each_word([&](std::uint64_t word, std::uint8_t) {
      ++elements[segment.order_of(static_cast<std::uint16_t>(word >> 48)) >> 8];
    });
    std::size_t sum = 0;
    for (std::uint32_t cell = first_cell; cell <= 255 && sum < count; ++cell) {
      sum += elements[cell];
      if (sum >= count) last_cell = cell;
    }
  }
  return {first_cell, last_cell, ((first_position & ~std::uint64_t{0xff}) + last_cell + 1) << cell_shift};
}

std::uint64_t SegmentedTableBase::random_word(std::uint64_t random_bits) const {
  std::uint64_t state = random_bits;
  SegmentRef segment(root_);
  if (has_directory()) {
    // A segment is met as often as the directory names it, so it is taken with a probability in proportion to
    // its elements divided by that. The bound on draws is met by no table but one nearly emptied, of odd
    // shape.
    constexpr int kDrawsMax = 256;
    const std::uint64_t slots_max = internal::kSegmentClasses[internal::kClassLargest].slots;
    bool taken = false;
    for (int draw = 0; draw < kDrawsMax && !taken; ++draw) {
      segment = SegmentRef(directory()[directory_index(split_mix(state))]);
      const std::uint64_t weight = (segment.used() << 32) >> (directory_depth() - segment.depth());
      taken = (split_mix(state) >> 32) * slots_max < weight;
    }
    std::size_t index = directory_index(split_mix(state));
    while (!taken || segment.used() == 0) {
      segment = walk_next(index);
      taken = true;
      if (index == walk_end()) index = 0;
    }
  }
  const auto scaled = static_cast<unsigned __int128>(split_mix(state)) * segment.used();
  return word_at_rank(segment, static_cast<std::uint64_t>(scaled >> 64));
}

}  // namespace shoal::structs
