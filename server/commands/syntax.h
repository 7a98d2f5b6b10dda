// The syntax of a command, as the manual writes it and rows hold it, read into what COMMAND DOCS calls its
// arguments.
//
//   syntax   = { element }
//   element  = ( word | "[" choice "]" | "<" choice ">" ) { note } [ "..." ]
//   choice   = [ name ":" ] syntax { "|" syntax }
//   word     = a TOKEN in capitals, or the name of an argument
//   note     = "@" ( version | "-" version | type )
//
// A token takes the argument behind it as its value ("EX seconds"), or all of a group that it begins ("[AUTH
// username password]"). "x [x ...]" is one x or more; "[x ...]" none or more. A group or a choice is named
// after its members, unless it has a name of its own ("[condition: NX | XX]"). A note tells since which
// version an argument is there
// ("GET@6.2.0"), or is better not used any more ("ip:port@-2.8.12"), or its type, if its name does not
// ("increment@double").
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
  std::string token;             // the word before it; empty: none
  std::string since;             // a version, if not the command's
  std::string deprecated_since;  // a version; empty: not deprecated
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
