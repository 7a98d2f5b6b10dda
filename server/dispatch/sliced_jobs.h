// Work that would make a turn too long, cut into slices that a core runs between turns: walks over the
// keyspace (sliced_walk.h), and whatever else takes its time.
#pragma once

#include <deque>
#include <memory>

#include "storage/base/units.h"

namespace shoal::dispatch {

class CoreServices;

class SlicedJob {
 public:
  virtual ~SlicedJob() = default;

  enum class Progress : std::uint8_t {
    kMore,     // call again, when the other jobs have had their slice
    kWaiting,  // nothing can be done before a message comes to this core: call again in each turn
    kDone,     // to be destroyed
  };
  /// Does some tens of microseconds of its work.
  virtual Progress run_slice() = 0;
};

/// The jobs of one core: they take turns, a slice each. Owns them. Whatever their number, a turn of the core
/// gets longer by the same bound.
class SlicedJobs {
 public:
  void add(std::unique_ptr<SlicedJob> job) { jobs_.push_back(std::move(job)); }

  /// Runs slices for about `duration`, a slice at least. Returns whether there is more to do at once; if all
  /// jobs wait there is not, and the core may sleep until a message comes.
  bool run(const CoreServices& core, Micros duration);

  bool empty() const { return jobs_.empty(); }

 private:
  std::deque<std::unique_ptr<SlicedJob>> jobs_;  // the next one first
};

}  // namespace shoal::dispatch
