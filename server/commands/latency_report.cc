#include "server/commands/latency_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace shoal::commands {

namespace {

using metrics::LatencyEvent;
using metrics::LatencyMonitor;
using metrics::LatencySample;

constexpr std::size_t kGraphRows = 4;

struct Extremes {
  Millis low = 0;
  Millis high = 0;
};

Extremes extremes_of(std::span<const LatencySample> samples) {
  const auto [low, high] =
      std::minmax_element(samples.begin(), samples.end(),
                          [](const auto& one, const auto& other) { return one.latency < other.latency; });
  return {low->latency, high->latency};
}

// "7s", "12m", "3h", "2d".
std::string age_text(std::int64_t seconds) {
  struct Unit {
    std::int64_t seconds;
    char name;
  };
  for (const Unit& unit : {Unit{86'400, 'd'}, Unit{3'600, 'h'}, Unit{60, 'm'}}) {
    if (seconds >= unit.seconds) return fmt::format("{}{}", seconds / unit.seconds, unit.name);
  }
  return fmt::format("{}s", std::max<std::int64_t>(0, seconds));
}

// The rows of the drawing, the top one first: a column stands as high as its latency, and ends in half a
// step.
void draw_columns(std::span<const LatencySample> samples, const Extremes& extremes, std::string& text) {
  const double range = std::max<double>(1, static_cast<double>(extremes.high - extremes.low));
  for (std::size_t row = kGraphRows; row-- > 0;) {
    for (const LatencySample& sample : samples) {
      const double height = static_cast<double>(sample.latency - extremes.low) / range * kGraphRows;
      const double above = height - static_cast<double>(row);
      text += above >= 1 ? '|' : above >= 0.5 ? 'o' : row == 0 ? '_' : ' ';
    }
    text += '\n';
  }
}

void draw_ages(std::span<const LatencySample> samples, std::int64_t now_seconds, std::string& text) {
  std::vector<std::string> ages;
  std::size_t rows = 0;
  for (const LatencySample& sample : samples) {
    ages.push_back(age_text(now_seconds - sample.unix_seconds));
    rows = std::max(rows, ages.back().size());
  }
  for (std::size_t row = 0; row < rows; ++row) {
    for (const std::string& age : ages) text += row < age.size() ? age[row] : ' ';
    text += '\n';
  }
}

struct Summary {
  double mean = 0;
  double deviation = 0;  // mean absolute deviation
  double period = 0;     // seconds between two samples
};

Summary summarise(const LatencyEvent& event, std::int64_t now_seconds) {
  const auto count = static_cast<double>(event.samples.size());
  Summary summary;
  for (const LatencySample& sample : event.samples)
    summary.mean += static_cast<double>(sample.latency) / count;
  for (const LatencySample& sample : event.samples) {
    summary.deviation += std::abs(static_cast<double>(sample.latency) - summary.mean) / count;
  }
  summary.period = static_cast<double>(now_seconds - event.samples.front().unix_seconds) / count;
  return summary;
}

// What to look at when an event was slow.
struct Advice {
  View event;
  View text;
};
constexpr Advice kAdvice[] = {
    {LatencyMonitor::kCommand,
     "Some commands take long: SLOWLOG GET shows which. Prefer SCAN to KEYS, and ask for ranges rather than "
     "for "
     "whole big values."},
    {LatencyMonitor::kFastCommand,
     "Commands that should be fast were not: the machine itself may be short of CPU time, or swapping. "
     "Compare the "
     "number of threads with the CPUs there are."},
    {LatencyMonitor::kExpireCycle, "Many keys expire at the same moment: spread their deadlines."},
    {LatencyMonitor::kFreeCycle, "Freeing big values took long: split them into smaller ones."},
    {LatencyMonitor::kTurn,
     "Whole turns of a core took long: look at longest_turn_us and at pipelines of many requests."},
};

}  // namespace

std::string latency_graph(const LatencyEvent& event, std::int64_t now_seconds) {
  std::span<const LatencySample> samples = event.samples;
  samples = samples.last(std::min(samples.size(), kGraphColumns));
  const Extremes extremes = extremes_of(samples);
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n{}\n", event.name,
                                 extremes.high, extremes.low, event.worst, std::string(kGraphColumns, '-'));
  draw_columns(samples, extremes, text);
  text += '\n';
  draw_ages(samples, now_seconds, text);
  return text;
}

std::string latency_diagnosis(const LatencyMonitor& monitor, const config::LatencySettings& settings,
                              std::int64_t now_seconds) {
  if (settings.monitor_threshold_ms == 0 && monitor.events().empty()) {
    return "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n";
  }
  if (monitor.events().empty()) return "Nothing took as long as latency-monitor-threshold says.\n";
  std::string text = "These took long:\n\n";
  std::string advice;
  std::size_t number = 0;
  for (const LatencyEvent& event : monitor.events()) {
    const Summary summary = summarise(event, now_seconds);
    text += fmt::format(
        "{}. {}: {} samples (mean {:.0f} ms, mean deviation {:.0f} ms, one every {:.2f} s), at worst {} "
        "ms.\n",
        ++number, event.name, event.samples.size(), summary.mean, summary.deviation, summary.period,
        event.worst);
    for (const Advice& row : kAdvice) {
      if (row.event == event.name) advice += fmt::format("- {}\n", row.text);
    }
  }
  const Micros threshold = product_or_max(settings.monitor_threshold_ms, kMicrosPerMilli);
  if (settings.slowlog_slower_than_us < 0 || settings.slowlog_slower_than_us > threshold) {
    advice += fmt::format("- The slow log misses some of these: CONFIG SET slowlog-log-slower-than {}.\n",
                          threshold);
  }
  return text + "\nAdvice:\n\n" + advice;
}

}  // namespace shoal::commands
