#include "server/metrics/command_statistics.h"

#include <algorithm>

#include "storage/base/check.h"

namespace shoal::metrics {

CommandStatistics::CommandStatistics(const CommandStatistics& other) : CommandStatistics(other.row_count()) {
  tracks_distribution_ = other.tracks_distribution_;
  merge(other);
}

void CommandStatistics::record_error(View code) {
  ++error_count_;
  count_error(code, 1);
}

void CommandStatistics::count_error(View code, std::uint64_t count) {
  for (ErrorFigures& error : errors_) {
    if (error.code == code) {
      error.count += count;
      return;
    }
  }
  if (errors_.size() < kErrorCodesMax) {
    errors_.push_back({std::string(code), count});
  } else if (errors_.size() == kErrorCodesMax) {
    errors_.push_back({std::string(kOtherErrors), count});
  } else {
    errors_.back().count += count;
  }
}

void CommandStatistics::set_tracks_distribution(bool tracks) {
  tracks_distribution_ = tracks;
  if (tracks) return;
  for (auto& histogram : histograms_) histogram.reset();
}

void CommandStatistics::reset() {
  std::fill(figures_.begin(), figures_.end(), CommandFigures{});
  for (auto& histogram : histograms_) histogram.reset();
  errors_.clear();
  call_count_ = 0;
  error_count_ = 0;
}

void CommandStatistics::merge(const CommandStatistics& other) {
  CHECK(row_count() == other.row_count());
  for (std::size_t i = 0; i < row_count(); ++i) {
    figures_[i].calls += other.figures_[i].calls;
    figures_[i].ticks += other.figures_[i].ticks;
    figures_[i].rejected += other.figures_[i].rejected;
    figures_[i].failed += other.figures_[i].failed;
    if (other.histograms_[i] == nullptr) continue;
    if (histograms_[i] == nullptr) histograms_[i] = std::make_unique<Histogram>();
    histograms_[i]->merge(*other.histograms_[i]);
  }
  for (const ErrorFigures& error : other.errors_) count_error(error.code, error.count);
  call_count_ += other.call_count_;
  error_count_ += other.error_count_;
}

}  // namespace shoal::metrics
