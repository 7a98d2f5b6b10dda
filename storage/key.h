// A key as the storage layer wants it: named, hashed and placed once a request.
#pragma once

#include "storage/base/crc16.h"
#include "storage/base/units.h"

namespace shoal {

/// What keys are hashed with beside their bytes, so that nobody outside can choose keys that collide. One
/// constant of the process: chosen before the first key is hashed, never changed after (tables remember
/// hashes).
class HashSecret {
 public:
  static void choose(std::uint64_t secret) { secret_ = secret; }
  static std::uint64_t value() { return secret_; }

 private:
  static inline std::uint64_t secret_ = 0x9e3779b97f4a7c15;
};

/// 35 bits of XXH3 in the upper bits of the word, so that hash, wheel stamp and slot number together fit one
/// word. Within one slot that tells billions of keys apart well enough. The lowest byte, from which tables
/// take their tags, repeats the last 8 of the 35: everything in the hash follows from its upper bits.
std::uint64_t key_hash(View name);

/// The whole hash, from its upper 35 bits.
constexpr std::uint64_t hash_from_upper_bits(std::uint64_t upper) {
  return upper | (upper >> 29 & 0xff);
}

struct Key {
  View name;
  std::uint64_t hash;
  SlotId slot;
};

inline Key make_key(View name) {
  return {name, key_hash(name), key_slot(name)};
}

/// What a timing wheel remembers of a key: its hash, the stamp its entry carries while the reference speaks
/// for it, and its slot.
class KeyReference {
 public:
  KeyReference(std::uint64_t hash, std::uint16_t stamp, SlotId slot)
      : word_((hash & kHashMask) | std::uint64_t{stamp} << kStampShift | slot) {}
  explicit KeyReference(std::uint64_t word) : word_(word) {}

  static constexpr std::uint64_t kHashMask = ~((std::uint64_t{1} << 29) - 1);
  static constexpr std::uint16_t kStampMax = 0x7fff;

  std::uint64_t word() const { return word_; }
  std::uint64_t hash() const { return hash_from_upper_bits(word_ & kHashMask); }
  std::uint16_t stamp() const { return (word_ >> kStampShift) & kStampMax; }
  SlotId slot() const { return word_ & (kSlotCount - 1); }

 private:
  static constexpr unsigned kStampShift = 14;
  std::uint64_t word_;
};

/// A stamp for an entry that gets a new reference; never 0 (none) nor `previous`, the stamp it had. Mixed, so
/// that keys of one name in several databases, and one key's deadlines, rarely share one.
std::uint16_t fresh_stamp(Millis deadline, DatabaseId database, std::uint16_t previous);

}  // namespace shoal
