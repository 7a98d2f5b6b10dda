// Options of the server itself: threads, process, log, latency, security, and what has no subject of its own.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "server/config/option.h"
#include "server/config/option_value.h"
#include "server/config/process_title.h"
#include "storage/base/ascii.h"
#include "storage/base/numbers.h"

namespace shoal::config {
namespace {

// The folder's absolute path. It has to exist: a server that cannot enter it would refuse it anyway, but
// later.
Result<std::string> normalise_dir(std::span<const std::string> words) {
  if (words[0].empty()) return Failure{"No such file or directory"};
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(words[0], error);
  if (error) return Failure{error.message()};
  if (!std::filesystem::is_directory(path, error)) return Failure{"Not a directory"};
  return path.string();
}

Result<std::string> check_title_template(std::span<const std::string> words) {
  if (is_title_template(words[0])) return words[0];
  return Failure{"template format is invalid or contains unknown variables"};
}

// One letter for each class of events. CONFIG GET answers them in this order, and "A" for all that 'A' stands
// for.
constexpr View kEventLetters = "g$lshzxetdnKEm";
constexpr View kEventsOfA = "g$lshzxetd";

Result<std::string> normalise_events(std::span<const std::string> words) {
  const auto is_given = [&](char letter) {
    const bool by_a = kEventsOfA.find(letter) != View::npos && words[0].find('A') != std::string::npos;
    return by_a || words[0].find(letter) != std::string::npos;
  };
  const auto is_known = [](char letter) { return letter == 'A' || kEventLetters.find(letter) != View::npos; };
  if (!std::all_of(words[0].begin(), words[0].end(), is_known)) {
    return Failure{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."};
  }
  const bool is_all = std::all_of(kEventsOfA.begin(), kEventsOfA.end(), is_given);
  std::string text = is_all ? "A" : "";
  for (const char letter : kEventLetters) {
    const bool is_covered = is_all && kEventsOfA.find(letter) != View::npos;
    if (is_given(letter) && !is_covered) text += letter;
  }
  return text;
}

Result<std::string> check_oom_scores(std::span<const std::string> words) {
  constexpr std::int64_t kScoreMax = 2000;
  if (words.size() != 3) return Failure{"wrong number of arguments"};
  for (const std::string& word : words) {
    const auto score = parse_integer(word);
    if (!score || *score < -kScoreMax || *score > kScoreMax) {
      return Failure{"Invalid oom-score-adj-values, elements must be between -2000 and 2000."};
    }
  }
  return fmt::format("{}", fmt::join(words, " "));
}

Result<std::string> check_shutdown(std::span<const std::string> words) {
  const auto has = [&](View wanted) {
    return std::any_of(words.begin(), words.end(),
                       [&](View word) { return equal_ignoring_case(word, wanted); });
  };
  if (has("save") && has("nosave")) {
    return Failure{"shutdown options SAVE and NOSAVE can't be used simultaneously"};
  }
  return std::string();
}

Status assign_percentiles(Settings& settings, std::span<const std::string> words, Phase) {
  std::vector<double> percentiles;
  const bool is_none = words.size() == 1 && words[0].empty();
  for (std::size_t i = 0; !is_none && i < words.size(); ++i) {
    const auto percentile = parse_float(words[i]);
    if (!percentile) return Failure{"Invalid latency-tracking-info-percentiles parameters"};
    if (*percentile < 0 || *percentile > 100) {
      return Failure{"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"};
    }
    percentiles.push_back(static_cast<double>(*percentile));
  }
  settings.latency.tracking_percentiles = std::move(percentiles);
  return success();
}

std::string format_percentiles(const Settings& settings) {
  std::vector<std::string> words;
  for (const double percentile : settings.latency.tracking_percentiles) {
    std::string word = fmt::format("{:.6f}", percentile);
    word.erase(word.find_last_not_of('0') + 1);
    if (word.ends_with('.')) word.pop_back();
    words.push_back(std::move(word));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string> percentile_lines(const Settings& settings) {
  const std::string text = format_percentiles(settings);
  return {text.empty() ? "\"\"" : text};
}

constexpr Place percentiles() {
  Place place;
  place.assign = assign_percentiles;
  place.format = format_percentiles;
  place.lines = percentile_lines;
  return place;
}

Status assign_renamed_command(Settings& settings, std::span<const std::string> words, Phase) {
  if (words.size() != 2) return Failure{"Bad directive or wrong number of arguments"};
  settings.security.renamed_commands.emplace_back(words[0], words[1]);
  return success();
}

// For directives that CONFIG GET and CONFIG REWRITE do not know.
Status assign_nothing(Settings&, std::span<const std::string>, Phase) {
  return success();
}
std::string format_nothing(const Settings&) {
  return "";
}
std::vector<std::string> no_lines(const Settings&) {
  return {};
}

constexpr Place file_only(Status (*assign)(Settings&, std::span<const std::string>, Phase)) {
  Place place;
  place.assign = assign;
  place.format = format_nothing;
  place.lines = no_lines;
  return place;
}

template <class Enum>
constexpr std::uint64_t number_of(Enum value) {
  return static_cast<std::uint64_t>(value);
}

// clang-format off
constexpr Choice kLogLevels[] = {
  {"debug",   number_of(LogLevel::kDebug)},
  {"verbose", number_of(LogLevel::kVerbose)},
  {"notice",  number_of(LogLevel::kNotice)},
  {"warning", number_of(LogLevel::kWarning)},
  {"nothing", number_of(LogLevel::kNothing), false},
};
constexpr Choice kPermissions[] = {
  {"no",    number_of(Permission::kNo)},
  {"yes",   number_of(Permission::kYes)},
  {"local", number_of(Permission::kLocal)},
};
constexpr Choice kShutdowns[]  = {{"default", 0}, {"save", 1}, {"nosave", 2}, {"now", 4}, {"force", 8}};
constexpr Choice kSupervised[] = {{"upstart", 1}, {"systemd", 2}, {"auto", 3}, {"no", 0}};
constexpr Choice kOomModes[]   = {{"no", 0}, {"yes", 1}, {"relative", 1}, {"absolute", 2}};
constexpr Choice kChannels[]   = {{"allchannels", 1}, {"resetchannels", 0}};
constexpr Choice kFacilities[] = {
  {"user", 0},   {"local0", 1}, {"local1", 2}, {"local2", 3}, {"local3", 4},
  {"local4", 5}, {"local5", 6}, {"local6", 7}, {"local7", 8},
};

template <auto Member>
constexpr Place core = number<&Settings::cores, Member>();
template <auto Member>
constexpr Place process = number<&Settings::process, Member>();
template <auto Member>
constexpr Place latency = number<&Settings::latency, Member>();
template <auto Member>
constexpr Place security = number<&Settings::security, Member>();
template <auto Member>
constexpr Place logging = number<&Settings::log, Member>();

using P = ProcessSettings;
using L = LatencySettings;

constexpr Standing kNoScripts = no_effect("there are no scripts yet");
constexpr Standing kNoSyslog  = no_effect("the log goes to standard output or a file");
constexpr Standing kNoCpuList = no_effect("each core's thread is pinned by the server itself");
constexpr Standing kNoWait    = no_effect("nothing is saved yet, so a shutdown is immediate");
constexpr Standing kNoAcl     = no_effect("there are no ACL users yet");
constexpr Standing kNoIoThreads = no_effect("every core does its own reading and writing; see threads");

constexpr Option kCoreRows[] = {
  // name                      alias  kind                             traits     standing  place
  {"threads",                  "",    integer(0, kCoreCountMax),       kAtStart,  honoured("cores to use, a thread each; 0 for all CPUs"),             core<&CoreSettings::threads>},
  {"databases",                "",    integer(1, kDatabasesMax),       kAtStart,  honoured("number of databases"),                                     core<&CoreSettings::databases>},
  {"strict-pipeline-order",    "",    kYesNo,                          kAnyTime,  honoured("commands of one connection never overlap"),                core<&CoreSettings::strict_pipeline_order>},
  {"io-threads",               "",    integer(1, 128),                 kAtStart,  kNoIoThreads, kept("1")},
  {"io-threads-do-reads",      "",    kYesNo,                          kAtStart,  kNoIoThreads, kept("no")},
  {"events-per-io-thread",     "",    integer(0, kInt32Max),           kAnyTime,  kNoIoThreads, kept("2")},
  {"prefetch-batch-max-size",  "",    integer(0, 128),                 kAnyTime,  no_effect("a pipeline is prefetched as a whole"), kept("16")},
  {"server_cpulist",           "",    kText,                           kAtStart,  kNoCpuList, kept("")},
  {"bio_cpulist",              "",    kText,                           kAtStart,  kNoCpuList, kept("")},
  {"aof_rewrite_cpulist",      "",    kText,                           kAtStart,  kNoCpuList, kept("")},
  {"bgsave_cpulist",           "",    kText,                           kAtStart,  kNoCpuList, kept("")},
  {"hz",                       "",    integer(0, kInt32Max).clamped(1, 500), kAnyTime, no_effect("timers run when they are due, not at a frequency"), kept("10")},
  {"dynamic-hz",               "",    kYesNo,                          kAnyTime,  no_effect("timers run when they are due, not at a frequency"), kept("yes")},
  {"active-expire-effort",     "",    integer(1, 10),                  kAnyTime,  no_effect("a timing wheel reclaims every key on time"), kept("1")},
};

constexpr Option kProcessRows[] = {
  {"dir",                      "",    text(normalise_dir),             kProtected, honoured("folder to work in"),                                      text_at<&Settings::process, &P::dir>()},
  {"daemonize",                "",    kYesNo,                          kAtStart,  honoured("run in the background"),                                   process<&P::daemonize>},
  {"pidfile",                  "",    kText,                           kAtStart,  honoured("file to write the process id to"),                         text_at<&Settings::process, &P::pidfile>()},
  {"set-proc-title",           "",    kYesNo,                          kAtStart,  honoured("name the process after what it does"),                     process<&P::set_proc_title>},
  {"proc-title-template",      "",    text(check_title_template),      kAnyTime,  honoured("that name"),                                               text_at<&Settings::process, &P::proc_title_template>()},
  {"supervised",               "",    one_of(kSupervised),             kAtStart,  no_effect("the server does not signal a supervisor; let it run it in the foreground"), kept("no")},
  {"shutdown-timeout",         "",    integer(0, kInt32Max),           kAnyTime,  kNoWait, kept("10")},
  {"shutdown-on-sigint",       "",    some_of(kShutdowns, check_shutdown), kAnyTime, kNoWait, kept("default")},
  {"shutdown-on-sigterm",      "",    some_of(kShutdowns, check_shutdown), kAnyTime, kNoWait, kept("default")},
  {"oom-score-adj",            "",    one_of(kOomModes),               kAnyTime,  no_effect("the kernel's score is left alone"), kept("no")},
  {"oom-score-adj-values",     "",    words(check_oom_scores),         kAnyTime,  no_effect("the kernel's score is left alone"), kept("0 200 800")},
  {"crash-log-enabled",        "",    kYesNo,                          kAnyTime,  no_effect("a crash leaves the kernel's core dump"), kept("yes")},
  {"crash-memcheck-enabled",   "",    kYesNo,                          kAnyTime,  no_effect("a crash leaves the kernel's core dump"), kept("yes")},
  {"ignore-warnings",          "",    kText,                           kAnyTime,  no_effect("none of those warnings stops the server"), kept("")},
};

constexpr Option kLogRows[] = {
  {"loglevel",                 "",    one_of(kLogLevels),              kAnyTime,  honoured("what is logged: from debug (all) to warning, or nothing"), logging<&LogSettings::level>},
  {"logfile",                  "",    kText,                           kAtStart,  honoured("file to log to; empty for standard output"),               text_at<&Settings::log, &LogSettings::file>()},
  {"always-show-logo",         "",    kYesNo,                          kAtStart,  no_effect("there is no logo"), kept("no")},
  {"hide-user-data-from-log",  "",    kYesNo,                          kAnyTime,  no_effect("keys and values are never logged"), kept("no")},
  {"syslog-enabled",           "",    kYesNo,                          kAtStart,  kNoSyslog, kept("no")},
  {"syslog-ident",             "",    kText,                           kAtStart,  kNoSyslog, kept("redis")},
  {"syslog-facility",          "",    one_of(kFacilities),             kAtStart,  kNoSyslog, kept("local0")},
};

constexpr Option kLatencyRows[] = {
  {"slowlog-log-slower-than",  "",    integer(-1, kInt64Max),          kAnyTime,  honoured("microseconds from which SLOWLOG keeps a command; -1 never"), latency<&L::slowlog_slower_than_us>},
  {"slowlog-max-len",          "",    integer(0, kInt64Max),           kAnyTime,  honoured("commands SLOWLOG keeps"),                                  latency<&L::slowlog_entries_max>},
  {"latency-monitor-threshold", "",   integer(0, kInt64Max),           kAnyTime,  honoured("milliseconds from which LATENCY keeps an event; 0 never"), latency<&L::monitor_threshold_ms>},
  {"latency-tracking",         "",    kYesNo,                          kAnyTime,  honoured("count how long each command takes"),                       latency<&L::tracking>},
  {"latency-tracking-info-percentiles", "", kOwn,                      kAnyTime,  honoured("percentiles INFO shows of it"),                            percentiles()},
};

constexpr Option kSecurityRows[] = {
  {"requirepass",              "",    kText,                           kSensitive, honoured("password that AUTH asks for; empty for none"),            text_at<&Settings::security, &SecuritySettings::requirepass>()},
  {"enable-debug-command",     "",    one_of(kPermissions),            kAtStart,  honoured("who may use DEBUG"),                                       security<&SecuritySettings::debug_command>},
  {"enable-protected-configs", "",    one_of(kPermissions),            kAtStart,  honoured("who may set dir and dbfilename at run time"),              security<&SecuritySettings::protected_configs>},
  {"rename-command",           "",    kOwn,                            kAtStart | kHidden, honoured("COMMAND NAME: another name, or none, for a command"), file_only(assign_renamed_command)},
  {"enable-module-command",    "",    one_of(kPermissions),            kAtStart,  no_effect("there are no modules"), kept("no")},
  {"loadmodule",               "",    kOwn,                            kAtStart | kHidden, refused("modules cannot be loaded"), file_only(assign_nothing)},
  {"user",                     "",    kOwn,                            kAtStart | kHidden, refused("there are no ACL users yet, and everybody would be let in"), file_only(assign_nothing)},
  {"aclfile",                  "",    kText,                           kAtStart,  refused("there are no ACL users yet, and everybody would be let in"), kept("")},
  {"acllog-max-len",           "",    integer(0, kInt64Max),           kAnyTime,  kNoAcl, kept("128")},
  {"acl-pubsub-default",       "",    one_of(kChannels),               kAnyTime,  kNoAcl, kept("resetchannels")},
};

constexpr Option kOtherRows[] = {
  {"notify-keyspace-events",   "",    text(normalise_events),          kAnyTime,  no_effect("there are no keyspace notifications yet"), kept("")},
  {"busy-reply-threshold",     "lua-time-limit", integer(0, kInt64Max), kAnyTime, kNoScripts, kept("5000")},
  {"locale-collate",           "",    kText,                           kAnyTime,  no_effect("bytes are compared as bytes"), kept("")},
  {"availability-zone",        "",    kText,                           kAnyTime,  no_effect("clients are not told of zones"), kept("")},
  {"extended-redis-compatibility", "", kYesNo,                         kAnyTime,  no_effect("the server always answers as Redis does"), kept("no")},
};

constexpr OptionGroup kServerGroups[] = {
  {"Cores",    kCoreRows},
  {"Process",  kProcessRows},
  {"Log",      kLogRows},
  {"Latency",  kLatencyRows},
  {"Security", kSecurityRows},
  {"Other",    kOtherRows},
};
// clang-format on

}  // namespace

std::span<const OptionGroup> server_option_groups() {
  return kServerGroups;
}

}  // namespace shoal::config
