#include "server/dispatch/command_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/base/ascii.h"
#include "storage/base/check.h"

namespace shoal::dispatch {

namespace {

constexpr std::size_t kBucketsMin = 1024;

// Up to eight bytes of a name, zeros behind a shorter one. Loads that overlap instead of a loop: most names
// are short.
std::uint64_t load_short(const char* bytes, std::size_t size) {
  if (size >= 4) {
    std::uint32_t low;
    std::uint32_t high;
    std::memcpy(&low, bytes, 4);
    std::memcpy(&high, bytes + size - 4, 4);
    return low | std::uint64_t{high} << 8 * (size - 4);
  }
  if (size == 0) return 0;
  const auto byte = [bytes](std::size_t at) {
    return std::uint64_t{static_cast<unsigned char>(bytes[at])} << 8 * at;
  };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

std::uint64_t load(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Every byte from 'a' to 'z' in upper case: eight at a time. Adding to seven bits cannot carry into the next
// byte; the top bits of the sums say from which letter on each byte is.
constexpr std::uint64_t upper_word(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x80 * kOnes;
  const std::uint64_t seven = word & ~kTops;
  const std::uint64_t from_a = seven + (0x80 - 'a') * kOnes;
  const std::uint64_t above_z = seven + (0x7f - 'z') * kOnes;
  const std::uint64_t is_lower = from_a & ~above_z & ~word & kTops;
  return word ^ (is_lower >> 2);
}
static_assert(upper_word(0x7b7a61605b5a4180) == 0x7b5a41605b5a4180, "letters only");

// The first eight bytes in upper case, and the length, decide the bucket: names differ there or are few.
std::uint64_t first_word(View name) {
  return upper_word(name.size() >= 8 ? load(name.data()) : load_short(name.data(), name.size()));
}

std::size_t hash_of(std::uint64_t first, std::size_t size) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  return ((first ^ size) * kOdd) >> 32;
}

// Whether `name` beyond its first eight bytes reads `upper_name` (of the same length).
bool rest_matches(View name, View upper_name) {
  std::size_t at = 8;
  for (; at + 8 <= name.size(); at += 8) {
    if (upper_word(load(name.data() + at)) != load(upper_name.data() + at)) return false;
  }
  for (; at < name.size(); ++at) {
    if (to_upper(name[at]) != upper_name[at]) return false;
  }
  return true;
}

}  // namespace

CommandTable::CommandTable(std::span<const Family> families) : buckets_(kBucketsMin) {
  for (const Family& family : families) {
    for (const Command& command : family) {
      add(command.name, command);
      commands_.push_back(&command);
    }
    number(family);
  }
}

// Rows of one array follow each other in memory, so a row's number is an offset into its array.
void CommandTable::number(Family rows) {
  ranges_.push_back({rows.data(), rows.data() + rows.size(), rows_.size()});
  for (const Command& command : rows) rows_.push_back(&command);
  for (const Command& command : rows) {
    if (command.has(kContainer)) number(command.subcommands);
  }
}

void CommandTable::add(View name, const Command& command) {
  CHECK(probe(name) == nullptr);
  CHECK(!name.empty() && upper_case(name) == name);
  if (++used_ > buckets_.size() / 4) {
    std::vector<Bucket> old(2 * buckets_.size());
    std::swap(old, buckets_);
    for (Bucket& bucket : old) {
      if (!bucket.name.empty()) place(std::move(bucket));
    }
  }
  place(Bucket{first_word(name), std::string(name), &command});
}

void CommandTable::place(Bucket bucket) {
  std::size_t at = hash_of(bucket.first, bucket.name.size()) & (buckets_.size() - 1);
  while (!buckets_[at].name.empty()) at = (at + 1) & (buckets_.size() - 1);
  buckets_[at] = std::move(bucket);
}

const CommandTable::Bucket* CommandTable::probe(View name) const {
  const std::uint64_t first = first_word(name);
  for (std::size_t at = hash_of(first, name.size());; ++at) {
    const Bucket& bucket = buckets_[at & (buckets_.size() - 1)];
    if (bucket.name.empty()) return nullptr;
    if (bucket.first == first && bucket.name.size() == name.size() &&
        (name.size() <= 8 || rest_matches(name, bucket.name))) [[likely]] {
      return &bucket;
    }
  }
}

const Command* CommandTable::find(std::span<const View> args) const {
  const Bucket* bucket = probe(args[0]);
  if (bucket == nullptr || bucket->command == nullptr) [[unlikely]]
    return nullptr;
  const Command* command = bucket->command;
  if (!command->has(kContainer)) [[likely]]
    return command;
  return args.size() < 2 ? command : find_subcommand(*command, args[1]);
}

const Command* CommandTable::find_subcommand(const Command& container, View name) {
  for (const Command& command : container.subcommands) {
    const View own_name = command.name.substr(container.name.size() + 1);
    if (equal_ignoring_case(name, own_name)) return &command;
  }
  return nullptr;
}

const Command* CommandTable::find_name(View name) const {
  const std::size_t bar = name.find('|');
  const Bucket* bucket = probe(name.substr(0, bar));
  if (bucket == nullptr || bucket->command == nullptr) return nullptr;
  if (bar == View::npos) return bucket->command;
  return find_subcommand(*bucket->command, name.substr(bar + 1));
}

Status CommandTable::rename(View name, View new_name) {
  const Bucket* found = probe(name);
  if (found == nullptr || found->command == nullptr) return Failure{"No such command in rename-command"};
  const Command* command = found->command;
  const std::string target = upper_case(new_name);
  if (!target.empty()) {
    const Bucket* taken = probe(target);
    if (taken != nullptr && taken->command != nullptr) return Failure{"Target command name already exists"};
  }
  // The old name stays as a bucket that names nothing: probing goes on past it.
  const_cast<Bucket*>(found)->command = nullptr;
  if (target.empty()) {
    std::erase(commands_, command);
    return success();
  }
  if (const Bucket* reused = probe(target)) {
    const_cast<Bucket*>(reused)->command = command;
  } else {
    add(target, *command);
  }
  return success();
}

std::size_t CommandTable::index_of(const Command& command) const {
  const Range* range = ranges_.data();
  while (&command < range->begin || &command >= range->end) {
    ++range;
    CHECK(range < ranges_.data() + ranges_.size());
  }
  return range->first_index + static_cast<std::size_t>(&command - range->begin);
}

std::string shown_name(const Command& command) {
  return lower_case(command.name);
}

}  // namespace shoal::dispatch
