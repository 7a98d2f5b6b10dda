#include "server/commands/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "storage/base/ascii.h"

namespace shoal::commands {

namespace {

using Type = Argument::Type;
using Arguments = std::vector<Argument>;

bool is_token_word(View word) {
  const bool has_capital = std::any_of(word.begin(), word.end(), is_upper);
  return has_capital && std::none_of(word.begin(), word.end(), is_lower);
}

// In the order of Argument::Type.
constexpr View kTypeNames[] = {"string",    "integer",    "double", "key",  "pattern",
                               "unix-time", "pure-token", "oneof",  "block"};

std::optional<Type> type_named(View name) {
  const auto found = std::find(std::begin(kTypeNames), std::end(kTypeNames), name);
  if (found == std::end(kTypeNames)) return std::nullopt;
  return static_cast<Type>(found - std::begin(kTypeNames));
}

// Names of arguments whose type is not a string. A name that ends in a digit has the type of the name without
// it.
struct TypeRow {
  View name;
  Type type;
};
constexpr TypeRow kTypes[] = {
    {"key", Type::kKey},
    {"newkey", Type::kKey},
    {"source", Type::kKey},
    {"destination", Type::kKey},
    {"destkey", Type::kKey},
    {"pattern", Type::kPattern},
    {"unix-time-seconds", Type::kUnixTime},
    {"unix-time-milliseconds", Type::kUnixTime},
    {"seconds", Type::kInteger},
    {"milliseconds", Type::kInteger},
    {"timeout", Type::kInteger},
    {"count", Type::kInteger},
    {"increment", Type::kInteger},
    {"decrement", Type::kInteger},
    {"offset", Type::kInteger},
    {"start", Type::kInteger},
    {"end", Type::kInteger},
    {"stop", Type::kInteger},
    {"index", Type::kInteger},
    {"db", Type::kInteger},
    {"destination-db", Type::kInteger},
    {"cursor", Type::kInteger},
    {"len", Type::kInteger},
    {"min-match-len", Type::kInteger},
    {"protover", Type::kInteger},
    {"client-id", Type::kInteger},
    {"version", Type::kInteger},
    {"float-increment", Type::kDouble},
    {"score", Type::kDouble},
};

Type type_of_name(View name) {
  if (!name.empty() && name.back() >= '0' && name.back() <= '9') name.remove_suffix(1);
  for (const TypeRow& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return Type::kString;
}

class Parser {
 public:
  explicit Parser(View text) : text_(text) {}

  Result<Arguments> parse() {
    Arguments arguments = sequence();
    skip_spaces();
    if (!failure_.empty()) return Failure{failure_};
    if (at_ != text_.size()) return Failure{fmt::format("unexpected '{}' at {}", text_[at_], at_)};
    return arguments;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool next_is(View what) {
    skip_spaces();
    return text_.substr(at_, what.size()) == what;
  }
  bool take(View what) {
    if (!next_is(what)) return false;
    at_ += what.size();
    return true;
  }
  View take_word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && View(" []<>|@").find(text_[at_]) == View::npos) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // The name of a group, with the colon behind it; empty, and nothing taken, when there is none.
  View take_group_name() {
    skip_spaces();
    const std::size_t begin = at_;
    const View word = take_word();
    if (word.size() > 1 && word.ends_with(':')) return word.substr(0, word.size() - 1);
    at_ = begin;
    return {};
  }
  bool at_end_of_sequence() {
    skip_spaces();
    return at_ == text_.size() || View("]>|").find(text_[at_]) != View::npos;
  }

  Arguments sequence() {
    Arguments arguments;
    while (failure_.empty() && !at_end_of_sequence()) {
      if (next_is("...")) {
        at_ += 3;
        mark_repeated(arguments);
        continue;
      }
      append(arguments, element());
    }
    return arguments;
  }

  // A token takes the first argument behind it. "x [x ...]" is x, many times.
  void append(Arguments& arguments, Argument next) {
    if (!arguments.empty()) {
      Argument& last = arguments.back();
      const bool wants_value =
          last.type == Type::kPureToken && !last.is_optional && last.arguments.empty() && !next.is_optional;
      if (wants_value && next.token.empty() && next.type != Type::kPureToken) {
        next.token = last.token;
        last = std::move(next);
        return;
      }
    }
    if (next.is_optional && next.is_multiple && absorb_repetition(arguments, next)) return;
    arguments.push_back(std::move(next));
  }

  // `next` is "[a b ...]": when the arguments end in "a b", they become one block that repeats.
  static bool absorb_repetition(Arguments& arguments, const Argument& next) {
    Arguments repeated = next.type == Type::kBlock ? next.arguments : Arguments{next};
    if (next.type != Type::kBlock) repeated[0].is_optional = repeated[0].is_multiple = false;
    if (arguments.size() < repeated.size()) return false;
    const auto begin = arguments.end() - static_cast<std::ptrdiff_t>(repeated.size());
    // Also "TOKEN x [x ...]".
    Argument first = *begin;
    const std::string token = std::exchange(first.token, {});
    const bool same_first = *begin == repeated[0] || first == repeated[0];
    if (!same_first || !std::equal(begin + 1, arguments.end(), repeated.begin() + 1)) return false;
    Argument block = as_one(Arguments(begin, arguments.end()));
    block.is_multiple = true;
    block.repeats_token = !token.empty() && *begin == repeated[0];
    arguments.erase(begin, arguments.end());
    arguments.push_back(std::move(block));
    return true;
  }

  Argument element() {
    Argument argument;
    if (take("[")) {
      argument = choice("]");
      argument.is_optional = true;
    } else if (take("<")) {
      argument = choice(">");
    } else {
      argument = word();
    }
    while (failure_.empty() && at_ < text_.size() && text_[at_] == '@') {
      ++at_;
      apply_note(argument, take_word());
    }
    return argument;
  }

  Argument word() {
    const View word = take_word();
    Argument argument;
    if (word.empty()) {
      failure_ = fmt::format("unexpected '{}' at {}", text_[at_], at_);
    } else if (is_token_word(word)) {
      argument.type = Type::kPureToken;
      argument.name = lower_case(word);
      argument.token = word;
    } else {
      argument.name = word;
      argument.type = type_of_name(word);
    }
    return argument;
  }

  void apply_note(Argument& argument, View note) {
    const auto is_version = [](View text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; };
    if (is_version(note)) {
      argument.since = note;
    } else if (note.starts_with('-') && is_version(note.substr(1))) {
      argument.deprecated_since = note.substr(1);
    } else if (const auto type = type_named(note)) {
      argument.type = *type;
    } else {
      failure_ = fmt::format("no version and no type: '{}' at {}", note, at_);
    }
  }

  Argument choice(View close) {
    const View name = take_group_name();
    std::vector<Arguments> alternatives;
    do {
      alternatives.push_back(sequence());
    } while (failure_.empty() && take("|"));
    if (failure_.empty() && !take(close)) failure_ = fmt::format("no '{}' at {}", close, at_);
    if (alternatives.size() == 1) {
      return name.empty() ? as_one(std::move(alternatives[0])) : as_block(std::move(alternatives[0]), name);
    }
    Argument argument;
    argument.type = Type::kOneOf;
    for (Arguments& alternative : alternatives) argument.arguments.push_back(as_one(std::move(alternative)));
    argument.name = name.empty() ? joined_names(argument.arguments) : std::string(name);
    return argument;
  }

  // "..." repeats everything before it within its brackets.
  static void mark_repeated(Arguments& arguments) {
    if (arguments.empty()) return;
    Argument one = as_one(std::move(arguments));
    one.is_multiple = true;
    arguments.clear();
    arguments.push_back(std::move(one));
  }

  static Argument as_one(Arguments arguments) {
    if (arguments.size() == 1) return std::move(arguments[0]);
    return as_block(std::move(arguments), {});
  }

  static Argument as_block(Arguments arguments, View name) {
    Argument block;
    block.type = Type::kBlock;
    block.name = name.empty() ? joined_names(arguments) : std::string(name);
    // A token that begins a block stands before the whole of it, unless the first argument may stand alone.
    const bool needs_all = std::none_of(arguments.begin(), arguments.end(),
                                        [](const Argument& argument) { return argument.is_optional; });
    if (needs_all && !arguments.empty() && arguments[0].type != Type::kPureToken)
      block.token = std::exchange(arguments[0].token, {});
    block.arguments = std::move(arguments);
    return block;
  }

  static std::string joined_names(const Arguments& arguments) {
    std::string name;
    for (const Argument& argument : arguments) name += (name.empty() ? "" : "_") + argument.name;
    return name;
  }

  View text_;
  std::size_t at_ = 0;
  std::string failure_;
};

}  // namespace

View argument_type_name(Type type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

Result<Arguments> parse_syntax(View syntax) {
  return Parser(syntax).parse();
}

}  // namespace shoal::commands
