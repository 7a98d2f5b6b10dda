#include "storage/types/entry.h"

#include <new>

#include "storage/base/heap.h"

namespace shoal::types {

namespace {
// The expiry word of a deadline before kFarExpiry: 48 bits of milliseconds, 15 bits of wheel stamp above
// them. A deadline in the past is kept as 0: it has expired whichever it was.
constexpr std::uint64_t kMomentMask = (std::uint64_t{1} << 48) - 1;
constexpr unsigned kStampShift = 48;
}  // namespace

std::size_t Entry::bytes_for(std::size_t key_bytes, bool with_expiry, std::size_t payload_bytes) {
  return sizeof(Entry) + (with_expiry ? sizeof(std::uint64_t) : 0) +
         (key_bytes >= kLongKey ? sizeof(std::uint32_t) : 0) + key_bytes + payload_bytes;
}

Entry* Entry::create(View key, Type type, Encoding encoding, Millis expiry, std::size_t payload_bytes,
                     std::size_t payload_length) {
  CHECK(key.size() <= kKeyBytesMax);
  const bool with_expiry = expiry != kNoExpiry;
  auto* entry = static_cast<Entry*>(heap::allocate(bytes_for(key.size(), with_expiry, payload_bytes)));
  entry->kind_ = static_cast<std::uint8_t>(static_cast<std::uint8_t>(type) | (encoding << 3) |
                                           (with_expiry ? kExpiryBit : 0));
  entry->set_access(0);
  entry->short_key_size_ = key.size() < kLongKey ? static_cast<std::uint8_t>(key.size()) : kLongKey;
  entry->set_payload_length(payload_length);
  if (with_expiry) {
    entry->set_expiry_word(0);
    entry->set_expiry(expiry);
  }
  if (entry->short_key_size_ == kLongKey) {
    const auto size = static_cast<std::uint32_t>(key.size());
    std::memcpy(entry->bytes() + entry->length_offset(), &size, sizeof size);
  }
  if (!key.empty()) std::memcpy(entry->bytes() + entry->key_offset(), key.data(), key.size());
  return entry;
}

void Entry::release(Entry* entry) {
  heap::release(entry);
}

Millis Entry::expiry() const {
  if (!has_expiry()) return kNoExpiry;
  const std::uint64_t word = expiry_word();
  if (word & kFarBit) return static_cast<Millis>(word & ~kFarBit);
  return static_cast<Millis>(word & kMomentMask);
}

void Entry::set_expiry(Millis expiry) {
  if (expiry >= kFarExpiry) return set_expiry_word(static_cast<std::uint64_t>(expiry) | kFarBit);
  const std::uint64_t moment = expiry > 0 ? static_cast<std::uint64_t>(expiry) : 0;
  const std::uint64_t old = expiry_word();
  const std::uint64_t stamp = (old & kFarBit) ? 0 : old & ~kMomentMask;
  set_expiry_word(stamp | moment);
}

std::uint16_t Entry::wheel_stamp() const {
  const std::uint64_t word = expiry_word();
  return (word & kFarBit) ? 0 : static_cast<std::uint16_t>(word >> kStampShift);
}

void Entry::set_wheel_stamp(std::uint16_t stamp) {
  DCHECK(stamp <= kWheelStampMax && !(expiry_word() & kFarBit));
  set_expiry_word((expiry_word() & kMomentMask) | std::uint64_t{stamp} << kStampShift);
}

std::size_t Entry::block_bytes() const {
  return heap::usable(this);
}

}  // namespace shoal::types
