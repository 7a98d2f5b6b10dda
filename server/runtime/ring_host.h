// RingHost: all cores of one server process on io_uring. Sets everything up (so that what can fail fails
// here, with a sentence), starts one thread a core, and ends them together.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "server/runtime/host.h"
#include "server/runtime/listener.h"
#include "server/runtime/process_title.h"
#include "server/runtime/ring_runtime.h"

namespace shoal::runtime {

enum class Signals {
  kLeaveAlone,
  kStopServer,  // SIGTERM and SIGINT become CoreLogic::on_stop_requested on core 0; blocked in all threads
};

struct HostOptions {
  CoreId core_count = 1;
  ListenOptions listen = {};
  RingOptions ring = {};
  Signals signals = Signals::kLeaveAlone;
  ProcessTitle* title = nullptr;  // outlives the host; null: what ps shows stays as it is
  std::uint64_t seed = 0;         // 0: from the kernel
  /// Messages for each pair of cores, a power of two. 0: as fits the core count.
  std::uint32_t mailbox_capacity = 0;
};

/// CPUs this process may run on: the default number of cores.
CoreId usable_cpu_count();

class RingHost final : public Host {
 public:
  /// Listens at once: clients that connect now are accepted after start(). Create it before other threads if
  /// it takes signals.
  static Result<std::unique_ptr<RingHost>> create(const HostOptions& options);
  /// Stops and joins if that has not been done. Removes the unix socket's file.
  ~RingHost();
  RingHost(const RingHost&) = delete;
  RingHost& operator=(const RingHost&) = delete;

  CoreId core_count() const { return static_cast<CoreId>(runtimes_.size()); }
  Runtime& runtime(CoreId core) { return *runtimes_[core]; }
  /// The TCP port in use; 0 without TCP.
  std::uint32_t port() const { return port_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Host
  Result<std::vector<std::string>> listen_elsewhere(const ListenOptions& options) override;
  DescriptorLimit allow_descriptors(std::uint64_t count) override {
    return runtime::allow_descriptors(count);
  }
  void set_title(const std::string& title) override;
  Status enter_folder(const std::string& path) override;

  /// Starts the threads. `logics[i]` is driven by core i, and lives until join() has returned.
  void start(std::span<CoreLogic* const> logics);
  /// From any thread: as Runtime::stop().
  void stop();
  /// Waits until every core has left its loop, and has what they still had to say to each other discarded.
  void join();

 private:
  explicit RingHost(const HostOptions& options);
  void run_core(CoreId core);

  std::unique_ptr<RingShared> shared_;
  std::vector<Descriptor> doorbells_;
  Descriptor signals_;
  std::vector<std::unique_ptr<RingRuntime>> runtimes_;
  std::vector<std::thread> threads_;
  std::uint32_t port_ = 0;
  std::vector<std::string> warnings_;
  std::string unix_socket_;  // the absolute path of what goes with this process; empty: none
  ProcessTitle* title_;
};

}  // namespace shoal::runtime
