#include "storage/types/value.h"

#include <array>

#include "storage/base/ascii.h"
#include "storage/types/string.h"

namespace shoal::types {

namespace {

struct TypeRow {
  View name;
  View (*encoding_name)(const Entry&);
  std::size_t (*payload_bytes)(const Entry&);
  std::size_t (*outside_bytes)(const Entry&);
  Entry* (*copy)(const Entry&, View key, Millis expiry);
  void (*release_payload)(Entry&);
};

// A type without functions cannot be created yet; its name is known to clients all the same.
constexpr std::array<TypeRow, 6> kTypes = {{
    {"string", String::encoding_name, String::payload_bytes, String::outside_bytes, String::copy,
     String::release_payload},
    {"list", nullptr, nullptr, nullptr, nullptr, nullptr},
    {"set", nullptr, nullptr, nullptr, nullptr, nullptr},
    {"zset", nullptr, nullptr, nullptr, nullptr, nullptr},
    {"hash", nullptr, nullptr, nullptr, nullptr, nullptr},
    {"stream", nullptr, nullptr, nullptr, nullptr, nullptr},
}};

const TypeRow& row(const Entry& entry) {
  return kTypes[static_cast<std::size_t>(entry.type())];
}

}  // namespace

View type_name(Type type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}

std::optional<Type> type_named(View name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (equal_ignoring_case(name, kTypes[i].name)) return static_cast<Type>(i);
  }
  return std::nullopt;
}

View encoding_name(const Entry& entry) {
  return row(entry).encoding_name(entry);
}

std::size_t memory_bytes(const Entry& entry) {
  return entry.block_bytes() + row(entry).outside_bytes(entry);
}

Entry* copy(const Entry& entry, View key, Millis expiry) {
  return row(entry).copy(entry, key, expiry);
}

Entry* move_to(Entry* entry, View key, Millis expiry) {
  // The payload is position-independent bytes, so moving is copying them behind another key.
  const std::size_t payload_bytes = row(*entry).payload_bytes(*entry);
  Entry* moved =
      Entry::create(key, entry->type(), entry->encoding(), expiry, payload_bytes, entry->payload_length());
  if (payload_bytes > 0) std::memcpy(moved->payload(), entry->payload(), payload_bytes);
  moved->set_access(entry->access());
  Entry::release(entry);
  return moved;
}

void destroy(Entry* entry) {
  row(*entry).release_payload(*entry);
  Entry::release(entry);
}

}  // namespace shoal::types
