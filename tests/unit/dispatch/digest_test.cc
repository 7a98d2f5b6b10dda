// Digests, against what redis-server 7.0.15 answers to DEBUG DIGEST and DEBUG DIGEST-VALUE.
#include "server/commands/digest.h"

#include <gtest/gtest.h>

#include "storage/types/string.h"
#include "storage/types/value.h"

namespace shoal::commands {
namespace {

struct OwnedEntry {
  OwnedEntry(View key, View value, Millis expiry) : entry(types::String::create(key, value, expiry)) {}
  OwnedEntry(const OwnedEntry&) = delete;
  ~OwnedEntry() { types::destroy(entry); }
  types::Entry* entry;
};

std::string value_digest(View value, Millis expiry = types::kNoExpiry) {
  const OwnedEntry owned("k", value, expiry);
  Digest digest;
  digest.mix_value(*owned.entry);
  return digest.hex();
}

void toggle_key(Digest& all, View key, View value, Millis expiry = types::kNoExpiry) {
  const OwnedEntry owned(key, value, expiry);
  Digest digest;
  digest.mix(key);
  digest.mix_value(*owned.entry);
  all.toggle_digest(digest);
}

TEST(Digest, OfNothingIsZero) {
  EXPECT_EQ(Digest().hex(), std::string(40, '0'));
}

TEST(Digest, OfAnIntegerIsThatOfItsDigits) {
  EXPECT_EQ(value_digest("1"), "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da");
}

TEST(Digest, OfAStringIsThatOfItsBytes) {
  EXPECT_EQ(value_digest("hello"), "36b23a1456b2dce2c3ed252c456761301dba8060");
}

TEST(Digest, TellsWhetherThereIsADeadlineButNotWhich) {
  EXPECT_EQ(value_digest("hello", 1'000), "d037c4eb8a8b36b602fbced4000daeab0714c1e3");
  EXPECT_EQ(value_digest("hello", 2'000), value_digest("hello", 1'000));
}

TEST(Digest, OfADatasetDoesNotDependOnTheOrderOfItsKeys) {
  Digest all;
  all.mix_number(0);
  toggle_key(all, "b", "hello", 1'000);
  toggle_key(all, "a", "1");
  all.mix_number(3);
  toggle_key(all, "z", "9");
  EXPECT_EQ(all.hex(), "61a524ad3e7f223145445104878533ff7c5330bb");
}

}  // namespace
}  // namespace shoal::commands
