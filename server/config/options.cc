#include "server/config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "server/config/option.h"
#include "server/config/option_value.h"
#include "storage/base/ascii.h"
#include "storage/base/glob.h"

namespace shoal::config {
namespace {

bool is_own(const Option& option) {
  return option.kind.shape == Kind::Shape::kOwn;
}

bool takes_one_word(const Option& option) {
  using Shape = Kind::Shape;
  const Shape shape = option.kind.shape;
  return shape != Shape::kChoices && shape != Shape::kAddresses && shape != Shape::kWords &&
         shape != Shape::kOwn;
}

// A quoted value of several words is those words: --save "900 1 300 10", and every value of CONFIG SET. The
// hidden directives take their words as they are.
std::vector<std::string> words_of(const Option& option, std::span<const std::string> given) {
  const bool is_split = !takes_one_word(option) && (option.traits & kHidden) == 0 && given.size() == 1;
  if (is_split) return split_at_spaces(given[0]);
  return {given.begin(), given.end()};
}

void store(const Option& option, Settings& settings, Value value) {
  const Place& place = option.place;
  if (place.set_number != nullptr) {
    place.set_number(settings, value.number);
  } else if (place.text != nullptr) {
    place.text(settings) = std::move(value.text);
  } else if (place.list != nullptr) {
    place.list(settings) = std::move(value.words);
  } else {
    settings.kept[std::string(option.name)] = format_value(option.kind, value);
  }
}

std::optional<Value> load(const Option& option, const Settings& settings) {
  const Place& place = option.place;
  if (place.number != nullptr) return Value{place.number(settings)};
  // The accessors give a reference to change; nothing is changed through it here.
  auto& readable = const_cast<Settings&>(settings);
  if (place.text != nullptr) return Value{0, place.text(readable)};
  if (place.list != nullptr) return Value{0, {}, place.list(readable)};
  return std::nullopt;
}

std::string default_of(const Option& option) {
  return format_value(option, Settings{});
}

void warn_if_idle(const Option& option, View text, Warnings& warnings) {
  if (option.standing.of != Standing::Of::kNoEffect || text == default_of(option)) return;
  warnings.push_back(fmt::format("{} is accepted but has no effect: {}", option.name, option.standing.why));
}

Status set_option(const Option& option, Settings& settings, std::span<const std::string> given, Phase phase,
                  Warnings& warnings) {
  const std::vector<std::string> words = words_of(option, given);
  if (is_own(option)) {
    if (option.standing.of == Standing::Of::kRefused) return Failure{std::string(option.standing.why)};
    if (auto done = option.place.assign(settings, words, phase); !done) return done;
    warn_if_idle(option, format_value(option, settings), warnings);
    return success();
  }
  auto value = parse_value(option.kind, words);
  if (!value) return value.failure();
  const std::string text = format_value(option.kind, value.value());
  if (option.standing.of == Standing::Of::kRefused && text != default_of(option)) {
    return Failure{std::string(option.standing.why)};
  }
  store(option, settings, std::move(value).value());
  warn_if_idle(option, text, warnings);
  return success();
}

bool may_set_protected(const Settings& settings, Caller caller) {
  switch (settings.security.protected_configs) {
    case Permission::kYes: return true;
    case Permission::kLocal: return caller == Caller::kLocal;
    case Permission::kNo: return false;
  }
  return false;
}

// Why the assignment cannot even be tried; success if it can.
Status admit(const Settings& current, std::span<const Assignment> assignments, std::size_t index,
             Caller caller) {
  const View name = assignments[index].name;
  const Option* option = find_option(name);
  if (option == nullptr || (option->traits & kHidden) != 0) {
    // Up to the first zero byte, as in every error of Redis that shows a word of the client's.
    const View shown = name.substr(0, name.find('\0'));
    return Failure{fmt::format("Unknown option or number of arguments for CONFIG SET - '{}'", shown)};
  }
  if ((option->traits & kAtStart) != 0)
    return Failure{config_set_failure(name, "can't set immutable config")};
  if ((option->traits & kProtected) != 0 && !may_set_protected(current, caller)) {
    return Failure{config_set_failure(name, "can't set protected config")};
  }
  for (const Assignment& earlier : assignments.first(index)) {
    if (equal_ignoring_case(earlier.name, name))
      return Failure{config_set_failure(name, "duplicate parameter")};
  }
  return success();
}

bool is_exact(View pattern) {
  return pattern.find_first_of("*?[") == View::npos;
}

// The name under which the answer to `patterns` lists `name`, if it does.
std::optional<View> listed_as(View name, std::span<const View> patterns) {
  if (name.empty()) return std::nullopt;
  for (const View pattern : patterns) {
    if (is_exact(pattern)) {
      if (equal_ignoring_case(pattern, name)) return pattern;
    } else if (glob_match(pattern, name, Case::kInsensitive)) {
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<OptionGroup> option_groups() {
  std::vector<OptionGroup> all;
  for (const auto groups : {server_option_groups(), network_option_groups(), memory_option_groups(),
                            persistence_option_groups(), replication_option_groups()}) {
    all.insert(all.end(), groups.begin(), groups.end());
  }
  return all;
}

const Option* find_option(View name) {
  if (name.empty()) return nullptr;
  for (const OptionGroup& group : option_groups()) {
    for (const Option& option : group.rows) {
      if (equal_ignoring_case(option.name, name) || equal_ignoring_case(option.alias, name)) return &option;
    }
  }
  return nullptr;
}

std::string format_value(const Option& option, const Settings& settings) {
  if (is_own(option)) return option.place.format(settings);
  if (const auto value = load(option, settings)) return format_value(option.kind, *value);
  const auto found = settings.kept.find(option.name);
  return found != settings.kept.end() ? found->second : std::string(option.place.kept_default);
}

std::vector<std::string> file_lines(const Option& option, const Settings& settings) {
  if (is_own(option)) return option.place.lines(settings);
  const std::string text = format_value(option, settings);
  if (option.kind.shape == Kind::Shape::kMemory) {
    const auto bytes = parse_memory(text);
    CHECK(bytes.has_value());
    return {format_memory(*bytes)};
  }
  if (takes_one_word(option)) return {quote_if_needed(text)};
  std::vector<std::string> words = split_at_spaces(text);
  if (words.empty()) return {"\"\""};
  for (std::string& word : words) word = quote_if_needed(word);
  return {fmt::format("{}", fmt::join(words, " "))};
}

Status set(Settings& settings, View name, std::span<const std::string> words, Phase phase,
           Warnings& warnings) {
  const Option* option = find_option(name);
  if (option == nullptr) return Failure{"Bad directive or wrong number of arguments"};
  return set_option(*option, settings, words, phase, warnings);
}

Result<Settings> config_set(const Settings& current, std::span<const Assignment> assignments, Caller caller,
                            Warnings& warnings) {
  for (std::size_t i = 0; i < assignments.size(); ++i) {
    if (auto admitted = admit(current, assignments, i, caller); !admitted) return admitted.failure();
  }
  Settings changed = current;
  Warnings new_warnings;
  for (const Assignment& assignment : assignments) {
    const std::string value(assignment.value);
    const Option* option = find_option(assignment.name);
    if (auto done = set_option(*option, changed, {&value, 1}, Phase::kRuntime, new_warnings); !done) {
      return Failure{config_set_failure(option->name, done.message())};
    }
  }
  warnings.insert(warnings.end(), new_warnings.begin(), new_warnings.end());
  return changed;
}

std::string config_set_failure(View name, View why) {
  return fmt::format("CONFIG SET failed (possibly related to argument '{}') - {}", name, why);
}

std::vector<std::pair<std::string, std::string>> config_get(const Settings& settings,
                                                            std::span<const View> patterns) {
  std::vector<std::pair<std::string, std::string>> answer;
  for (const OptionGroup& group : option_groups()) {
    for (const Option& option : group.rows) {
      if ((option.traits & kHidden) != 0) continue;
      for (const View name : {option.name, option.alias}) {
        if (const auto shown = listed_as(name, patterns))
          answer.emplace_back(*shown, format_value(option, settings));
      }
    }
  }
  return answer;
}

std::string value_of(const Settings& settings, View name) {
  const Option* option = find_option(name);
  return option == nullptr ? "" : format_value(*option, settings);
}

bool is_sensitive(View name) {
  const Option* option = find_option(name);
  return option != nullptr && (option->traits & kSensitive) != 0;
}

}  // namespace shoal::config
