// String values. Five encodings, hidden here: callers see bytes, lengths and integers.
//
//   kInteger    payload is an int64: what parse_integer() accepts is stored as the number it is
//   kInline     payload is the bytes
//   kInlineRaw  the same, but a command has edited it in place (OBJECT ENCODING says raw, as Redis would)
//   kHeap       payload is a pointer to a block of exactly the bytes (or more room, after APPEND); < 16 MiB
//   kLarge      payload is a pointer and a 64-bit length
//
// Inline or not is a question of which costs fewer bytes once the allocator has rounded both
// (docs/storage.md). Functions that change a value take the entry and return the entry that now holds it: it
// may have moved, and the caller (storage/key_access.h) tells the dictionary. Access bits, key and expiry are
// carried over.
#pragma once

#include <optional>

#include "storage/base/heap.h"
#include "storage/base/numbers.h"
#include "storage/base/units.h"
#include "storage/types/entry.h"

namespace shoal::types {

class String {
 public:
  /// Room for the digits of an integer value, so that it can be viewed as bytes.
  using Digits = char[kIntegerCharsMax];
  /// Longest value that OBJECT ENCODING calls embstr.
  static constexpr std::size_t kEmbeddedMax = 44;

  static Entry* create(View key, View value, Millis expiry);
  static Entry* create_integer(View key, std::int64_t value, Millis expiry);
  /// Takes over the block as the value.
  static Entry* create_adopting(View key, HeapBytes value, Millis expiry);

  /// Bytes that stay bytes, even if they read as an integer: what INCRBYFLOAT leaves.
  static Entry* create_text(View key, View value, Millis expiry);
  /// `length` zero bytes, to be edited: what SETRANGE starts from.
  static Entry* create_zeros(View key, std::size_t length, Millis expiry);
  /// An equal value in the same encoding. O(length).
  static Entry* copy(const Entry& entry, View key, Millis expiry);

  /// Replace value and expiry of an entry of any type; the block is reused when its size class fits. `value`
  /// must not lie in `entry`.
  static Entry* assign(Entry* entry, View value, Millis expiry);
  static Entry* assign_integer(Entry* entry, std::int64_t value, Millis expiry);
  static Entry* assign_text(Entry* entry, View value, Millis expiry);
  static Entry* assign_adopting(Entry* entry, HeapBytes value, Millis expiry);

  /// Edit a string in place; the result is an edited string, never an integer or an embstr.
  static Entry* append(Entry* entry, View suffix);
  /// Overwrites from `offset` on, growing with zero bytes as needed. Cost: O(grown length) at worst.
  static Entry* write_at(Entry* entry, std::size_t offset, View bytes);

  static std::size_t length(const Entry& entry);
  /// The value's bytes, valid until the entry changes; an integer's digits are written to `digits`.
  static View view(const Entry& entry, Digits& digits);
  /// The value as an integer when it is stored or reads as one (parse_integer), else nothing.
  static std::optional<std::int64_t> integer(const Entry& entry);
  static bool is_integer_encoded(const Entry& entry);
  /// "int", "embstr" or "raw".
  static View encoding_name(const Entry& entry);
  /// Bytes of the payload within the entry's own block that mean something; the block may have more room.
  static std::size_t payload_bytes(const Entry& entry);
  /// Bytes outside the entry's own block.
  static std::size_t outside_bytes(const Entry& entry);
  /// Frees what the payload points to.
  static void release_payload(Entry& entry);

 private:
  static constexpr Encoding kInteger = 0;
  static constexpr Encoding kInline = 1;
  static constexpr Encoding kInlineRaw = 2;
  static constexpr Encoding kHeap = 3;
  static constexpr Encoding kLarge = 4;
  /// Inline values above this are rare, and would make each overwrite copy the key as well.
  static constexpr std::size_t kInlineMax = 2048;

  static bool prefers_inline(std::size_t head_bytes, std::size_t value_bytes);
  static bool is_inline(const Entry& entry) {
    return entry.encoding() == kInline || entry.encoding() == kInlineRaw;
  }
  static bool is_outside(const Entry& entry) {
    return entry.encoding() == kHeap || entry.encoding() == kLarge;
  }
  static Entry* create_outside(View key, char* block, std::size_t length, Millis expiry);
  static bool assign_in_place(Entry& entry, View value);
  static void set_length(Entry& entry, std::size_t length);
  static Entry* replace(Entry* old, Entry* fresh);
  static Entry* grow_outside(Entry* entry, View old, std::size_t target);
  static Entry* make_editable(Entry* entry, std::size_t length_needed);
};

}  // namespace shoal::types
