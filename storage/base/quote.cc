#include "storage/base/quote.h"

#include <array>
#include <utility>

namespace shoal {
namespace {

struct NamedEscape {
  char byte;
  char name;
};
constexpr std::array<NamedEscape, 5> kNamedEscapes = {{
    {'\n', 'n'},
    {'\r', 'r'},
    {'\t', 't'},
    {'\a', 'a'},
    {'\b', 'b'},
}};

bool is_space(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '\0';
}

/// What ends an argument outside quotes: Redis passes over a vertical tab or a form feed between arguments,
/// but keeps it within one.
bool is_separator(char byte) {
  return is_space(byte) && byte != '\v' && byte != '\f';
}

/// The value of a hexadecimal digit, or -1.
int hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

void append_quoted(char byte, std::string& out) {
  constexpr View kDigits = "0123456789abcdef";
  for (const auto& [plain, name] : kNamedEscapes) {
    if (byte == plain) {
      out.append({'\\', name});
      return;
    }
  }
  const auto value = static_cast<unsigned char>(byte);
  if (byte == '"' || byte == '\\') {
    out.append({'\\', byte});
  } else if (value >= 0x20 && value <= 0x7E) {
    out.push_back(byte);
  } else {
    out.append({'\\', 'x', kDigits[value >> 4], kDigits[value & 15]});
  }
}

/// Walks over one line; each read_ function takes what it reads off the front.
class Splitter {
 public:
  explicit Splitter(View line) : rest_(line) {}

  bool skip_spaces() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    return !rest_.empty();
  }

  /// Appends one argument to `out`; false if it is malformed.
  bool read_argument(std::string& out) {
    while (!rest_.empty() && !is_separator(rest_.front())) {
      const char byte = take();
      if (byte == '"' || byte == '\'') {
        return read_quoted(byte, out) && (rest_.empty() || is_space(rest_.front()));
      }
      out.push_back(byte);
    }
    return true;
  }

 private:
  char take() {
    const char byte = rest_.front();
    rest_.remove_prefix(1);
    return byte;
  }

  bool read_quoted(char closing, std::string& out) {
    while (!rest_.empty()) {
      const char byte = take();
      if (byte == closing) return true;
      if (byte == '\\' && !rest_.empty() && closing == '"') {
        out.push_back(read_escape());
      } else if (byte == '\\' && !rest_.empty() && rest_.front() == '\'') {
        out.push_back(take());
      } else {
        out.push_back(byte);
      }
    }
    return false;
  }

  /// What stands after the backslash.
  char read_escape() {
    if (rest_.size() >= 3 && rest_[0] == 'x' && hex_digit(rest_[1]) >= 0 && hex_digit(rest_[2]) >= 0) {
      const int value = hex_digit(rest_[1]) * 16 + hex_digit(rest_[2]);
      rest_.remove_prefix(3);
      return static_cast<char>(value);
    }
    const char name = take();
    for (const auto& escape : kNamedEscapes) {
      if (escape.name == name) return escape.byte;
    }
    return name;
  }

  View rest_;
};

}  // namespace

std::string quote(View bytes) {
  std::string out;
  out.reserve(bytes.size() + 2);
  out.push_back('"');
  for (const char byte : bytes) append_quoted(byte, out);
  out.push_back('"');
  return out;
}

std::optional<std::vector<std::string>> split_arguments(View line) {
  std::vector<std::string> arguments;
  Splitter splitter(line);
  while (splitter.skip_spaces()) {
    std::string argument;
    if (!splitter.read_argument(argument)) return std::nullopt;
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace shoal
