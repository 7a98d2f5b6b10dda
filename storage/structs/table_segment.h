// A segment: one allocation of a SegmentedTable, and the only place where its bytes are read and written. The
// essay and the drawing are in segmented_table.h; this header is for the table alone.
//
//   offset            size          meaning
//   0                 16 * groups   per group: 15 tags (kTagEmpty, kTagBlocked or a tag), 1 overflow count
//   16 * groups       8             number of elements
//   16 * groups + 8   8 * slots     words: low 48 bits the element's address, high 16 bits of its hash
//
// Slot i of group g is word 15 * g + i. The last group may have fewer than 15 words; its other tags are
// blocked.
#pragma once

#include <emmintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "storage/base/check.h"

namespace shoal::structs::internal {

constexpr std::uint32_t kGroupSlots = 15;  // Tags in a group; the sixteenth byte counts overflow.
constexpr std::uint32_t kGroupBytes = 16;
constexpr std::uint32_t kGroupMask = (1u << kGroupSlots) - 1;

constexpr std::uint8_t kTagEmpty = 0;
constexpr std::uint8_t kTagBlocked = 1;  // No word behind this tag.
constexpr std::uint8_t kTagFirst = 2;    // Tags of elements are 2 to 255.

/// An overflow count that reached this stays: too many to tell, until the segment is rebuilt.
constexpr std::uint8_t kOverflowMany = 255;

constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << 48) - 1;

/// The tag of a hash: its low byte, moved off the two reserved values.
inline std::uint8_t tag_of(std::uint64_t hash) {
  const auto low = static_cast<std::uint8_t>(hash);
  return low < kTagFirst ? static_cast<std::uint8_t>(low + 128) : low;
}

/// One size of segment.
struct SegmentClass {
  std::uint32_t bytes;
  std::uint32_t slots;
  std::uint32_t groups;
  std::uint32_t shrink_at;  // With this many elements or fewer, a smaller size should be considered.
};

/// Class 0 is no segment at all. Classes 1 to kClassLargest are the allocator's size classes up to 2 KiB,
/// where a segment splits. Those above are for segments that cannot be split, because the hashes of their
/// elements agree.
constexpr std::uint32_t kClassCount = 104;
constexpr std::uint32_t kClassLargest = 23;

constexpr SegmentClass segment_class_of_bytes(std::uint32_t bytes) {
  const auto bytes_for = [](std::uint64_t slots) {
    return (slots + kGroupSlots - 1) / kGroupSlots * kGroupBytes + 8 + slots * 8;
  };
  std::uint64_t slots = (std::uint64_t{bytes} - 8) * kGroupSlots / (kGroupSlots * 8 + kGroupBytes);
  while (bytes_for(slots) > bytes) --slots;
  while (bytes_for(slots + 1) <= bytes) ++slots;
  const auto count = static_cast<std::uint32_t>(slots);
  return {bytes, count, (count + kGroupSlots - 1) / kGroupSlots,
          static_cast<std::uint32_t>(std::uint64_t{count} * 3 / 8)};
}

constexpr std::array<SegmentClass, kClassCount> make_segment_classes() {
  std::array<SegmentClass, kClassCount> classes{};
  std::uint32_t bytes = 32;
  for (std::uint32_t i = 1; i < kClassCount; ++i) {
    classes[i] = segment_class_of_bytes(bytes);
    // Steps of 16 up to 128 bytes, then four steps to every doubling, as the allocator has them (it has eight
    // for larger blocks, which would only make for more rebuilds).
    bytes += bytes < 128 ? 16 : std::bit_floor(bytes) / 4;
  }
  return classes;
}

inline constexpr std::array<SegmentClass, kClassCount> kSegmentClasses = make_segment_classes();
static_assert(kSegmentClasses[kClassLargest].bytes == 2048 && kSegmentClasses[kClassLargest].slots == 225);
static_assert(kSegmentClasses[kClassCount - 1].bytes == std::uint32_t{1} << 31);

/// The smallest class that holds `elements`. 0 for none.
inline std::uint32_t class_for(std::uint64_t elements) {
  std::uint32_t size_class = 0;
  while (kSegmentClasses[size_class].slots < elements) CHECK(++size_class < kClassCount);
  return size_class;
}

/// A set of slots of one group, as bits.
using GroupMatch = std::uint32_t;

inline GroupMatch match_tag(const std::uint8_t* group, std::uint8_t tag) {
  const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(group));
  const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(equal)) & kGroupMask;
}

/// The slots that hold an element: neither empty nor blocked.
inline GroupMatch match_elements(const std::uint8_t* group) {
  return ~(match_tag(group, kTagEmpty) | match_tag(group, kTagBlocked)) & kGroupMask;
}

/// Where a segment is, how large, and how deep in the table: one word, so that a lookup needs no header. Not
/// an owner. All zero bits: no segment, at depth 0.
class SegmentRef {
 public:
  SegmentRef() = default;
  explicit SegmentRef(std::uint64_t bits) : bits_(bits) {}

