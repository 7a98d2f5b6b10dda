#include "server/metrics/latency_monitor.h"

#include <algorithm>

namespace shoal::metrics {

namespace {

// Keeps the samples in order of time, one a second, and the newest kSamples of them.
void insert_sample(std::vector<LatencySample>& samples, LatencySample sample) {
  auto place = samples.end();
  while (place != samples.begin() && std::prev(place)->unix_seconds > sample.unix_seconds) --place;
  if (place != samples.begin() && std::prev(place)->unix_seconds == sample.unix_seconds) {
    std::prev(place)->latency = std::max(std::prev(place)->latency, sample.latency);
    return;
  }
  samples.insert(place, sample);
  if (samples.size() > LatencyMonitor::kSamples) samples.erase(samples.begin());
}

}  // namespace

const LatencyEvent* LatencyMonitor::find(View event) const {
  const auto found =
      std::find_if(events_.begin(), events_.end(), [&](const auto& known) { return known.name == event; });
  return found == events_.end() ? nullptr : &*found;
}

LatencyEvent& LatencyMonitor::find_or_new(View event) {
  for (LatencyEvent& known : events_) {
    if (known.name == event) return known;
  }
  return events_.emplace_back(LatencyEvent{std::string(event), 0, {}});
}

void LatencyMonitor::note(View event, std::int64_t unix_seconds, Micros duration) {
  if (!is_long(duration)) return;
  has_noted_ = true;
  const Millis latency = duration / 1000;
  LatencyEvent& known = find_or_new(event);
  known.worst = std::max(known.worst, latency);
  insert_sample(known.samples, {unix_seconds, latency});
}

void LatencyMonitor::end_turn(std::int64_t unix_seconds, Micros duration) {
  if (!has_noted_) note(kTurn, unix_seconds, duration);
  has_noted_ = false;
}

bool LatencyMonitor::reset(View event) {
  return std::erase_if(events_, [&](const LatencyEvent& known) { return known.name == event; }) != 0;
}

std::size_t LatencyMonitor::reset_all() {
  const std::size_t count = events_.size();
  events_.clear();
  return count;
}

void LatencyMonitor::merge(const LatencyMonitor& other) {
  for (const LatencyEvent& event : other.events_) {
    LatencyEvent& known = find_or_new(event.name);
    known.worst = std::max(known.worst, event.worst);
    for (const LatencySample& sample : event.samples) insert_sample(known.samples, sample);
  }
}

}  // namespace shoal::metrics
