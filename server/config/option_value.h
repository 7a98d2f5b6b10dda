// Values of options as text: parsing words by an option's kind, and formatting them back.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/config/option.h"
#include "storage/base/result.h"
#include "storage/base/units.h"

namespace shoal::config {

/// A value of one kind: of the three members, the one that the kind's shape uses.
struct Value {
  std::uint64_t number = 0;             // Numbers, masks, yes-or-no, choices.
  std::string text = {};                // kText and kWords.
  std::vector<std::string> words = {};  // kAddresses.
};

/// The value `words` stand for, or what is wrong with them, in Redis' words. Not for kOwn.
Result<Value> parse_value(const Kind& kind, std::span<const std::string> words);

/// The value as CONFIG GET shows it.
std::string format_value(const Kind& kind, const Value& value);

/// 100, 1k (1000), 1kb (1024), and so on to gb, in any case; the empty text is 0. Above 64 bits: the largest
/// number.
std::optional<std::uint64_t> parse_memory(View text);

/// The shortest text that parse_memory() reads as `bytes`: "64mb".
std::string format_memory(std::uint64_t bytes);

/// `text` cut at each single space, as CONFIG SET cuts the value of an option that takes several words. Empty
/// text: no words.
std::vector<std::string> split_at_spaces(View text);

/// `word` as a configuration file needs it: in quotes if it would not be read back as one word without.
std::string quote_if_needed(View word);

}  // namespace shoal::config