  /// An empty segment, from the heap unless the class is 0. Address: 16-byte aligned.
  static SegmentRef allocate(std::uint32_t size_class, std::uint32_t depth);
  /// Frees the segment, not its elements.
  void release();

  std::uint64_t bits() const { return bits_; }
  std::uint32_t size_class() const { return static_cast<std::uint32_t>(bits_ >> 48) & 0xff; }
  /// How many top bits of the hash all elements of this segment share.
  std::uint32_t depth() const { return static_cast<std::uint32_t>(bits_ >> 56); }
  const SegmentClass& layout() const { return kSegmentClasses[size_class()]; }
  std::uint32_t groups() const { return layout().groups; }
  std::uint32_t slots() const { return layout().slots; }

  std::uint8_t* tags() const { return reinterpret_cast<std::uint8_t*>(bits_ & kPointerMask); }
  std::uint8_t* group(std::uint32_t index) const { return tags() + kGroupBytes * std::size_t{index}; }
  std::uint64_t* words() const { return used_word() + 1; }
  std::uint64_t used() const { return size_class() == 0 ? 0 : *used_word(); }
  bool is_full() const { return size_class() == 0 || *used_word() == slots(); }

  /// The 16 bits of `hash` that a word of this segment keeps: a window that begins at the depth, rounded down
  /// to a multiple of 8.
  std::uint16_t window_of(std::uint64_t hash) const {
    return static_cast<std::uint16_t>((hash << (depth() & ~7u)) >> 48);
  }
  /// A window's bits below this segment's depth (at least 9 are real, zeros follow): the order of its
  /// elements.
  std::uint16_t order_of(std::uint16_t window) const {
    return static_cast<std::uint16_t>(window << (depth() & 7));
  }
  /// The group where the search for such an element begins.
  std::uint32_t home_of(std::uint16_t window) const {
    return static_cast<std::uint32_t>(std::uint64_t{order_of(window)} * groups() >> 16);
  }

  /// Adds a word (address and window) to a segment that is not full. Returns its slot.
  std::uint32_t place(std::uint64_t word, std::uint8_t tag);
  /// Empties a slot that holds an element, and pulls back into it one that had to go past, and so on:
  /// elements then lie as if the erased one had never been there.
  void vacate(std::uint32_t slot);
  /// Empties a slot without regard to searches: for a segment that is being drained.
  void drop(std::uint32_t slot) {
    group(slot / kGroupSlots)[slot % kGroupSlots] = kTagEmpty;
    --*used_word();
  }

  /// Calls visit(word, tag) for every element, in slot order.
  template <class Visit>
  void for_each_word(Visit&& visit) const {
    for (std::uint32_t g = 0; g < groups(); ++g) {
      const std::uint8_t* tags_of_group = group(g);
      for (GroupMatch m = match_elements(tags_of_group); m != 0; m &= m - 1) {
        const auto i = static_cast<std::uint32_t>(std::countr_zero(m));
        visit(words()[g * kGroupSlots + i], tags_of_group[i]);
      }
    }
  }

 private:
  void pull_back_into(std::uint32_t slot);
  void pass_one_less(std::uint32_t index) {
    std::uint8_t& overflow = group(index)[kGroupSlots];
    if (overflow != kOverflowMany) --overflow;
  }

  std::uint64_t* used_word() const { return reinterpret_cast<std::uint64_t*>(group(groups())); }

  std::uint64_t bits_ = 0;
};

inline std::uint32_t SegmentRef::place(std::uint64_t word, std::uint8_t tag) {
  DCHECK(!is_full());
  std::uint32_t g = home_of(static_cast<std::uint16_t>(word >> 48));
  for (;;) {  // Ends: some group has an empty slot.
    std::uint8_t* tags_of_group = group(g);
    if (const GroupMatch empty = match_tag(tags_of_group, kTagEmpty); empty != 0) [[likely]] {
      const auto i = static_cast<std::uint32_t>(std::countr_zero(empty));
      const std::uint32_t slot = g * kGroupSlots + i;
      tags_of_group[i] = tag;
      words()[slot] = word;
      ++*used_word();
      return slot;
    }
    // This group is passed by: a search for the element must not stop here.
    if (tags_of_group[kGroupSlots] != kOverflowMany) ++tags_of_group[kGroupSlots];
    if (++g == groups()) g = 0;
  }
}

inline void SegmentRef::vacate(std::uint32_t slot) {
  const std::uint32_t holder = slot / kGroupSlots;
  for (std::uint32_t g = home_of(static_cast<std::uint16_t>(words()[slot] >> 48)); g != holder;) {
    DCHECK(group(g)[kGroupSlots] != 0);
    pass_one_less(g);
    if (++g == groups()) g = 0;
  }
  drop(slot);
  if (group(holder)[kGroupSlots] != 0) [[unlikely]]
    pull_back_into(slot);
}

}  // namespace shoal::structs::internal
