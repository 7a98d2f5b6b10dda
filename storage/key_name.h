// Names of keys that are kept: in hash sets of whatever goes by a key's name and its database (WATCH).
#pragma once

#include <unordered_set>

#include "storage/key.h"

namespace shoal {

struct KeyName {
  DatabaseId database = 0;
  View name;
  bool operator==(const KeyName&) const = default;
};

struct HashKeyName {
  using is_transparent = void;
  std::size_t operator()(const KeyName& key) const {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
    return key_hash(key.name) ^ (key.database * kOdd);
  }
  template <class Element>
  std::size_t operator()(const Element& element) const {
    return (*this)(element.key_name());
  }
};

struct EqualKeyName {
  using is_transparent = void;
  template <class One, class Other>
  bool operator()(const One& one, const Other& other) const {
    return name_of(one) == name_of(other);
  }

 private:
  static const KeyName& name_of(const KeyName& key) { return key; }
  template <class Element>
  static KeyName name_of(const Element& element) {
    return element.key_name();
  }
};

/// Elements that say with `KeyName key_name() const` what they go by: found by it, without a copy of the
/// name.
template <class Element>
using KeyNameSet = std::unordered_set<Element, HashKeyName, EqualKeyName>;

}  // namespace shoal
