#include "server/dispatch/sliced_jobs.h"

#include <utility>

#include "server/dispatch/core_services.h"

namespace shoal::dispatch {

bool SlicedJobs::run(const CoreServices& core, Micros duration) {
  if (jobs_.empty()) [[likely]]
    return false;
  const Micros end = core.now_fresh() + duration;
  for (std::size_t waiting_in_a_row = 0; waiting_in_a_row < jobs_.size();) {
    // Out of the queue while it runs: a job may add others.
    std::unique_ptr<SlicedJob> job = std::move(jobs_.front());
    jobs_.pop_front();
    const SlicedJob::Progress progress = job->run_slice();
    waiting_in_a_row = progress == SlicedJob::Progress::kWaiting ? waiting_in_a_row + 1 : 0;
    if (progress != SlicedJob::Progress::kDone) jobs_.push_back(std::move(job));
    if (core.now_fresh() >= end) return waiting_in_a_row < jobs_.size();
  }
  return false;
}

}  // namespace shoal::dispatch
