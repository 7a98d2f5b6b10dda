#include "server/commands/info_figures.h"

#include <algorithm>

namespace shoal::commands {

using namespace dispatch;

namespace {

void collect_clients(CoreServices& core, InfoFigures& figures) {
  core.for_each_client([&figures](ClientHandle& client) {
    ++figures.clients;
    figures.monitors += client.session().is_monitor;
    figures.blocked += client.session().is_held_back;
    const ClientMemory memory = client.memory();
    figures.client_bytes += memory.total;
    figures.largest_input_bytes = std::max<std::uint64_t>(figures.largest_input_bytes, memory.input);
    figures.largest_output_bytes = std::max<std::uint64_t>(figures.largest_output_bytes, memory.output);
  });
}

void add(InfoFigures& all, const InfoFigures& core) {
  const auto rows = metrics::counter_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool is_sum = rows[i].combine == metrics::Combine::kSum;
    all.counters[i] =
        is_sum ? all.counters[i] + core.counters[i] : std::max(all.counters[i], core.counters[i]);
  }
  all.statistics.merge(core.statistics);
  all.commands_per_second += core.commands_per_second;
  all.input_bytes_per_second += core.input_bytes_per_second;
  all.output_bytes_per_second += core.output_bytes_per_second;
  all.clients += core.clients;
  all.monitors += core.monitors;
  all.blocked += core.blocked;
  all.client_bytes += core.client_bytes;
  all.largest_input_bytes = std::max(all.largest_input_bytes, core.largest_input_bytes);
  all.largest_output_bytes = std::max(all.largest_output_bytes, core.largest_output_bytes);
  for (std::size_t i = 0; i < all.databases.size(); ++i) all.databases[i].add(core.databases[i]);
}

}  // namespace

InfoFigures collect_info(CoreServices& core) {
  InfoFigures figures{.counters = {}, .statistics = core.statistics(), .databases = {}};
  const metrics::Counters& counters = core.counters();
  for (const metrics::CounterRow& row : metrics::counter_rows()) {
    figures.counters.push_back((counters.*row.field).value());
  }
  const Micros now = core.now_fresh();
  figures.commands_per_second =
      counters.commands_rate.per_second(now, counters.total_commands_processed.value());
  figures.input_bytes_per_second =
      counters.input_rate.per_second(now, counters.total_net_input_bytes.value());
  figures.output_bytes_per_second =
      counters.output_rate.per_second(now, counters.total_net_output_bytes.value());
  collect_clients(core, figures);
  figures.databases = core.count_keys();
  return figures;
}

InfoFigures sum_info(const Answers<InfoFigures>& answers) {
  InfoFigures all = *answers[0];
  for (std::size_t i = 1; i < answers.size(); ++i) add(all, *answers[i]);
  return all;
}

}  // namespace shoal::commands
