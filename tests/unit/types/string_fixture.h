// What the tests of string values share.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "storage/types/string.h"
#include "storage/types/value.h"

namespace shoal::types {

inline std::string text(const Entry& entry) {
  String::Digits digits;
  return std::string(String::view(entry, digits));
}

/// An entry that is destroyed with its test.
class StringTest : public testing::Test {
 protected:
  ~StringTest() override {
    if (entry_ != nullptr) destroy(entry_);
  }
  Entry* entry_ = nullptr;
};

}  // namespace shoal::types
