// A process without cores, on a host that does what a test says.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "server/core/process.h"

namespace shoal::core {

class FakeHost final : public runtime::Host {
 public:
  bool listens = true;
  bool enters_folders = true;
  std::uint64_t descriptors = 1000;  // allowed now
  std::uint64_t descriptors_max = 1000;
  std::vector<std::string> calls;

  Result<std::vector<std::string>> listen_elsewhere(const runtime::ListenOptions& options) override {
    calls.push_back(fmt::format("listen {} {}", fmt::join(options.bind, ","), options.port));
    if (!listens) return Failure{"Address already in use"};
    return std::vector<std::string>{"a warning"};
  }
  runtime::DescriptorLimit allow_descriptors(std::uint64_t count) override {
    const std::uint64_t before = descriptors;
    descriptors = std::max(before, std::min(count, descriptors_max));
    return {before, descriptors, descriptors < count ? EPERM : 0};
  }
  void set_title(const std::string& title) override { calls.push_back("title " + title); }
  Status enter_folder(const std::string& path) override {
    calls.push_back("enter " + path);
    return enters_folders ? success() : Failure{"Permission denied"};
  }
};

struct FakeProcess {
  std::string logged;  // a line each
  std::unique_ptr<config::Log> log = config::Log::to(
      config::LogLevel::kDebug, [this](config::LogLevel, View line) { logged.append(line).append("\n"); });
  FakeHost host;
  Process process{config::Settings{}, *log, host, /*core_count=*/2, /*now=*/0, std::string(40, 'a')};
};

}  // namespace shoal::core
