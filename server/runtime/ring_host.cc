#include "server/runtime/ring_host.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "storage/base/check.h"

namespace shoal::runtime {
namespace {

std::vector<int> usable_cpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// Only when the cores fill the CPUs exactly: with fewer, two servers on one machine would sit on the same
// CPUs while others idle; with more, the scheduler balances better than a fixed place.
void pin_this_thread(CoreId core, CoreId core_count) {
  const std::vector<int> cpus = usable_cpus();
  if (cpus.size() != core_count) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpus[core], &set);
  ::pthread_setaffinity_np(::pthread_self(), sizeof(set), &set);
}

Result<Descriptor> open_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  // Threads started from now on inherit the mask, so the signals wait for the descriptor to be read.
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Descriptor descriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (descriptor.number() < 0)
    return Failure{std::string("cannot watch for signals: ") + std::strerror(errno)};
  return descriptor;
}

std::uint64_t seed_from_kernel() {
  std::uint64_t seed = 0;
  CHECK(::getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
  return seed;
}

}  // namespace

CoreId usable_cpu_count() {
  return static_cast<CoreId>(std::clamp<std::size_t>(usable_cpus().size(), 1, kCoreCountMax));
}

RingHost::RingHost(const HostOptions& options)
    : shared_(std::make_unique<RingShared>(
          options.core_count, options.mailbox_capacity != 0 ? options.mailbox_capacity
                                                            : Exchange::capacity_for(options.core_count))),
      title_(options.title) {}

Result<std::unique_ptr<RingHost>> RingHost::create(const HostOptions& options) {
  CHECK(options.core_count >= 1 && options.core_count <= kCoreCountMax);
  // A peer that has gone is an error of the send, not a signal.
  ::signal(SIGPIPE, SIG_IGN);
  std::unique_ptr<RingHost> host(new RingHost(options));
  auto listening = open_listeners(options.listen);
  if (!listening.ok()) return listening.failure();
  host->port_ = listening.value().port;
  host->warnings_ = listening.value().warnings;
  if (!options.listen.unix_socket.empty())
    host->unix_socket_ = std::filesystem::absolute(options.listen.unix_socket).string();
  const std::uint64_t seed = options.seed != 0 ? options.seed : seed_from_kernel();
  for (CoreId core = 0; core < options.core_count; ++core) {
    Descriptor doorbell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (doorbell.number() < 0) return Failure{std::string("cannot make an eventfd: ") + std::strerror(errno)};
    host->shared_->cores[core].doorbell = doorbell.number();
    host->doorbells_.push_back(std::move(doorbell));
    auto runtime = RingRuntime::create(core, *host->shared_, options.ring, seed);
    if (!runtime.ok()) return runtime.failure();
    host->runtimes_.push_back(std::move(runtime).value());
  }
  RingRuntime& first = *host->runtimes_[0];
  for (Descriptor& socket : listening.value().tcp) first.accept_from(std::move(socket), Acceptor::Kind::kTcp);
  if (Descriptor& socket = listening.value().unix_socket; socket.number() >= 0)
    first.accept_from(std::move(socket), Acceptor::Kind::kUnix);
  if (options.signals == Signals::kStopServer) {
    auto signals = open_signals();
    if (!signals.ok()) return signals.failure();
    host->signals_ = std::move(signals).value();
    first.take_signals_from(host->signals_.number());
  }
  return host;
}

RingHost::~RingHost() {
  stop();
  join();
  if (!unix_socket_.empty()) ::unlink(unix_socket_.c_str());
}

Result<std::vector<std::string>> RingHost::listen_elsewhere(const ListenOptions& options) {
  auto opened = open_tcp_listeners(options, runtimes_[0]->tcp_listeners());
  if (!opened.ok()) return opened.failure();
  Listening listening = std::move(opened).value();
  runtimes_[0]->replace_tcp_listeners(std::move(listening.tcp));
  return std::move(listening.warnings);
}

void RingHost::set_title(const std::string& title) {
  if (title_ != nullptr) title_->set(title);
}

Status RingHost::enter_folder(const std::string& path) {
  if (::chdir(path.c_str()) == 0) return success();
  return Failure{std::strerror(errno)};
}

void RingHost::start(std::span<CoreLogic* const> logics) {
  CHECK(logics.size() == runtimes_.size() && threads_.empty());
  for (CoreId core = 0; core < core_count(); ++core) runtimes_[core]->set_logic(*logics[core]);
  for (CoreId core = 0; core < core_count(); ++core) {
    threads_.emplace_back([this, core] { run_core(core); });
  }
}

void RingHost::run_core(CoreId core) {
  ::pthread_setname_np(::pthread_self(), ("shoal-core-" + std::to_string(core)).c_str());
  pin_this_thread(core, core_count());
  runtimes_[core]->run();
}

void RingHost::stop() {
  if (!runtimes_.empty()) runtimes_[0]->stop();
}

void RingHost::join() {
  if (threads_.empty()) return;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const auto& runtime : runtimes_) runtime->discard_messages();
}

}  // namespace shoal::runtime
