// An Entry is a key and its value in ONE allocation:
//
//   offset  size  field
//   0       1     type (3 bits), encoding (4 bits), whether an expiry follows (1 bit)
//   1       3     access: a clock or a frequency, as the eviction policy reads it
//   4       1     key length, or 255 when the key is longer than 254 bytes
//   5       3     payload length of an encoding that needs one (an inline or heap string), else 0
//   8       8     expiry word, when the expiry bit is set
//   .       4     key length, when byte 4 is 255
//   .       n     key
//   .       m     payload: what the encoding says (digits, bytes, a pointer to a structure)
//
// So a 16-byte key with a 64-byte value and a deadline is 96 bytes, a size class of the allocator to the
// byte. Entries are created and released here; only a keyspace slot's dictionary points to them, and only the
// slot's owner (or borrower) touches them. Fields are unaligned behind the header and read with memcpy.
#pragma once

#include <cstring>
#include <optional>

#include "storage/base/check.h"
#include "storage/base/units.h"

namespace shoal::types {

enum class Type : std::uint8_t { kString, kList, kSet, kSortedSet, kHash, kStream };

/// How a payload is written. Each type counts its own encodings from 0 (storage/types/string.h, ...).
using Encoding = std::uint8_t;
constexpr Encoding kEncodingMax = 15;

/// No deadline: the key lives until it is deleted or evicted.
constexpr Millis kNoExpiry = -1;
/// Deadlines from here on are kept exactly but never wait in the timing wheel: the year 10889 comes first.
constexpr Millis kFarExpiry = Millis{1} << 48;

class Entry {
 public:
  static constexpr std::size_t kPayloadLengthMax = (std::size_t{1} << 24) - 1;
  static constexpr std::size_t kKeyBytesMax = 0xffffffff;

  Entry() = delete;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  /// Bytes of an entry with these parts; what create() asks the allocator for.
  static std::size_t bytes_for(std::size_t key_bytes, bool with_expiry, std::size_t payload_bytes);

  /// A new entry whose payload is not yet written. `expiry` is a moment or kNoExpiry. The caller owns it
  /// until a dictionary does. `payload_length` is what payload_length() will say.
  static Entry* create(View key, Type type, Encoding encoding, Millis expiry, std::size_t payload_bytes,
                       std::size_t payload_length = 0);

  /// Frees the entry's own block, not what its payload points to (storage/types/value.h does both).
  static void release(Entry* entry);

  Type type() const { return static_cast<Type>(kind_ & 0x7); }
  Encoding encoding() const { return (kind_ >> 3) & 0xf; }
  void set_encoding(Encoding encoding) {
    DCHECK(encoding <= kEncodingMax);
    kind_ = static_cast<std::uint8_t>((kind_ & 0x87) | (encoding << 3));
  }

  View key() const { return {bytes() + key_offset(), key_size()}; }

  bool has_expiry() const { return (kind_ & kExpiryBit) != 0; }
  /// The moment the key ends, or kNoExpiry.
  Millis expiry() const;
  /// Precondition: has_expiry(). Moves the deadline where it stands; the wheel stamp is kept.
  void set_expiry(Millis expiry);

  /// Which timing-wheel reference speaks for this entry (0: none), so that a reference made stale by a later
  /// deadline is recognised when it fires. Precondition: has_expiry(), a deadline before kFarExpiry.
  std::uint16_t wheel_stamp() const;
  void set_wheel_stamp(std::uint16_t stamp);
  static constexpr std::uint16_t kWheelStampMax = 0x7fff;

  /// 24 bits that only the eviction policy interprets.
  std::uint32_t access() const {
    return static_cast<std::uint32_t>(access_[0]) | static_cast<std::uint32_t>(access_[1]) << 8 |
           static_cast<std::uint32_t>(access_[2]) << 16;
  }
  void set_access(std::uint32_t access) {
    access_[0] = static_cast<std::uint8_t>(access);
    access_[1] = static_cast<std::uint8_t>(access >> 8);
    access_[2] = static_cast<std::uint8_t>(access >> 16);
  }

  std::size_t payload_length() const {
    return static_cast<std::size_t>(length_[0]) | static_cast<std::size_t>(length_[1]) << 8 |
           static_cast<std::size_t>(length_[2]) << 16;
  }
  void set_payload_length(std::size_t length) {
    DCHECK(length <= kPayloadLengthMax);
    length_[0] = static_cast<std::uint8_t>(length);
    length_[1] = static_cast<std::uint8_t>(length >> 8);
    length_[2] = static_cast<std::uint8_t>(length >> 16);
  }

  char* payload() { return bytes() + payload_offset(); }
  const char* payload() const { return bytes() + payload_offset(); }

  /// Reads and writes a fixed-size payload field, `at` bytes into the payload.
  template <class T>
  T payload_field(std::size_t at = 0) const {
    T value;
    std::memcpy(&value, payload() + at, sizeof value);
    return value;
  }
  template <class T>
  void set_payload_field(T value, std::size_t at = 0) {
    std::memcpy(payload() + at, &value, sizeof value);
  }

  /// Bytes before the payload, and the bytes the entry's own block really has.
  std::size_t payload_offset() const { return key_offset() + key_size(); }
  std::size_t block_bytes() const;

 private:
  static constexpr std::uint8_t kExpiryBit = 0x80;
  static constexpr std::uint8_t kLongKey = 255;
  static constexpr std::uint64_t kFarBit = std::uint64_t{1} << 63;

  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  std::uint64_t expiry_word() const {
    DCHECK(has_expiry());
    std::uint64_t word;
    std::memcpy(&word, bytes() + sizeof(Entry), sizeof word);
    return word;
  }
  void set_expiry_word(std::uint64_t word) { std::memcpy(bytes() + sizeof(Entry), &word, sizeof word); }
  std::size_t length_offset() const { return sizeof(Entry) + (has_expiry() ? sizeof(std::uint64_t) : 0); }
  std::size_t key_offset() const {
    return length_offset() + (short_key_size_ == kLongKey ? sizeof(std::uint32_t) : 0);
  }
  std::size_t key_size() const {
    if (short_key_size_ != kLongKey) [[likely]]
      return short_key_size_;
    std::uint32_t size;
    std::memcpy(&size, bytes() + length_offset(), sizeof size);
    return size;
  }

  std::uint8_t kind_;
  std::uint8_t access_[3];
  std::uint8_t short_key_size_;
  std::uint8_t length_[3];
};
static_assert(sizeof(Entry) == 8 && alignof(Entry) == 1, "one word before the key");

/// A key past its deadline is never seen, whether or not it has been reclaimed yet.
inline bool is_expired(const Entry& entry, Millis now) {
  return entry.has_expiry() && now >= entry.expiry();
}

}  // namespace shoal::types
