// The one hash table of Shoal: the dictionary of a keyspace slot, of a large hash or set, the index of a
// sorted set.
//
// It maps a 64-bit hash to elements that its user allocates, and keeps their 48-bit addresses. It never
// allocates, frees, moves or, but for a rare split, reads an element; what equality means is the caller's.
//
//   table (16 bytes)        directory: 2^depth words        segment: one block of 32 to 2048 bytes
//   +---------------+       +--------------------+          +--------------------------------------+
//   | root        --|------>| 00               --|--------->| group 0: 15 tags, 1 overflow count   |
//   | size          |       | 01               --|--> ...   | group 1: 15 tags, 1 overflow count   |
//   | segment bytes |       | 10               --|--+-> ... | ...                                  |
//   +---------------+       | 11               --|--+       | number of elements                   |
//                           +--------------------+          | 15 words of group 0                  |
//                                                           | 15 words of group 1                  |
//                                                           | ...                                  |
//                                                           +--------------------------------------+
//
// A word of the directory is a segment's address, size class and depth; here 10 and 11 lead to one segment
// of depth 1. With a single segment there is no directory: root is that word. A segment's word is an
// element's 48-bit address and 16 bits of its hash.
//
// Finding. The top bits of the hash choose the segment (whose size and depth come with its address, so no
// header is read), the bits after them the home group, by multiply and shift, as the number of groups is any
// number. One SIMD compare finds the tags equal to the hash's low byte; behind such a tag, the word's 16
// further bits must agree before the element is touched. A group counts the elements that wanted to be in it
// or before it but had to go past it (as Facebook's F14 does): a search ends at the first group whose count
// is 0. An erase pulls back an element that had to go past the freed slot, so there are no tombstones, a
// segment may be filled to the last slot, and endless insert and erase at one size degrades nothing.
//
// Growing. A full segment is rebuilt in the next of the allocator's size classes (so nothing is lost to
// rounding); the largest, of 225 slots, is split in two by the next bit of the hash, and each half gets the
// class it needs. That is extendible hashing: the directory doubles when a segment is deeper than it. No
// insert moves more than 225 words. The doubling is one pass over 8 bytes for about 150 elements: 2^17
// entries, 1 MB, on the way to 20 million elements, below 1 ms, most of it the kernel's page faults.
//
// The 16 bits in a word are a window on the hash that begins at the segment's depth rounded down to 8.
// Splitting at depths 7, 15, 23 needs fresh bits, from Traits::hash() of the elements; no other step touches
// them.
//
// Shrinking is the reverse: an erase that leaves a segment at 3/8 of its slots may rebuild it smaller, merge
// it with its buddy (at most 90 elements together, against 225 at a split, so that nothing swings back and
// forth), halve the directory. An empty table owns no memory.
//
// Hashes that agree too much to be split (an unseeded hash and an adversary, or a bug) make a segment that
// grows past the largest class; it then costs its user time, but stays right. The directory is never larger
// than a sixteenth of the elements, whatever they hash to.
//
// Memory: 16,384 tables of 61 elements on average (Poisson) take 10.5 bytes an element, one table
// of 20 million 10.1, root and rounding included.
//
// Thread-safety: none; a table has one owner. Moving a table is cheap and keeps its segments where they are.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "storage/base/check.h"
#include "storage/base/fetch.h"
#include "storage/structs/table_segment.h"

namespace shoal::structs {

/// The part of SegmentedTable that does not know its elements. Not for direct use.
class SegmentedTableBase {
 public:
  /// The shape of a table, for statistics and tests.
  struct Shape {
    std::size_t segments = 0;           // Allocated ones.
    std::size_t slots = 0;              // In all segments.
    std::size_t largest_segment = 0;    // Elements in the fullest one: the most an insert could have moved.
    std::size_t directory_entries = 0;  // 0 without a directory.
    std::size_t passed_groups = 0;      // How many groups elements lie behind their home, in sum.
  };

  /// Elements in the table. At most 2^32 - 1.
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Heap bytes of the table itself, as rounded by the allocator, without the elements. Cost: constant.
  std::size_t memory_bytes() const;
  /// Cost: a pass over the directory and one read in each segment.
  Shape shape() const;

