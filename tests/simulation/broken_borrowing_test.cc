// The checkers must be able to fail. This program's loan book (SHOAL_BROKEN_BORROWING) lends every slot to
// whoever asks, so transactions of several cores run into each other: each checker has to notice.
#include <gtest/gtest.h>

#include "tests/simulation/simulated_server.h"
#include "tests/simulation/workloads.h"

namespace shoal::simulation {
namespace {

constexpr std::uint64_t kSeeds = 500;

TEST(BrokenBorrowing, IsFoundByTheSumOfTheAccounts) {
  std::uint64_t seed = 1;
  while (seed <= kSeeds && !run_transfers(seed, 2).violation.starts_with("the accounts hold")) ++seed;
  EXPECT_LE(seed, kSeeds) << "no seed shows what is broken: the checker is blind";
}

TEST(BrokenBorrowing, IsFoundByTheSearchForALegalOrder) {
  std::uint64_t seed = 1;
  while (seed <= kSeeds && run_history(seed, Mix::kSimple, 2).violation.empty()) ++seed;
  EXPECT_LE(seed, kSeeds) << "no seed shows what is broken: the checker is blind";
}

}  // namespace
}  // namespace shoal::simulation
