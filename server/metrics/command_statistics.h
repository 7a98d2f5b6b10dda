// What a core knows of the commands it ran: calls, time and its distribution, refusals and failures of each
// row, and how often each error code was answered. One object a core, for the core's own thread; merge() adds
// up the copies that a visit of every core brings home.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/metrics/histogram.h"
#include "storage/base/units.h"

namespace shoal::metrics {

/// One row of the command table. Times are in processor ticks (CoreServices::ticks_to_nanos).
struct CommandFigures {
  std::uint64_t calls = 0;
  std::uint64_t ticks = 0;
  std::uint64_t rejected = 0;  // refused before it ran
  std::uint64_t failed = 0;    // ran, and answered with an error
};

struct ErrorFigures {
  std::string code;
  std::uint64_t count = 0;
};

class CommandStatistics {
 public:
  /// More different codes than these are counted together, as kOtherErrors: scripts may invent any number.
  static constexpr std::size_t kErrorCodesMax = 128;
  static constexpr View kOtherErrors = "ERRORSTATS_OVERFLOW";

  /// `row_count`: rows of the command table; an index below stands for a row.
  explicit CommandStatistics(std::size_t row_count) : figures_(row_count), histograms_(row_count) {}
  CommandStatistics(const CommandStatistics& other);
  CommandStatistics& operator=(const CommandStatistics&) = delete;

  /// A call that ran for so long. About 2 ns.
  void record_call(std::size_t index, std::uint64_t ticks) {
    ++call_count_;
    CommandFigures& figures = figures_[index];
    ++figures.calls;
    figures.ticks += ticks;
    if (!tracks_distribution_) [[unlikely]]
      return;
    if (histograms_[index] == nullptr) [[unlikely]]
      histograms_[index] = std::make_unique<Histogram>();
    histograms_[index]->record(ticks);
  }
  /// Beside record_call(): it answered with an error of this code.
  void record_failure(std::size_t index, View code) {
    ++figures_[index].failed;
    record_error(code);
  }
  void record_rejection(std::size_t index, View code) {
    ++figures_[index].rejected;
    record_error(code);
  }
  /// An error reply that belongs to no row: an unknown command, a protocol error. Without the leading '-'.
  void record_error(View code);

  /// Whether distributions are kept (latency-tracking); switching off forgets them.
  void set_tracks_distribution(bool tracks);
  void reset();
  void reset_distribution(std::size_t index) { histograms_[index].reset(); }
  void merge(const CommandStatistics& other);

  std::size_t row_count() const { return figures_.size(); }
  const CommandFigures& figures(std::size_t index) const { return figures_[index]; }
  /// Null while the row was not called.
  const Histogram* distribution(std::size_t index) const { return histograms_[index].get(); }
  const std::vector<ErrorFigures>& errors() const { return errors_; }
  /// Calls of all rows.
  std::uint64_t call_count() const { return call_count_; }
  /// Error replies of all codes.
  std::uint64_t error_count() const { return error_count_; }

 private:
  void count_error(View code, std::uint64_t count);

  std::vector<CommandFigures> figures_;
  // Made at a row's first call: most rows never have one.
  std::vector<std::unique_ptr<Histogram>> histograms_;
  std::vector<ErrorFigures> errors_;  // few: searched in order, the frequent ones found early
  std::uint64_t call_count_ = 0;
  std::uint64_t error_count_ = 0;
  bool tracks_distribution_ = true;
};

}  // namespace shoal::metrics