  /// First pass of a pipeline: fetches what prefetch_group() reads. The table itself must be in cache.
  void prefetch_segment(std::uint64_t hash) const {
    if (has_directory()) {
      fetch(directory() + directory_index(hash));
    } else if (root_ != 0) {
      const internal::SegmentRef segment(root_);
      fetch(segment.group(segment.home_of(segment.window_of(hash))));
    }
  }
  /// Second pass: fetches the tags and words which prefetch_element() reads.
  void prefetch_group(std::uint64_t hash) const {
    const internal::SegmentRef segment = segment_of(hash);
    if (segment.size_class() == 0) return;
    const std::uint32_t home = segment.home_of(segment.window_of(hash));
    const std::uint8_t* group = segment.group(home);
    const std::uint64_t* words = segment.words() + home * internal::kGroupSlots;
    if (has_directory()) {
      // The tags are on their way only now: fetch all words they can lead to (two lines, at times three).
      fetch(group);
      fetch(words);
      fetch(words + 8);
    } else if (const internal::GroupMatch m = internal::match_tag(group, internal::tag_of(hash)); m != 0) {
      fetch(words + std::countr_zero(m));
    }
  }

 protected:
  using HashOf = std::uint64_t (*)(const void* element);

  SegmentedTableBase() = default;
  SegmentedTableBase(SegmentedTableBase&& other) noexcept { swap(other); }
  SegmentedTableBase& operator=(SegmentedTableBase&& other) noexcept {
    swap(other);
    return *this;
  }
  ~SegmentedTableBase() { release_all(); }

  void swap(SegmentedTableBase& other) {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    std::swap(segment_units_, other.segment_units_);
  }

  // The root is a segment's reference, or a directory's address with kDirectory and the depth in the top
  // byte.
  static constexpr std::uint64_t kDirectory = 1;
  static constexpr std::uint64_t kDraining = 2;

  bool has_directory() const { return (root_ & kDirectory) != 0; }
  bool is_draining() const { return (root_ & kDraining) != 0; }
  std::uint32_t directory_depth() const {
    return has_directory() ? static_cast<std::uint32_t>(root_ >> 56) : 0;
  }
  /// 2^depth references, then one word: how many segments are as deep as the directory (while draining: the
  /// next entry to drain).
  std::uint64_t* directory() const {
    return reinterpret_cast<std::uint64_t*>(root_ & internal::kPointerMask & ~(kDirectory | kDraining));
  }
  std::size_t directory_entries() const { return has_directory() ? std::size_t{1} << directory_depth() : 0; }
  /// Only with a directory, whose depth is then at least 1.
  std::size_t directory_index(std::uint64_t hash) const { return hash >> (64 - (root_ >> 56)); }

  internal::SegmentRef segment_of(std::uint64_t hash) const {
    if (has_directory()) [[unlikely]]
      return internal::SegmentRef(directory()[directory_index(hash)]);
    return internal::SegmentRef(root_);
  }

  /// The segment at or after directory entry `index`, and in `index` the entry after its last. For walks:
  /// for (size_t i = 0; i < walk_end();) { SegmentRef segment = walk_next(i); ... }
  internal::SegmentRef walk_next(std::size_t& index) const;
  std::size_t walk_end() const { return has_directory() ? directory_entries() : 1; }

  /// Gives the segment of `hash` room for one element more, and returns it.
  internal::SegmentRef make_room(std::uint64_t hash, HashOf hash_of);
  /// After an erase left the segment of `hash` with few elements: makes it smaller, merges, frees.
  void shrink(std::uint64_t hash);
  /// The first segment that holds elements, or none, after having freed all memory before it (and all, if
  /// none).
  internal::SegmentRef next_to_drain();
  void release_all();

  /// One step of scan: decides which elements of `segment` from position `cursor` on to visit, as a range of
  /// cells (the 8 bits of the hash below the depth). Returns the position after them.
  struct ScanStep {
    std::uint32_t first_cell;
    std::uint32_t last_cell;
    std::uint64_t next_cursor;  // 2^48 at the end.
  };
  ScanStep scan_step(internal::SegmentRef segment, std::uint64_t cursor, std::size_t count) const;

  /// The word of a random element; the table is not empty.
  std::uint64_t random_word(std::uint64_t random_bits) const;

  std::uint64_t root_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t segment_units_ = 0;  // Bytes of all segments, in units of 16.

