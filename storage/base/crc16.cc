#include "storage/base/crc16.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace shoal {
namespace {

using Table = std::array<std::uint16_t, 256>;

/// kTables[n][byte] is the CRC of `byte` followed by n zero bytes. CRC is linear: the CRC of eight bytes is
/// the XOR of what each contributes from its distance to the end, so eight independent look-ups replace a
/// chain of eight.
constexpr std::array<Table, 8> make_tables() {
  std::array<Table, 8> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    auto crc = static_cast<std::uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0));
    }
    tables[0][byte] = crc;
  }
  for (std::size_t zeros = 1; zeros < tables.size(); ++zeros) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const std::uint16_t before = tables[zeros - 1][byte];
      tables[zeros][byte] = static_cast<std::uint16_t>((before << 8) ^ tables[0][before >> 8]);
    }
  }
  return tables;
}

constexpr std::array<Table, 8> kTables = make_tables();
static_assert(kTables[0][1] == 0x1021);

unsigned byte_of(std::uint64_t word, unsigned index) {
  return (word >> (8 * index)) & 0xFF;
}

/// Advances `crc` over `kBytes` bytes that `word` holds little-endian. The running CRC is folded into the
/// first two.
template <unsigned kBytes>
std::uint16_t advance(std::uint16_t crc, std::uint64_t word) {
  word ^= static_cast<std::uint64_t>(crc >> 8) | static_cast<std::uint64_t>(crc & 0xFF) << 8;
  std::uint16_t result = 0;
  for (unsigned index = 0; index < kBytes; ++index) {
    result ^= kTables[kBytes - 1 - index][byte_of(word, index)];
  }
  return result;
}

template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

/// True if one of the eight bytes is '{'. (A byte becomes zero where it is; a zero byte borrows.)
bool holds_brace(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  word ^= kOnes * '{';
  return ((word - kOnes) & ~word & (kOnes << 7)) != 0;
}

/// Few keys have a tag, so this runs for every key, and a call of memchr would cost as much as the CRC.
bool may_have_tag(View key) {
  const char* at = key.data();
  std::size_t left = key.size();
  bool found = false;
  for (; left >= 8; at += 8, left -= 8) found |= holds_brace(load<std::uint64_t>(at));
  if (left > 0 && key.size() >= 8) return found | holds_brace(load<std::uint64_t>(at + left - 8));
  for (; left > 0; ++at, --left) found |= *at == '{';
  return found;
}

}  // namespace

std::uint16_t crc16(View bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint16_t crc = 0;
  for (; left >= 8; at += 8, left -= 8) crc = advance<8>(crc, load<std::uint64_t>(at));
  if ((left & 4) != 0) {
    crc = advance<4>(crc, load<std::uint32_t>(at));
    at += 4;
  }
  if ((left & 2) != 0) {
    crc = advance<2>(crc, load<std::uint16_t>(at));
    at += 2;
  }
  if ((left & 1) != 0) {
    crc = static_cast<std::uint16_t>((crc << 8) ^ kTables[0][(crc >> 8) ^ static_cast<unsigned char>(*at)]);
  }
  return crc;
}

View hash_tag(View key) {
  const std::size_t open = key.find('{');
  if (open == View::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == View::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

SlotId key_slot(View key) {
  if (may_have_tag(key)) [[unlikely]]
    key = hash_tag(key);
  return crc16(key) % kSlotCount;
}

}  // namespace shoal
