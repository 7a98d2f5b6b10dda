// A fingerprint of values and of the whole dataset, equal to Redis' own: DEBUG DIGEST answers the same on two
// servers that hold the same keys, whatever order they were written in.
//
// A digest is 20 bytes. Two ways to add bytes to one:
//   toggle(digest, bytes): digest ^= SHA1(bytes)                  order does not matter
//   mix(digest, bytes):    digest = SHA1(digest ^ SHA1(bytes))    order matters
// A value: mix its type's number (32 bits, big-endian), mix its contents, and toggle "!!expire!!" if it has a
// deadline. A key: mix its name, then its value. A database: mix its number (32 bits, big-endian), then
// toggle the digest of each key. The dataset: the databases that are not empty, in order.
#pragma once

#include <array>
#include <string>

#include "storage/types/entry.h"

namespace shoal::commands {

class Digest {
 public:
  static constexpr std::size_t kBytes = 20;
  using Bytes = std::array<unsigned char, kBytes>;

  void toggle(View bytes);
  void mix(View bytes);
  void mix_number(std::uint32_t number);
  /// Adds the value of an entry, not its key. Cost: a pass over its bytes.
  void mix_value(const types::Entry& entry);
  void toggle_digest(const Digest& other) {
    toggle({reinterpret_cast<const char*>(other.bytes_.data()), kBytes});
  }

  /// 40 lower-case hexadecimal digits.
  std::string hex() const;

 private:
  Bytes bytes_ = {};
};

}  // namespace shoal::commands
