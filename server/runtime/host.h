// Host: what the process as a whole can be asked for while it runs, as Runtime is for one core. The real one
// is RingHost; IdleHost stands in where nothing of it exists. Called on core 0's thread only, once the cores
// run.
#pragma once

#include <string>
#include <vector>

#include "server/runtime/descriptor_limit.h"
#include "server/runtime/listener.h"
#include "storage/base/result.h"

namespace shoal::runtime {

class Host {
 public:
  /// Listens on the TCP addresses of `options` instead of those before. The old sockets are closed once all
  /// new ones are open; on failure everything stays as it was. Connections stay, and so does the unix socket.
  /// Returns sentences for the log. A host name may have to be asked for, which takes its time.
  virtual Result<std::vector<std::string>> listen_elsewhere(const ListenOptions& options) = 0;
  /// Lets the process open at least so many descriptors, or as many as the system allows.
  virtual DescriptorLimit allow_descriptors(std::uint64_t count) = 0;
  /// What ps shows.
  virtual void set_title(const std::string& title) = 0;
  /// The folder that relative paths begin in.
  virtual Status enter_folder(const std::string& path) = 0;

 protected:
  ~Host() = default;
};

/// Agrees to everything and does nothing: for simulations and benchmarks.
class IdleHost final : public Host {
 public:
  Result<std::vector<std::string>> listen_elsewhere(const ListenOptions&) override {
    return std::vector<std::string>();
  }
  DescriptorLimit allow_descriptors(std::uint64_t count) override { return {count, count, 0}; }
  void set_title(const std::string&) override {}
  Status enter_folder(const std::string&) override { return success(); }
};

}  // namespace shoal::runtime
