#include "server/config/process_title.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace shoal::config {

namespace {

struct Source {
  const Settings& settings;
  View program;
};

std::string listen_address(const Source& source) {
  const NetworkSettings& network = source.settings.network;
  if (network.port == 0 && !network.unixsocket.empty()) return "unixsocket:" + network.unixsocket;
  return fmt::format("{}:{}", network.binds.empty() ? View("*") : View(network.binds.front()), network.port);
}

struct Word {
  View name;
  std::string (*text)(const Source&);
};
constexpr Word kWords[] = {
    {"title", [](const Source& source) { return std::string(source.program); }},
    {"listen-addr", listen_address},
    {"server-mode", [](const Source&) { return std::string(); }},
    {"port", [](const Source& source) { return std::to_string(source.settings.network.port); }},
    {"tls-port", [](const Source&) { return std::string("0"); }},
    {"unixsocket", [](const Source& source) { return source.settings.network.unixsocket; }},
    {"config-file",
     [](const Source& source) {
       return source.settings.config_file.empty() ? std::string("-") : source.settings.config_file;
     }},
};

// Splits a template in plain text and words, in order. Stops, and says false, at one that is unknown or open.
template <class TakeText, class TakeWord>
bool walk(View text, TakeText&& take_text, TakeWord&& take_word) {
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    take_text(text.substr(0, open));
    if (open == View::npos) return true;
    const std::size_t close = text.find('}', open);
    if (close == View::npos) return false;
    const View name = text.substr(open + 1, close - open - 1);
    const auto* word = std::find_if(std::begin(kWords), std::end(kWords),
                                    [name](const Word& row) { return row.name == name; });
    if (word == std::end(kWords)) return false;
    take_word(*word);
    text.remove_prefix(close + 1);
  }
  return true;
}

}  // namespace

bool is_title_template(View text) {
  return !text.empty() && walk(
                              text, [](View) {}, [](const Word&) {});
}

std::string process_title(const Settings& settings, View program) {
  const Source source{settings, program};
  std::string title;
  walk(
      settings.process.proc_title_template, [&title](View text) { title += text; },
      [&](const Word& word) { title += word.text(source); });
  title.erase(title.find_last_not_of(' ') + 1);
  return title;
}

}  // namespace shoal::config
