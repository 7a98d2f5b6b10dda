// What may wait for a disk runs beside its core (Runtime::run_aside), under the real runtime and the
// simulated one.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "server/runtime/ring_host.h"
#include "server/runtime/simulated_runtime.h"

namespace shoal::runtime {
namespace {

// Does one thing in its first turn.
class OneThing final : public CoreLogic {
 public:
  explicit OneThing(std::function<void()> thing) : thing_(std::move(thing)) {}
  WireEvents* on_accept(Wire&) override { return nullptr; }
  void deliver(Message&) override {}
  TurnResult turn() override {
    in_turn_ = true;
    if (thing_) std::exchange(thing_, nullptr)();
    in_turn_ = false;
    return {};
  }
  bool in_turn() const { return in_turn_; }

 private:
  std::function<void()> thing_;
  bool in_turn_ = false;
};

std::unique_ptr<RingHost> one_core() {
  auto made = RingHost::create({});
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.message());
  return std::move(made).value();
}

TEST(RunAside, WorksElsewhereAndTellsItsCoreOneAfterTheOther) {
  const std::unique_ptr<RingHost> host = one_core();
  Runtime& runtime = host->runtime(0);
  std::string done;
  std::thread::id core;
  OneThing logic([&] {
    core = std::this_thread::get_id();
    for (char name = 'a'; name <= 'e'; ++name) {
      runtime.run_aside([&] { EXPECT_NE(std::this_thread::get_id(), core); },
                        [&, name] {
                          EXPECT_EQ(std::this_thread::get_id(), core);
                          EXPECT_FALSE(logic.in_turn());
                          done += name;
                          if (name == 'e') runtime.stop();
                        });
    }
    EXPECT_EQ(done, "") << "later, even if the work is nothing";
  });
  CoreLogic* logics[] = {&logic};
  host->start(logics);
  host->join();
  EXPECT_EQ(done, "abcde");
}

TEST(RunAside, ACoreThatEndsFinishesTheWorkUnderWay) {
  const std::unique_ptr<RingHost> host = one_core();
  Runtime& runtime = host->runtime(0);
  std::atomic<bool> core_has_stopped = false;
  bool worked = false;
  bool told = false;
  OneThing logic([&] {
    runtime.run_aside(
        [&] {
          while (!core_has_stopped) std::this_thread::yield();
          worked = true;
        },
        [&] { told = true; });
    runtime.stop();
    core_has_stopped = true;
  });
  CoreLogic* logics[] = {&logic};
  host->start(logics);
  host->join();
  EXPECT_TRUE(worked);
  EXPECT_FALSE(told);
}

TEST(RunAside, IsSimulatedInALaterTurn) {
  Simulation simulation({});
  std::string done;
  OneThing logic([&] {
    for (const char name : {'a', 'b'}) {
      simulation.runtime(0).run_aside([&, name] { done += name; }, [&] { done += '.'; });
    }
    EXPECT_EQ(done, "");
  });
  CoreLogic* logics[] = {&logic};
  simulation.start(logics);
  EXPECT_TRUE(simulation.run_until([&] { return done == "a.b."; }, 100)) << done;
}

TEST(SleepBlocking, MovesSimulatedTimeOn) {
  Simulation simulation({});
  Runtime& runtime = simulation.runtime(0);
  std::uint64_t ticks = 0;
  OneThing logic([&] {
    runtime.sleep_blocking(20'000);
    ticks = runtime.ticks_of_turn();
  });
  CoreLogic* logics[] = {&logic};
  simulation.start(logics);
  EXPECT_TRUE(simulation.run_until([&] { return ticks != 0; }, 100));
  EXPECT_GE(runtime.ticks_to_nanos(ticks), 20'000'000u);
  EXPECT_GE(simulation.now(), 20'000);
}

}  // namespace
}  // namespace shoal::runtime
