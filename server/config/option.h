// One row of the table of options: what its name is, which values it takes, when it may change, what becomes
// of it, and where in Settings it lives. The rows stand in options_SUBJECT.cc; a new option is one row there
// and, if it has an effect, one member in settings.h.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "server/config/options.h"
#include "server/config/settings.h"
#include "storage/base/result.h"
#include "storage/base/units.h"

namespace shoal::config {

constexpr std::int64_t kUint32Max = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kUint64Max = std::numeric_limits<std::uint64_t>::max();

/// One of the words an option takes. Unlisted words are accepted, but errors do not offer them.
struct Choice {
  View word;
  std::uint64_t value;
  bool listed = true;
};

/// Words in, the one text that stands for them out (as CONFIG GET shows it), or what is wrong with them.
using Normalise = Result<std::string> (*)(std::span<const std::string> words);

/// Which values an option takes, and how they are written.
struct Kind {
  enum class Shape : std::uint8_t {
    kYesNo,
    kInteger,
    kOctal,
    kMemory,           // 100, 64mb, 1gb...
    kMemoryOrPercent,  // A percentage is stored as a negative number.
    kChoice,           // One word of a few.
    kChoices,          // Several of them, a mask.
    kText,             // One word, any, or whatever `normalise` lets through.
    kAddresses,        // Up to `max` network addresses.
    kWords,            // A few words that `normalise` turns into one text.
    kOwn,              // As the place's functions say.
  };
  Shape shape;
  std::int64_t min = 0;
  std::uint64_t max = 0;
  std::span<const Choice> choices = {};
  Normalise normalise = nullptr;
  // Values beyond these are accepted and moved to them, as Redis does for a few options.
  std::uint64_t clamp_min = 0;
  std::uint64_t clamp_max = kUint64Max;

  constexpr Kind clamped(std::uint64_t low, std::uint64_t high) const {
    Kind kind = *this;
    kind.clamp_min = low;
    kind.clamp_max = high;
    return kind;
  }
};

constexpr Kind kYesNo = {Kind::Shape::kYesNo};
constexpr Kind kText = {Kind::Shape::kText};
constexpr Kind kOwn = {Kind::Shape::kOwn};
constexpr Kind integer(std::int64_t min, std::uint64_t max) {
  return {Kind::Shape::kInteger, min, max};
}
constexpr Kind octal(std::uint64_t max) {
  return {Kind::Shape::kOctal, 0, max};
}
constexpr Kind memory(std::int64_t min, std::uint64_t max) {
  return {Kind::Shape::kMemory, min, max};
}
constexpr Kind memory_or_percent() {
  return {Kind::Shape::kMemoryOrPercent, 0, kUint64Max};
}
constexpr Kind one_of(std::span<const Choice> choices) {
  return {Kind::Shape::kChoice, 0, 0, choices};
}
constexpr Kind some_of(std::span<const Choice> choices, Normalise check) {
  return {Kind::Shape::kChoices, 0, 0, choices, check};
}
constexpr Kind text(Normalise normalise) {
  return {Kind::Shape::kText, 0, 0, {}, normalise};
}
constexpr Kind addresses(std::uint64_t max) {
  return {Kind::Shape::kAddresses, 0, max};
}
constexpr Kind words(Normalise normalise) {
  return {Kind::Shape::kWords, 0, 0, {}, normalise};
}

/// When an option may change, and how it is to be treated. Bits.
using Traits = std::uint8_t;
constexpr Traits kAnyTime = 0;
constexpr Traits kAtStart = 1;    // Not by CONFIG SET.
constexpr Traits kProtected = 2;  // By CONFIG SET only as enable-protected-configs says.
constexpr Traits kSensitive = 4;  // Never to be logged.
constexpr Traits kHidden = 8;     // A directive of the file only: not in CONFIG GET, SET and REWRITE.

/// What becomes of an option, with a sentence: what it does, or why it does nothing, or why it is refused.
struct Standing {
  enum class Of : std::uint8_t { kHonoured, kNoEffect, kRefused };
  Of of;
  View why;
};
constexpr Standing honoured(View what) {
  return {Standing::Of::kHonoured, what};
}
/// Any valid value is accepted and shown; one that differs from the default is warned of.
constexpr Standing no_effect(View why) {
  return {Standing::Of::kNoEffect, why};
}
/// Only the default is accepted.
constexpr Standing refused(View why) {
  return {Standing::Of::kRefused, why};
}

/// Where a value lives. Numbers of every type travel as 64 bits; signed ones by two's complement.
struct Place {
  std::uint64_t (*number)(const Settings&) = nullptr;
  void (*set_number)(Settings&, std::uint64_t) = nullptr;
  std::string& (*text)(Settings&) = nullptr;
  std::vector<std::string>& (*list)(Settings&) = nullptr;

  // For kOwn. `assign` changes nothing when it fails. `lines` gives what follows the name in a file, line by
  // line.
  Status (*assign)(Settings&, std::span<const std::string> words, Phase) = nullptr;
  std::string (*format)(const Settings&) = nullptr;
  std::vector<std::string> (*lines)(const Settings&) = nullptr;

  View kept_default;  // With none of the above: in Settings::kept; this is what CONFIG GET answers at first.
};
constexpr Place kept(View default_text) {
  Place place;
  place.kept_default = default_text;
  return place;
}
/// Place of a number, yes-or-no or enum: number<&Settings::network, &NetworkSettings::port>.
template <auto Group, auto Member>
constexpr Place number() {
  Place place;
  place.number = [](const Settings& s) { return static_cast<std::uint64_t>(s.*Group.*Member); };
  place.set_number = [](Settings& s, std::uint64_t value) {
    auto& member = s.*Group.*Member;
    member = static_cast<std::remove_reference_t<decltype(member)>>(value);
  };
  return place;
}
template <auto Group, auto Member>
constexpr Place text_at() {
  Place place;
  place.text = [](Settings& s) -> std::string& { return s.*Group.*Member; };
  return place;
}
template <auto Group, auto Member>
constexpr Place list_at() {
  Place place;
  place.list = [](Settings& s) -> std::vector<std::string>& { return s.*Group.*Member; };
  return place;
}

struct Option {
  View name;
  View alias;  // The older name, or empty.
  Kind kind;
  Traits traits;
  Standing standing;
  Place place;
};

/// A subject: its rows stand together in the page of --help and in one file.
struct OptionGroup {
  View title;
  std::span<const Option> rows;
};

std::span<const OptionGroup> network_option_groups();
std::span<const OptionGroup> memory_option_groups();
std::span<const OptionGroup> persistence_option_groups();
std::span<const OptionGroup> replication_option_groups();
std::span<const OptionGroup> server_option_groups();

/// All subjects, in the order of the page of --help.
std::vector<OptionGroup> option_groups();

/// The row with that name or alias, in any case; nullptr if there is none.
const Option* find_option(View name);

/// The value as CONFIG GET answers it.
std::string format_value(const Option& option, const Settings& settings);

/// The value as a file holds it: what follows the name on each line (none: the option needs no line).
std::vector<std::string> file_lines(const Option& option, const Settings& settings);

}  // namespace shoal::config
