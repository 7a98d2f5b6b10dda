// Options of persistence: snapshots and the append-only file.
#include <fmt/format.h>

#include "server/config/option.h"
#include "storage/base/numbers.h"

namespace shoal::config {
namespace {

Status assign_save_points(Settings& settings, std::span<const std::string> words, Phase phase) {
  std::vector<SavePoint> points;
  const bool is_none = words.empty() || (words.size() == 1 && words[0].empty());
  if (!is_none && words.size() % 2 != 0) return Failure{"Invalid save parameters"};
  for (std::size_t i = 0; !is_none && i < words.size(); i += 2) {
    const auto seconds = parse_integer(words[i]);
    const auto changes = parse_integer(words[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *changes < 0) return Failure{"Invalid save parameters"};
    points.push_back({*seconds, *changes});
  }
  auto& present = settings.persistence.save_points;
  // Lines of a file add up, and an empty one starts again; CONFIG SET always starts again.
  if (phase == Phase::kRuntime || is_none) present.clear();
  present.insert(present.end(), points.begin(), points.end());
  return success();
}

std::vector<std::string> save_point_lines(const Settings& settings) {
  std::vector<std::string> lines;
  for (const SavePoint& point : settings.persistence.save_points) {
    lines.push_back(fmt::format("{} {}", point.seconds, point.changes));
  }
  if (lines.empty()) lines.emplace_back("\"\"");
  return lines;
}

std::string format_save_points(const Settings& settings) {
  if (settings.persistence.save_points.empty()) return "";
  return fmt::format("{}", fmt::join(save_point_lines(settings), " "));
}

constexpr Place save_points() {
  Place place;
  place.assign = assign_save_points;
  place.format = format_save_points;
  place.lines = save_point_lines;
  return place;
}

Result<std::string> plain_name(View option, View what, const std::string& word) {
  if (word.find('/') == std::string::npos) return word;
  return Failure{fmt::format("{} can't be a path, just a {}", option, what)};
}
Result<std::string> check_dbfilename(std::span<const std::string> words) {
  return plain_name("dbfilename", "filename", words[0]);
}
Result<std::string> check_appendfilename(std::span<const std::string> words) {
  return plain_name("appendfilename", "filename", words[0]);
}
Result<std::string> check_appenddirname(std::span<const std::string> words) {
  return plain_name("appenddirname", "dirname", words[0]);
}

constexpr Standing kNoSave = no_effect("nothing is saved yet; the data is lost when the server ends");
constexpr Standing kNoAof = no_effect("there is no append-only file yet");
constexpr Standing kAofRefused = refused("the append-only file is not there yet, and the data would be lost");

// clang-format off
constexpr Choice kFsyncs[] = {{"everysec", 0}, {"always", 1}, {"no", 2}};
constexpr Choice kSanitize[] = {{"no", 0}, {"yes", 1}, {"clients", 2}};
constexpr Choice kRdbVersionChecks[] = {{"strict", 0}, {"relaxed", 1}};

constexpr Option kSnapshotRows[] = {
  // name                           alias  kind                        traits      standing  place
  {"save",                          "",    kOwn,                       kAnyTime,   kNoSave,  save_points()},
  {"dbfilename",                    "",    text(check_dbfilename),     kProtected, kNoSave,  text_at<&Settings::persistence, &PersistenceSettings::dbfilename>()},
  {"stop-writes-on-bgsave-error",   "",    kYesNo,                     kAnyTime,   kNoSave,  kept("yes")},
  {"rdbcompression",                "",    kYesNo,                     kAnyTime,   kNoSave,  kept("yes")},
  {"rdbchecksum",                   "",    kYesNo,                     kAtStart,   kNoSave,  kept("yes")},
  {"rdb-del-sync-files",            "",    kYesNo,                     kAnyTime,   kNoSave,  kept("no")},
  {"rdb-save-incremental-fsync",    "",    kYesNo,                     kAnyTime,   kNoSave,  kept("yes")},
  {"sanitize-dump-payload",         "",    one_of(kSanitize),          kAnyTime,   kNoSave,  kept("no")},
  {"rdb-version-check",             "",    one_of(kRdbVersionChecks),  kAnyTime,   kNoSave,  kept("strict")},
};

constexpr Option kAppendOnlyRows[] = {
  {"appendonly",                    "",    kYesNo,                     kAnyTime,   kAofRefused, kept("no")},
  {"appendfsync",                   "",    one_of(kFsyncs),            kAnyTime,   kNoAof,      kept("everysec")},
  {"appendfilename",                "",    text(check_appendfilename), kAtStart,   kNoAof,      kept("appendonly.aof")},
  {"appenddirname",                 "",    text(check_appenddirname),  kAtStart,   kNoAof,      kept("appendonlydir")},
  {"no-appendfsync-on-rewrite",     "",    kYesNo,                     kAnyTime,   kNoAof,      kept("no")},
  {"auto-aof-rewrite-percentage",   "",    integer(0, kInt32Max),      kAnyTime,   kNoAof,      kept("100")},
  {"auto-aof-rewrite-min-size",     "",    memory(0, kInt64Max),       kAnyTime,   kNoAof,      kept("67108864")},
  {"aof-load-truncated",            "",    kYesNo,                     kAnyTime,   kNoAof,      kept("yes")},
  {"aof-use-rdb-preamble",          "",    kYesNo,                     kAnyTime,   kNoAof,      kept("yes")},
  {"aof-timestamp-enabled",         "",    kYesNo,                     kAnyTime,   kNoAof,      kept("no")},
  {"aof-disable-auto-gc",           "",    kYesNo,                     kAnyTime,   kNoAof,      kept("no")},
  {"aof-rewrite-incremental-fsync", "",    kYesNo,                     kAnyTime,   kNoAof,      kept("yes")},
};

constexpr OptionGroup kPersistenceGroups[] = {
  {"Snapshots",        kSnapshotRows},
  {"Append-only file", kAppendOnlyRows},
};
// clang-format on

}  // namespace

std::span<const OptionGroup> persistence_option_groups() {
  return kPersistenceGroups;
}

}  // namespace shoal::config
