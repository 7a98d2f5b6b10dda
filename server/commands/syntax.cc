#include "server/commands/syntax.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/base/ascii.h"

namespace shoal::commands {

namespace {

using Type = Argument::Type;
using Arguments = std::vector<Argument>;

bool is_token_word(View word) {
  const bool has_capital = std::any_of(word.begin(), word.end(), is_upper);
  return has_capital && std::none_of(word.begin(), word.end(), is_lower);
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
    while (at_ < text_.size() && View(" []<>|").find(text_[at_]) == View::npos) ++at_;
    return text_.substr(begin, at_ - begin);
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
    if (take("[")) {
      Argument argument = choice("]");
      argument.is_optional = true;
      return argument;
    }
    if (take("<")) return choice(">");
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

  Argument choice(View close) {
    Arguments alternatives;
    do {
      alternatives.push_back(as_one(sequence()));
    } while (failure_.empty() && take("|"));
    if (failure_.empty() && !take(close)) failure_ = fmt::format("no '{}' at {}", close, at_);
    if (alternatives.size() == 1) return std::move(alternatives[0]);
    Argument argument;
    argument.type = Type::kOneOf;
    for (const Argument& alternative : alternatives) {
      argument.name += (argument.name.empty() ? "" : "_") + alternative.name;
    }
    argument.arguments = std::move(alternatives);
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
    Argument block;
    block.type = Type::kBlock;
    for (const Argument& argument : arguments) block.name += (block.name.empty() ? "" : "_") + argument.name;
    // A token that begins a block stands before the whole of it.
    block.arguments = std::move(arguments);
    return block;
  }

  View text_;
  std::size_t at_ = 0;
  std::string failure_;
};

}  // namespace

View argument_type_name(Type type) {
  constexpr View kNames[] = {"string",    "integer",    "double", "key",  "pattern",
                             "unix-time", "pure-token", "oneof",  "block"};
  return kNames[static_cast<std::size_t>(type)];
}

Result<Arguments> parse_syntax(View syntax) {
  return Parser(syntax).parse();
}

}  // namespace shoal::commands
