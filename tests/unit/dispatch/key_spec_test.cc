#include <gtest/gtest.h>

#include <string>

#include "server/dispatch/command_table.h"

namespace shoal::dispatch {
namespace {

constexpr Command with(std::array<KeySpec, 2> keys) {
  Command command{};
  command.name = "TEST";
  command.keys = keys;
  return command;
}
constexpr KeySpec kCounted = {KeySpec::Begin::kIndex, KeySpec::Find::kKeyCount, 2, 0, 1, 0, KeySpec::kRO, {}};
constexpr KeySpec kBehindStreams = {
    KeySpec::Begin::kKeyword, KeySpec::Find::kRange, 1, -1, 1, 0, KeySpec::kRO, "STREAMS"};
constexpr KeySpec kBehindStoreFromTheEnd = {
    KeySpec::Begin::kKeyword, KeySpec::Find::kRange, -1, 0, 1, 0, KeySpec::kOW, "STORE"};

std::string keys_of(const Command& command, const std::vector<View>& args) {
  std::vector<Key> keys;
  std::vector<KeyPosition> positions;
  const auto error = append_keys(command, args, keys);
  const auto same_error = key_positions(command, args, positions);
  EXPECT_EQ(error, same_error);
  if (error) return std::string(*error);
  EXPECT_EQ(keys.size(), positions.size());
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(keys[i].name, args[positions[i].arg]);
    EXPECT_EQ(keys[i].slot, key_slot(keys[i].name));
    EXPECT_EQ(keys[i].hash, key_hash(keys[i].name));
    text += (text.empty() ? "" : " ") + std::string(keys[i].name);
  }
  return text;
}

TEST(KeySpecs, NoSpecificationNamesNoKey) {
  EXPECT_EQ(keys_of(with(kNoKeys), {"x", "a"}), "");
}

TEST(KeySpecs, ASingleKeyStandsWhereItsIndexSays) {
  EXPECT_EQ(keys_of(with(first_key(KeySpec::kRO)), {"GET", "a", "b"}), "a");
  EXPECT_EQ(keys_of(with(second_key(KeySpec::kRO)), {"OBJECT", "ENCODING", "a"}), "a");
}

TEST(KeySpecs, ARangeEndsAtItsLastKeyOrCountsFromTheEnd) {
  EXPECT_EQ(keys_of(with(every_key(KeySpec::kRO)), {"MGET", "a", "b", "c"}), "a b c");
  EXPECT_EQ(keys_of(with(every_second_key(KeySpec::kOW)), {"MSET", "a", "1", "b", "2"}), "a b");
  EXPECT_EQ(keys_of(with(key_range(KeySpec::kRO, 1, 1, 1)), {"LCS", "a", "b", "LEN"}), "a b");
  EXPECT_EQ(keys_of(with(key_range(KeySpec::kRO, 1, -2, 1)), {"BLPOP", "a", "b", "0"}), "a b");
}

TEST(KeySpecs, TwoSpecificationsNameTheirKeysInOrder) {
  EXPECT_EQ(keys_of(with(two_keys(KeySpec::kRW, KeySpec::kOW)), {"RENAME", "a", "b"}), "a b");
}

TEST(KeySpecs, KeysThatTheRequestDoesNotReachAreLeftOut) {
  EXPECT_EQ(keys_of(with(first_key(KeySpec::kRO)), {"GET"}), "");
  EXPECT_EQ(keys_of(with(two_keys(KeySpec::kRW, KeySpec::kOW)), {"RENAME", "a"}), "a");
  EXPECT_EQ(keys_of(with(every_key(KeySpec::kRO)), {"MGET"}), "");
  EXPECT_EQ(keys_of(with(key_range(KeySpec::kRO, 1, -2, 1)), {"BLPOP"}), "");
}

TEST(KeySpecs, ACountSaysHowManyKeysFollow) {
  const Command command = with({kCounted, KeySpec{}});
  EXPECT_EQ(keys_of(command, {"EVAL", "script", "2", "a", "b", "c"}), "a b");
  EXPECT_EQ(keys_of(command, {"EVAL", "script", "0", "a"}), "");
  EXPECT_EQ(keys_of(command, {"EVAL", "script", "x", "a"}), "ERR value is not an integer or out of range");
  EXPECT_EQ(keys_of(command, {"EVAL", "script", "-1", "a"}), "ERR Number of keys can't be negative");
  EXPECT_EQ(keys_of(command, {"EVAL", "script", "2", "a"}),
            "ERR Number of keys can't be greater than number of args");
  EXPECT_EQ(keys_of(command, {"EVAL", "script", "9223372036854775807", "a"}),
            "ERR Number of keys can't be greater than number of args");
}

TEST(KeySpecs, AKeywordSaysWhereKeysBegin) {
  const Command forwards = with({kBehindStreams, KeySpec{}});
  EXPECT_EQ(keys_of(forwards, {"XREAD", "COUNT", "2", "streams", "a", "STREAMS"}), "a STREAMS");
  EXPECT_EQ(keys_of(forwards, {"XREAD", "COUNT", "2"}), "");
  EXPECT_EQ(keys_of(forwards, {"XREAD", "STREAMS"}), "");
  const Command backwards = with({first_key(KeySpec::kRO)[0], kBehindStoreFromTheEnd});
  EXPECT_EQ(keys_of(backwards, {"SORT", "store", "STORE", "x", "STORE", "b"}), "store b");
}

}  // namespace
}  // namespace shoal::dispatch
