#include "server/metrics/slowlog.h"

#include <algorithm>

namespace shoal::metrics {

void Slowlog::add(SlowlogEntry entry, std::size_t entries_max) {
  entries_.push_front(std::move(entry));
  trim(entries_max);
}

void Slowlog::trim(std::size_t entries_max) {
  if (entries_.size() > entries_max) entries_.resize(entries_max);
}

std::vector<std::string> Slowlog::clip(std::span<const View> args) {
  const std::size_t shown = std::min(args.size(), kArgsMax);
  std::vector<std::string> clipped;
  clipped.reserve(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (shown < args.size() && i + 1 == shown) {
      clipped.push_back("... (" + std::to_string(args.size() - shown + 1) + " more arguments)");
    } else if (args[i].size() > kArgBytesMax) {
      clipped.push_back(std::string(args[i].substr(0, kArgBytesMax)) + "... (" +
                        std::to_string(args[i].size() - kArgBytesMax) + " more bytes)");
    } else {
      clipped.emplace_back(args[i]);
    }
  }
  return clipped;
}

}  // namespace shoal::metrics
