#include "server/config/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "server/config/config_file.h"
#include "server/config/option.h"
#include "storage/base/ascii.h"
#include "storage/base/quote.h"

namespace shoal::config {
namespace {

constexpr std::size_t kHelpColumns = 110;

/// --name value ...
struct Directive {
  std::string name;
  std::vector<std::string> values;
};

/// The words of the command line: those that CLI11 reads, and the directives, which may take any words, even
/// such as -1 and -::*, which CLI11 would read as options.
struct Words {
  std::vector<std::string> plain;
  std::vector<Directive> directives;
  bool reads_stdin = false;
};

bool is_own_flag(View word) {
  return word == "--help" || word == "--version" || word == "--check-config";
}

Words sort_words(std::span<const std::string> args) {
  Words words;
  if (!args.empty() && args.back() == "-") {
    words.reads_stdin = true;
    args = args.first(args.size() - 1);
  }
  bool in_directive = false;
  for (const std::string& word : args) {
    if (is_own_flag(word)) {
      in_directive = false;
      words.plain.push_back(word);
    } else if (word.starts_with("--") && word.size() > 2) {
      in_directive = true;
      const std::size_t equals = word.find('=');
      words.directives.push_back({word.substr(2, equals == std::string::npos ? equals : equals - 2), {}});
      if (equals != std::string::npos) words.directives.back().values.push_back(word.substr(equals + 1));
    } else if (in_directive) {
      words.directives.back().values.push_back(word);
    } else {
      words.plain.push_back(word);
    }
  }
  return words;
}

Failure fatal(View why) {
  return {fmt::format("\n*** FATAL CONFIG FILE ERROR (Shoal {}) ***\n{}", SHOAL_VERSION, why)};
}

// A directive as a line of a configuration file, so that `include` works here too.
std::string as_line(const Directive& directive) {
  std::string line = directive.name;
  for (const std::string& value : directive.values) line += " " + quote(value);
  return line;
}

Status apply_directive(Settings& settings, const Directive& directive, Warnings& warnings) {
  if (equal_ignoring_case(directive.name, "include")) {
    return apply_text(settings, as_line(directive), "(command line)", warnings);
  }
  auto done = set(settings, directive.name, directive.values, Phase::kStartup, warnings);
  if (done) return done;
  return Failure{fmt::format("Reading the command line\n>>> '{}'\n{}", as_line(directive), done.message())};
}

Status load(Settings& settings, const std::string& file, const Words& words, Warnings& warnings) {
  if (!file.empty()) {
    if (auto done = apply_file(settings, file, warnings); !done) return done;
  }
  if (words.reads_stdin) {
    if (auto done = apply_file(settings, "-", warnings); !done) return done;
  }
  for (const Directive& directive : words.directives) {
    if (auto done = apply_directive(settings, directive, warnings); !done) return done;
  }
  if (settings.process.dir.empty()) {
    std::error_code ignored;
    settings.process.dir = std::filesystem::current_path(ignored).string();
  }
  return success();
}

std::string values_of(const Option& option) {
  using Shape = Kind::Shape;
  const Kind& kind = option.kind;
  switch (kind.shape) {
    case Shape::kYesNo: return "yes|no";
    case Shape::kInteger: {
      const bool has_top = kind.max < static_cast<std::uint64_t>(kInt32Max);
      return has_top ? fmt::format("{}..{}", kind.min, kind.max) : "N";
    }
    case Shape::kOctal: return "OCTAL";
    case Shape::kMemory: return "BYTES";
    case Shape::kMemoryOrPercent: return "BYTES|PERCENT%";
    case Shape::kChoice: {
      std::vector<View> words;
      for (const Choice& choice : kind.choices) words.push_back(choice.word);
      return fmt::format("{}", fmt::join(words, "|"));
    }
    case Shape::kText: return "TEXT";
    default: return "...";
  }
}

bool stands(const Option& option, Standing::Of of) {
  return option.standing.of == of;
}

std::string honoured_section(const OptionGroup& group) {
  std::string page;
  for (const Option& option : group.rows) {
    if (!stands(option, Standing::Of::kHonoured)) continue;
    const std::string present = format_value(option, Settings{});
    const std::string start = fmt::format("  --{} {}", option.name, values_of(option));
    page += fmt::format("{:<44} {}{}\n", start, option.standing.why,
                        present.empty() ? "" : fmt::format(" [{}]", present));
  }
  return page.empty() ? page : fmt::format("\n{}:\n{}", group.title, page);
}

// The names of all options that stand like this, in lines of limited width.
std::string names_section(Standing::Of of) {
  std::string page;
  std::string line = " ";
  for (const OptionGroup& group : option_groups()) {
    for (const Option& option : group.rows) {
      if (!stands(option, of)) continue;
      if (line.size() + option.name.size() + 1 > kHelpColumns) {
        page += line + "\n";
        line = " ";
      }
      line += fmt::format(" {}", option.name);
    }
  }
  return page + line + "\n";
}

}  // namespace

std::string help_page() {
  std::string page =
      "Usage: shoal [redis.conf] [--name value ...] [-]\n"
      "  redis.conf        a configuration file, in Redis' format\n"
      "  -                 read configuration from standard input\n"
      "  --name value ...  any directive of the file; it overrides the file\n"
      "  --check-config    read the configuration, say whether it is fine, and exit\n"
      "  -v, --version     print the version and exit\n"
      "  -h, --help        print this page and exit\n"
      "BYTES may have a unit: 64kb, 100mb, 1gb. [Brackets] hold the default.\n";
  for (const OptionGroup& group : option_groups()) page += honoured_section(group);
  page += "\nAccepted, but without effect today (a warning in the log says why):\n";
  page += names_section(Standing::Of::kNoEffect);
  page += "\nRefused, unless at their default:\n";
  page += names_section(Standing::Of::kRefused);
  return page;
}

Result<Invocation> parse_command_line(std::span<const std::string> args) {
  Words words = sort_words(args);
  CLI::App app;
  app.set_help_flag();
  std::string file;
  bool wants_help = false;
  bool wants_version = false;
  bool wants_check = false;
  app.add_option("file", file);
  app.add_flag("-h,--help", wants_help);
  app.add_flag("-v,--version", wants_version);
  app.add_flag("--check-config", wants_check);
  try {
    // CLI11 takes the words from the back.
    std::vector<std::string> reversed(words.plain.rbegin(), words.plain.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return Failure{fmt::format("{}\nTry shoal --help", error.what())};
  }
  Invocation invocation;
  if (wants_help || wants_version) {
    invocation.action = Action::kPrint;
    invocation.text = wants_help ? help_page() : fmt::format("Shoal server v={} bits=64\n", SHOAL_VERSION);
    return invocation;
  }
  if (wants_check) invocation.action = Action::kCheckConfig;
  if (auto done = load(invocation.settings, file, words, invocation.warnings); !done)
    return fatal(done.message());
  return invocation;
}

}  // namespace shoal::config