 private:
  void set_segment(std::uint64_t hash, internal::SegmentRef segment);
  internal::SegmentRef allocate_segment(std::uint32_t size_class, std::uint32_t depth);
  void release_segment(internal::SegmentRef segment);
  internal::SegmentRef rebuild(std::uint64_t hash, internal::SegmentRef segment, std::uint32_t size_class);
  bool may_split(internal::SegmentRef segment) const;
  void split(std::uint64_t hash, internal::SegmentRef segment, HashOf hash_of);
  bool merge(std::uint64_t hash, std::uint64_t& move_budget);
  void double_directory();
  void halve_directory();
};

/// The table. `Traits` gives `Element` (a type; addresses of elements have their top 16 bits zero) and
/// `static uint64_t hash(const Element&)`, the same hash the caller passes to insert(), well mixed in all its
/// bits.
template <class Traits>
class SegmentedTable : public SegmentedTableBase {
 public:
  using Element = typename Traits::Element;

  /// Where an element's word lies: valid until the next insert, erase or drain. False: nowhere.
  class Position {
   public:
    Position() = default;
    explicit operator bool() const { return word_ != nullptr; }
    Element* get() const { return element_of(*word_); }
    /// Puts another element of the same hash in the place of this one, which the caller frees.
    void replace(Element* element) const {
      check_address(element);
      *word_ = (*word_ & ~internal::kPointerMask) | reinterpret_cast<std::uint64_t>(element);
    }

   private:
    friend SegmentedTable;
    Position(std::uint64_t* word, internal::SegmentRef segment, std::uint64_t hash)
        : word_(word), segment_(segment), hash_(hash) {}

    std::uint64_t* word_ = nullptr;
    internal::SegmentRef segment_;
    std::uint64_t hash_ = 0;
  };

  SegmentedTable() = default;
  SegmentedTable(SegmentedTable&&) noexcept = default;
  /// Swaps.
  SegmentedTable& operator=(SegmentedTable&&) noexcept = default;
  /// Frees the table's memory. The elements are the caller's: it drains the table or knows them otherwise.
  ~SegmentedTable() = default;

  void swap(SegmentedTable& other) { SegmentedTableBase::swap(other); }

  /// The element of this hash for which equal(const Element&) is true, or null. `equal` is asked only about
  /// elements whose tag and window agree with the hash (at least 13 of its bits). Cost: two to three cache
  /// misses.
  template <class Equal>
  Element* find(std::uint64_t hash, Equal&& equal) const {
    const Position position = search(hash, equal);
    return position ? position.get() : nullptr;
  }

  /// As find(), for what will be replaced or erased.
  template <class Equal>
  Position locate(std::uint64_t hash, Equal&& equal) {
    return search(hash, equal);
  }

  /// Adds an element that is not in the table. Moves at most 225 words (but see "agree too much" above).
  Position insert(std::uint64_t hash, Element* element) {
    check_address(element);
    internal::SegmentRef segment = segment_of(hash);
    if (segment.is_full()) [[unlikely]]
      segment = make_room(hash, &hash_of);
    const std::uint64_t window = segment.window_of(hash);
    const std::uint32_t slot =
        segment.place(window << 48 | reinterpret_cast<std::uint64_t>(element), internal::tag_of(hash));
    ++size_;
    return Position(segment.words() + slot, segment, hash);
  }

  /// Takes an element out; the caller frees it. Moves at most 256 words.
  Element* erase(Position position) {
    Element* element = position.get();
    internal::SegmentRef segment = position.segment_;
    segment.vacate(static_cast<std::uint32_t>(position.word_ - segment.words()));
    --size_;
    if (segment.used() <= segment.layout().shrink_at) [[unlikely]]
      shrink(position.hash_);
    return element;
  }

  /// Third pass of a pipeline: fetches the first element that agrees with the hash in tag and window, and
  /// returns it unread (almost always the one find() will return), or null if there is none (then find()
  /// returns null too).
  Element* prefetch_element(std::uint64_t hash) const {
    Element* candidate = nullptr;
    search(hash, [&](const Element& element) {
      candidate = const_cast<Element*>(&element);
      return true;
    });
    if (candidate != nullptr) fetch(candidate);
    return candidate;
  }

