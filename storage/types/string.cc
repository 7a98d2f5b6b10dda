#include "storage/types/string.h"

#include <algorithm>
#include <utility>

#include "storage/types/value.h"

namespace shoal::types {

namespace {
// The integer that a value is stored as, if it reads as one. Length and first byte tell most texts apart.
std::optional<std::int64_t> as_integer(View value) {
  if (value.empty() || value.size() > kIntegerCharsMax) return std::nullopt;
  const char first = value.front();
  if ((first < '0' || first > '9') && first != '-') return std::nullopt;
  return parse_integer(value);
}

// Room for a value that grows: twice what it needs, beyond a mebibyte a quarter more. In proportion at any
// length, so that a run of appends costs O(1) a byte: each is copied five times at most.
std::size_t with_slack(std::size_t length) {
  return length + (length < kMiB ? length : std::max(kMiB, length / 4));
}

void copy_bytes(char* to, View bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
}
}  // namespace

bool String::prefers_inline(std::size_t head_bytes, std::size_t value_bytes) {
  if (value_bytes > kInlineMax) return false;
  if (value_bytes <= kEmbeddedMax)
    return true;  // Beside a long key a block may be smaller, but never faster.
  const std::size_t inline_cost = heap::good_size(head_bytes + value_bytes);
  const std::size_t outside_cost = heap::good_size(head_bytes + sizeof(char*)) + heap::good_size(value_bytes);
  return inline_cost <= outside_cost;
}

Entry* String::create_outside(View key, char* block, std::size_t length, Millis expiry) {
  const bool large = length > Entry::kPayloadLengthMax;
  Entry* entry = Entry::create(key, Type::kString, large ? kLarge : kHeap, expiry,
                               sizeof(char*) + (large ? sizeof(std::uint64_t) : 0), large ? 0 : length);
  entry->set_payload_field(block);
  if (large) entry->set_payload_field(static_cast<std::uint64_t>(length), sizeof(char*));
  return entry;
}

Entry* String::create_text(View key, View value, Millis expiry) {
  const std::size_t head_bytes = Entry::bytes_for(key.size(), expiry != kNoExpiry, 0);
  if (prefers_inline(head_bytes, value.size())) {
    Entry* entry = Entry::create(key, Type::kString, kInline, expiry, value.size(), value.size());
    copy_bytes(entry->payload(), value);
    return entry;
  }
  auto* block = static_cast<char*>(heap::allocate(value.size()));
  copy_bytes(block, value);
  return create_outside(key, block, value.size(), expiry);
}

Entry* String::create(View key, View value, Millis expiry) {
  if (const auto integer = as_integer(value)) return create_integer(key, *integer, expiry);
  return create_text(key, value, expiry);
}

Entry* String::create_integer(View key, std::int64_t value, Millis expiry) {
  Entry* entry = Entry::create(key, Type::kString, kInteger, expiry, sizeof value);
  entry->set_payload_field(value);
  return entry;
}

Entry* String::create_adopting(View key, HeapBytes value, Millis expiry) {
  const std::size_t length = value.size();
  return create_outside(key, value.release(), length, expiry);
}

Entry* String::create_zeros(View key, std::size_t length, Millis expiry) {
  const std::size_t head_bytes = Entry::bytes_for(key.size(), expiry != kNoExpiry, 0);
  if (prefers_inline(head_bytes, length)) {
    Entry* entry = Entry::create(key, Type::kString, kInlineRaw, expiry, length, length);
    std::memset(entry->payload(), 0, length);
    return entry;
  }
  auto* block = static_cast<char*>(heap::allocate(length));
  std::memset(block, 0, length);
  return create_outside(key, block, length, expiry);
}

Entry* String::copy(const Entry& entry, View key, Millis expiry) {
  if (is_integer_encoded(entry)) return create_integer(key, entry.payload_field<std::int64_t>(), expiry);
  Digits digits;
  Entry* copied = create_text(key, view(entry, digits), expiry);
  if (entry.encoding() == kInlineRaw && copied->encoding() == kInline) copied->set_encoding(kInlineRaw);
  return copied;
}

Entry* String::replace(Entry* old, Entry* fresh) {
  fresh->set_access(old->access());
  destroy(old);
  return fresh;
}

// Only where nothing would be wasted: a block is kept when a new one would be of its size class.
bool String::assign_in_place(Entry& entry, View value) {
  if (is_inline(entry)) {
    const std::size_t bytes = entry.payload_offset() + value.size();
    if (entry.payload_length() != value.size() && !(prefers_inline(entry.payload_offset(), value.size()) &&
                                                    heap::good_size(bytes) == entry.block_bytes())) {
      return false;
    }
    copy_bytes(entry.payload(), value);
    entry.set_payload_length(value.size());
    entry.set_encoding(kInline);
    return true;
  }
  const bool fits = is_outside(entry) && !prefers_inline(entry.payload_offset(), value.size()) &&
                    (entry.encoding() == kLarge) == (value.size() > Entry::kPayloadLengthMax) &&
                    heap::good_size(value.size()) == heap::usable(entry.payload_field<char*>());
  if (!fits) return false;
  copy_bytes(entry.payload_field<char*>(), value);
  set_length(entry, value.size());
  return true;
}

Entry* String::assign_text(Entry* entry, View value, Millis expiry) {
  const bool same_head = entry->type() == Type::kString && entry->has_expiry() == (expiry != kNoExpiry);
  if (same_head && assign_in_place(*entry, value)) [[likely]] {
    if (expiry != kNoExpiry) entry->set_expiry(expiry);
    return entry;
  }
  return replace(entry, create_text(entry->key(), value, expiry));
}

Entry* String::assign(Entry* entry, View value, Millis expiry) {
  if (const auto integer = as_integer(value)) return assign_integer(entry, *integer, expiry);
  return assign_text(entry, value, expiry);
}

Entry* String::assign_integer(Entry* entry, std::int64_t value, Millis expiry) {
  if (is_integer_encoded(*entry) && entry->has_expiry() == (expiry != kNoExpiry)) {
    entry->set_payload_field(value);
    if (expiry != kNoExpiry) entry->set_expiry(expiry);
    return entry;
  }
  return replace(entry, create_integer(entry->key(), value, expiry));
}

Entry* String::assign_adopting(Entry* entry, HeapBytes value, Millis expiry) {
  return replace(entry, create_adopting(entry->key(), std::move(value), expiry));
}

// Makes room for `length_needed` bytes that can be written at payload or block. The bytes beyond the old
// length are not yet defined.
Entry* String::make_editable(Entry* entry, std::size_t length_needed) {
  Digits digits;
  const View old = view(*entry, digits);
  const std::size_t target = std::max(old.size(), length_needed);
  if (is_inline(*entry) && entry->payload_offset() + target <= entry->block_bytes()) {
    entry->set_encoding(kInlineRaw);
    entry->set_payload_length(target);
    return entry;
  }
  if (!is_outside(*entry) && prefers_inline(entry->payload_offset(), target)) {
    Entry* fresh = Entry::create(entry->key(), Type::kString, kInlineRaw, entry->expiry(), target, target);
    copy_bytes(fresh->payload(), old);
    return replace(entry, fresh);
  }
  return grow_outside(entry, old, target);
}

Entry* String::grow_outside(Entry* entry, View old, std::size_t target) {
  const bool outside = is_outside(*entry);
  char* block = outside ? entry->payload_field<char*>() : nullptr;
  if (!outside || heap::usable(block) < target) {
    const std::size_t room = old.empty() ? target : with_slack(target);
    block = static_cast<char*>(heap::reallocate(block, room));
    if (!outside) copy_bytes(block, old);
  }
  const bool large = target > Entry::kPayloadLengthMax;
  if (outside && large == (entry->encoding() == kLarge)) {
    entry->set_payload_field(block);
    set_length(*entry, target);
    return entry;
  }
  Entry* fresh = create_outside(entry->key(), block, target, entry->expiry());
  if (outside) entry->set_payload_field<char*>(nullptr);  // The block has a new owner.
  return replace(entry, fresh);
}

void String::set_length(Entry& entry, std::size_t length) {
  if (entry.encoding() == kLarge) {
    entry.set_payload_field(static_cast<std::uint64_t>(length), sizeof(char*));
  } else {
    entry.set_payload_length(length);
  }
}

Entry* String::append(Entry* entry, View suffix) {
  return write_at(entry, length(*entry), suffix);
}

Entry* String::write_at(Entry* entry, std::size_t offset, View bytes) {
  const std::size_t old_length = length(*entry);
  entry = make_editable(entry, offset + bytes.size());
  Digits digits;
  char* data = const_cast<char*>(view(*entry, digits).data());
  if (offset > old_length) std::memset(data + old_length, 0, offset - old_length);
  copy_bytes(data + offset, bytes);
  return entry;
}

std::size_t String::length(const Entry& entry) {
  switch (entry.encoding()) {
    case kInteger: {
      Digits digits;
      return format_integer(entry.payload_field<std::int64_t>(), digits);
    }
    case kLarge: return entry.payload_field<std::uint64_t>(sizeof(char*));
    default: return entry.payload_length();
  }
}

View String::view(const Entry& entry, Digits& digits) {
  switch (entry.encoding()) {
    case kInline:
    case kInlineRaw: return {entry.payload(), entry.payload_length()};
    case kInteger: return {digits, format_integer(entry.payload_field<std::int64_t>(), digits)};
    case kHeap: return {entry.payload_field<const char*>(), entry.payload_length()};
    default: return {entry.payload_field<const char*>(), length(entry)};
  }
}

std::optional<std::int64_t> String::integer(const Entry& entry) {
  if (is_integer_encoded(entry)) return entry.payload_field<std::int64_t>();
  Digits digits;
  return parse_integer(view(entry, digits));
}

bool String::is_integer_encoded(const Entry& entry) {
  return entry.type() == Type::kString && entry.encoding() == kInteger;
}

View String::encoding_name(const Entry& entry) {
  if (entry.encoding() == kInteger) return "int";
  if (entry.encoding() == kInline && entry.payload_length() <= kEmbeddedMax) return "embstr";
  return "raw";
}

std::size_t String::payload_bytes(const Entry& entry) {
  switch (entry.encoding()) {
    case kInteger: return sizeof(std::int64_t);
    case kHeap: return sizeof(char*);
    case kLarge: return sizeof(char*) + sizeof(std::uint64_t);
    default: return entry.payload_length();
  }
}

std::size_t String::outside_bytes(const Entry& entry) {
  if (!is_outside(entry)) return 0;
  return heap::usable(entry.payload_field<const char*>());
}

void String::release_payload(Entry& entry) {
  if (is_outside(entry)) heap::release(entry.payload_field<char*>());
}

}  // namespace shoal::types
