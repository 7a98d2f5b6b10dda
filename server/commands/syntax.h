// The syntax of a command, as the manual writes it and rows hold it, read into what COMMAND DOCS calls its
// arguments.
//
//   syntax   = { element }
//   element  = ( word | "[" choice "]" | "<" choice ">" ) [ "..." ]
//   choice   = syntax { "|" syntax }
//   word     = a TOKEN in capitals, or the name of an argument
//
// A token takes the argument behind it as its value ("EX seconds"). "x [x ...]" is one x or more; "[x ...]"
// none or more.
#pragma once

#include <string>
#include <vector>

#include "storage/base/result.h"
#include "storage/base/units.h"

namespace shoal::commands {

struct Argument {
  /// As COMMAND DOCS names them: kString is "string", kPureToken "pure-token"...
  enum class Type : std::uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock
  };

  std::string name;
  Type type = Type::kString;
  std::string token;  // the word before it; empty: none
  bool is_optional = false;
  bool is_multiple = false;
  bool repeats_token = false;       // multiple, and each time with its token
  std::vector<Argument> arguments;  // of kOneOf and kBlock

  bool operator==(const Argument&) const = default;
};

View argument_type_name(Argument::Type type);

/// Fails when brackets do not match, with the place.
Result<std::vector<Argument>> parse_syntax(View syntax);

}  // namespace shoal::commands
