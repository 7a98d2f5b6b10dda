// Latency events as text for people: LATENCY GRAPH and LATENCY DOCTOR.
#pragma once

#include <string>

#include "server/config/settings.h"
#include "server/metrics/latency_monitor.h"

namespace shoal::commands {

/// One column for each sample (the newest kGraphColumns), its height the latency between the event's lowest
/// and highest, its age written below it.
std::string latency_graph(const metrics::LatencyEvent& event, std::int64_t now_seconds);
constexpr std::size_t kGraphColumns = 80;

/// What was seen, and what may be done about it.
std::string latency_diagnosis(const metrics::LatencyMonitor& monitor, const config::LatencySettings& settings,
                              std::int64_t now_seconds);

}  // namespace shoal::commands
