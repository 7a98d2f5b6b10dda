#include <gtest/gtest.h>

#include "storage/base/heap.h"

namespace shoal::heap {
namespace {

TEST(Heap, GoodSizeIsWhatARequestIsRoundedUpTo) {
  for (std::size_t bytes = 1; bytes < 8192; bytes += 7) {
    EXPECT_GE(good_size(bytes), bytes);
    EXPECT_EQ(good_size(good_size(bytes)), good_size(bytes));
    void* block = allocate(bytes);
    EXPECT_EQ(usable(block), good_size(bytes)) << bytes;
    release(block);
  }
}

}  // namespace
}  // namespace shoal::heap
