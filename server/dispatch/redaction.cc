#include "server/dispatch/redaction.h"

#include "server/config/options.h"
#include "server/dispatch/context.h"

namespace shoal::dispatch {

namespace {

constexpr View kRedacted = "(redacted)";

void hide(std::vector<View>& args, std::size_t begin, std::size_t count) {
  for (std::size_t i = begin; i < std::min(args.size(), begin + count); ++i) args[i] = kRedacted;
}

}  // namespace

std::vector<View> without_secrets(const Command& command, std::span<const View> args) {
  std::vector<View> shown(args.begin(), args.end());
  switch (command.secrets) {
    case Secrets::kNone: break;
    case Secrets::kAllArguments: hide(shown, 1, shown.size()); break;
    case Secrets::kBehindAuth:
      for (std::size_t i = 1; i < args.size(); ++i) {
        if (is_option(args[i], "AUTH")) hide(shown, i + 1, 2);
      }
      break;
    case Secrets::kOptionValues:
      for (std::size_t i = 2; i + 1 < args.size(); i += 2) {
        if (config::is_sensitive(args[i])) hide(shown, i + 1, 1);
      }
      break;
  }
  return shown;
}

}  // namespace shoal::dispatch
