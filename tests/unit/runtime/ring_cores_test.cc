// The life of one core on the real runtime: when it wakes, where it runs, how it ends.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <vector>

#include "tests/unit/runtime/line_server.h"

namespace shoal::runtime {
namespace {

TEST(RingCores, IsSupportedHere) {
  const Status status = check_io_uring();
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.message());
}

TEST(RingCores, WakesForADeadlineAndNotMuchBefore) {
  Server server;
  Runtime& runtime = server.host->runtime(0);
  std::promise<Micros> woken;
  std::atomic<int> turns{0};
  Micros deadline = 0;
  server.cores[0]->on_turn = [&]() -> TurnResult {
    ++turns;
    if (deadline == 0) deadline = runtime.now() + 30'000;
    if (deadline != kNever && runtime.now() >= deadline) {
      woken.set_value(runtime.now() - deadline);
      deadline = kNever;
    }
    return {.more_work = false, .deadline = deadline};
  };
  server.start();
  const Micros late = woken.get_future().get();
  EXPECT_LT(late, 1'000'000);
  EXPECT_LT(turns, 10) << "it slept instead of spinning";
  server.stop();
}

TEST(RingCores, SleepsWithNothingToDoHoweverMuchAnotherHas) {
  std::atomic<CoreId> busy{0};
  std::atomic<int> turns[2] = {};
  Server server(local_options(2));
  for (CoreId core = 0; core < 2; ++core) {
    server.cores[core]->on_client = [&busy, core](const Wire&) { busy = core; };
    server.cores[core]->on_turn = [&turns, core] {
      ++turns[core];
      return TurnResult{};
    };
  }
  server.start();
  const Client client = Client::of_port(server.host->port());
  client.write("echo\n");
  for (int i = 0; i < 1000; ++i) {
    client.write("x");
    ASSERT_EQ(client.read(1), "x");
  }
  EXPECT_GE(turns[busy], 1000);
  EXPECT_LT(turns[1 - busy], 10);
  server.stop();
}

std::vector<int> cpus_of_this_thread() {
  cpu_set_t set;
  EXPECT_EQ(::pthread_getaffinity_np(::pthread_self(), sizeof(set), &set), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// Runs so many cores, and returns the CPUs that each may run on.
std::vector<std::vector<int>> cpus_of_cores(CoreId core_count) {
  Server server(local_options(core_count));
  std::vector<std::vector<int>> cpus(core_count);
  std::atomic<int> seen{0};
  for (CoreId core = 0; core < core_count; ++core) {
    server.cores[core]->on_turn = [&, core] {
      if (cpus[core].empty()) {
        cpus[core] = cpus_of_this_thread();
        ++seen;
      }
      return TurnResult{};
    };
  }
  server.start();
  expect_soon([&] { return seen == core_count; });
  server.stop();
  return cpus;
}

TEST(RingCores, HaveACpuEachIfThereAreAsManyAsCpus) {
  std::vector<int> taken;
  for (const std::vector<int>& cpus : cpus_of_cores(usable_cpu_count())) {
    ASSERT_EQ(cpus.size(), 1u);
    taken.push_back(cpus.front());
  }
  EXPECT_EQ(taken, cpus_of_this_thread());
}

TEST(RingCores, GoWhereTheSchedulerWantsIfThereAreMoreThanCpus) {
  for (const std::vector<int>& cpus : cpus_of_cores(usable_cpu_count() + 1)) {
    EXPECT_EQ(cpus, cpus_of_this_thread());
  }
}

TEST(RingCores, StopsOnASignal) {
  HostOptions options = local_options(2);
  options.signals = Signals::kStopServer;
  Server server(options);
  server.start();
  const Client client = Client::of_port(server.host->port());
  client.write("echo\nx");
  EXPECT_EQ(client.read(1), "x");
  ::kill(::getpid(), SIGTERM);
  server.host->join();
  EXPECT_EQ(server.counters.closed, 1u);
}

}  // namespace
}  // namespace shoal::runtime
