#include "server/commands/digest.h"

#include <openssl/sha.h>

#include "storage/types/string.h"

namespace shoal::commands {

namespace {

Digest::Bytes sha1(View bytes) {
  static_assert(Digest::kBytes == SHA_DIGEST_LENGTH);
  Digest::Bytes hash;
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  return hash;
}

// The numbers that Redis gives the types.
std::uint32_t type_number(types::Type type) {
  switch (type) {
    case types::Type::kString: return 0;
    case types::Type::kList: return 1;
    case types::Type::kSet: return 2;
    case types::Type::kSortedSet: return 3;
    case types::Type::kHash: return 4;
    case types::Type::kStream: return 6;
  }
  check_failed(__FILE__, __LINE__, "a type without a number");
}

}  // namespace

void Digest::toggle(View bytes) {
  const Bytes hash = sha1(bytes);
  for (std::size_t i = 0; i < kBytes; ++i) bytes_[i] ^= hash[i];
}

void Digest::mix(View bytes) {
  toggle(bytes);
  bytes_ = sha1({reinterpret_cast<const char*>(bytes_.data()), kBytes});
}

void Digest::mix_number(std::uint32_t number) {
  const char bytes[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                        static_cast<char>(number >> 8), static_cast<char>(number)};
  mix({bytes, sizeof bytes});
}

void Digest::mix_value(const types::Entry& entry) {
  mix_number(type_number(entry.type()));
  CHECK(entry.type() == types::Type::kString);  // Each type that is added says here what its contents are.
  types::String::Digits digits;
  mix(types::String::view(entry, digits));
  if (entry.has_expiry()) toggle("!!expire!!");
}

std::string Digest::hex() const {
  constexpr View kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes_) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace shoal::commands
