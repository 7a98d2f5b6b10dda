// SLOWLOG: the last commands of one core that took long. One object a core, for the core's own thread; the
// command merges the cores' entries by their ids.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "storage/base/units.h"

namespace shoal::metrics {

struct SlowlogEntry {
  std::uint64_t id = 0;  // rises with the time, over all cores
  std::int64_t unix_seconds = 0;
  Micros duration = 0;
  std::vector<std::string> args;
  std::string client_address;
  std::string client_name;
};

class Slowlog {
 public:
  static constexpr std::size_t kArgsMax = 32;
  static constexpr std::size_t kArgBytesMax = 128;

  /// Keeps the entry, and no more than `entries_max` of them. Its args are clip()ped already.
  void add(SlowlogEntry entry, std::size_t entries_max);
  void reset() { entries_.clear(); }
  /// slowlog-max-len has changed.
  void trim(std::size_t entries_max);

  /// The newest first.
  const std::deque<SlowlogEntry>& entries() const { return entries_; }

  /// The arguments as SLOWLOG GET shows them: at most kArgsMax, each of at most kArgBytesMax bytes, with a
  /// note of how much was left out.
  static std::vector<std::string> clip(std::span<const View> args);

 private:
  std::deque<SlowlogEntry> entries_;
};

}  // namespace shoal::metrics