  /// Stable iteration: from cursor 0 until 0 is returned, every element that is in the table all the while is
  /// visited at least once, whatever is inserted, erased, split, merged or rebuilt between the calls.
  /// Elements come in the order of the top bits of their hashes, of which the cursor (at most 48 bits) is the
  /// next position. Visits about `count` elements (1 or more) a call: some more as elements of one position
  /// come together, fewer only at the end, which may bring none. visit(Element&) must not change the table.
  template <class Visit>
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, Visit&& visit) const {
    CHECK(cursor <= internal::kPointerMask && count > 0);
    std::size_t visited = 0;
    while (visited < count) {
      const internal::SegmentRef segment = segment_of(cursor << 16);
      const ScanStep step = scan_step(segment, cursor, count - visited);
      segment.for_each_word([&](std::uint64_t word, std::uint8_t) {
        const std::uint32_t cell = segment.order_of(static_cast<std::uint16_t>(word >> 48)) >> 8;
        if (cell < step.first_cell || cell > step.last_cell) return;
        ++visited;
        visit(*element_of(word));
      });
      cursor = step.next_cursor;
      if (cursor > internal::kPointerMask) return 0;
    }
    return cursor;
  }

  /// visit(Element&) for every element, in no particular order; it must not change the table.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < walk_end();)
      walk_next(i).for_each_word([&](std::uint64_t word, std::uint8_t) { visit(*element_of(word)); });
  }

  /// A random element, or null from an empty table. Uniform: a segment is drawn with a probability in
  /// proportion to its elements (by rejection: about 2 to 4 draws), then one of them by its rank. Only a
  /// segment grown past the largest class is drawn too rarely. `random_bits`: 64 random bits, the only source
  /// of randomness.
  Element* random(std::uint64_t random_bits) const {
    return empty() ? nullptr : element_of(random_word(random_bits));
  }

  /// Lazy freeing in slices: takes out up to `budget` elements, in any order, and gives them to
  /// free_element(Element*). False when nothing is left, neither elements nor memory. After the first call
  /// only drain(), size(), memory_bytes() and the destructor are allowed until it has returned false.
  template <class Free>
  bool drain(std::size_t budget, Free&& free_element) {
    while (true) {
      internal::SegmentRef segment = next_to_drain();
      if (segment.size_class() == 0) return false;
      if (budget == 0) return true;
      for (std::uint32_t g = 0; g < segment.groups() && budget > 0; ++g) {
        for (auto m = internal::match_elements(segment.group(g)); m != 0 && budget > 0;
             m &= m - 1, --budget) {
          const std::uint32_t slot =
              g * internal::kGroupSlots + static_cast<std::uint32_t>(std::countr_zero(m));
          Element* element = element_of(segment.words()[slot]);
          segment.drop(slot);
          --size_;
          free_element(element);
        }
      }
    }
  }

 private:
  static Element* element_of(std::uint64_t word) {
    return reinterpret_cast<Element*>(word & internal::kPointerMask);
  }
  static void check_address(const Element* element) {
    CHECK(reinterpret_cast<std::uint64_t>(element) >> 48 == 0);
  }
  static std::uint64_t hash_of(const void* element) {
    return Traits::hash(*static_cast<const Element*>(element));
  }

  template <class Equal>
  [[gnu::always_inline]] Position search(std::uint64_t hash, Equal&& equal) const {
    const internal::SegmentRef segment = segment_of(hash);
    const std::uint32_t groups = segment.groups();
    const std::uint16_t window = segment.window_of(hash);
    const std::uint8_t tag = internal::tag_of(hash);
    std::uint32_t g = segment.home_of(window);
    for (std::uint32_t probes = groups; probes != 0; --probes) {
      const std::uint8_t* group = segment.group(g);
      for (internal::GroupMatch m = internal::match_tag(group, tag); m != 0; m &= m - 1) {
        std::uint64_t* word = segment.words() + g * internal::kGroupSlots + std::countr_zero(m);
        if (*word >> 48 == window && equal(static_cast<const Element&>(*element_of(*word)))) [[likely]]
          return Position(word, segment, hash);
      }
      if (group[internal::kGroupSlots] == 0) [[likely]]
        break;
      if (++g == groups) g = 0;
    }
    return Position();
  }
};

}  // namespace shoal::structs
