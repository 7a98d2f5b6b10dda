// Simulation: the cores of one server in one thread, from a seed. Time is virtual; messages between two cores
// keep their order, as the real mailboxes do, but are delayed at random and so overtake those of other pairs;
// cores have their turns in random order; connections are SimulatedWires; a core asked for its shard sleeps
// or runs by chance. The same seed and the same calls give the same history, bit for bit.
//
// Lifetimes: the logics outlive their last step, and everything that holds a Received goes before the
// Simulation.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/runtime/runtime.h"
#include "server/runtime/simulated_wire.h"
#include "storage/base/random.h"

namespace shoal::runtime {

struct SimulationOptions {
  CoreId core_count = 1;
  std::uint64_t seed = 1;
  std::size_t mailbox_capacity = 16;          // small, so that back-pressure happens
  std::uint16_t buffers = 64;                 // receive buffers a core
  std::size_t wire_capacity = 65536;          // bytes on their way to a client that does not read
  Micros message_delay_max = 200;             // microseconds
  std::uint32_t disconnects_per_million = 0;  // chance of a reset for each wire in each turn
  std::uint32_t asleep_percent = 50;          // chance that a core lets its shard be borrowed
  std::uint32_t preempted_percent = 0;        // chance that others have turns at a preempt()
  Micros clock_step = 1;                      // how much later it is at each look at the clock
};

class Simulation;

class SimulatedRuntime final : public Runtime {
 public:
  SimulatedRuntime(Simulation& simulation, CoreId core, const SimulationOptions& options);

  /// Each call takes some virtual time (clock_step), so that work bounded by time ends.
  Micros now_fresh() const override;
  /// Moves time on.
  void sleep_blocking(Micros duration) override;
  void run_aside(std::function<void()> work, std::function<void()> then) override {
    errands_.push_back({std::move(work), std::move(then)});
  }
  std::uint64_t random_secret() override { return random().next(); }
  void flush_posts() override;
  bool try_borrow(CoreId owner) override;
  void give_back(CoreId owner, AfterBorrow after) override;
  std::uint32_t wire_count() const override;
  void stop() override;

 private:
  void read_clock_again() override;
  friend class Simulation;

  bool ready() const;
  Micros next_event() const;
  void turn();
  void step_wires();
  void accept_one();
  void run_errand();
  void forget_closed_wires();
  void deliver_messages();
  void deliver_own_messages();
  bool has_room_for_posts() const;
  void discard_posts();

  Simulation& simulation_;
  CoreLogic* logic_ = nullptr;
  SimulatedBuffers buffers_;
  std::vector<std::unique_ptr<SimulatedWire>> wires_;
  std::deque<std::pair<std::uint32_t, SimulatedPipe*>> arriving_;  // connections not yet accepted
  TurnResult last_turn_{.more_work = true, .deadline = kNever};
  struct Errand {
    std::function<void()> work;
    std::function<void()> then;
  };
  std::deque<Errand> errands_;  // of run_aside; one is done in each turn
  bool must_turn_ = false;      // a borrower has left work
  bool stop_wanted_ = false;    // a signal has come
  bool stopped_ = false;
  bool in_turn_ = false;
  bool is_borrowed_ = false;      // its shard, by another core's turn: it has none itself meanwhile
  std::vector<CoreId> borrowed_;  // by this core, in this turn
  std::vector<CoreId> refusing_;  // found running when asked in this turn: they stay so
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  ~Simulation();

  CoreId core_count() const { return static_cast<CoreId>(runtimes_.size()); }
  Runtime& runtime(CoreId core) { return *runtimes_[core]; }
  void start(std::span<CoreLogic* const> logics);

  /// A new client; the core with the fewest accepts it in a later step. Lives as long as the simulation.
  SimulatedClient& connect();
  /// As SIGTERM would.
  void request_stop() { runtimes_[0]->stop_wanted_ = true; }

  /// Gives one core a turn, moving time on if nothing can happen now. False: nothing will ever happen again
  /// by itself.
  bool step();
  /// From inside a core's turn: perhaps gives other cores turns before that one goes on, as threads that run
  /// side by side do. Cores that are inside a turn themselves, or borrowed, have none.
  void preempt();
  /// Steps until the condition holds, at most `steps_max` times or until nothing can happen. Returns the
  /// condition.
  bool run_until(const std::function<bool()>& condition, std::uint64_t steps_max);
  /// Runs for so much virtual time, at most `steps_max` steps.
  void run_for(Micros duration, std::uint64_t steps_max);

  Micros now() const { return now_; }
  std::uint64_t steps() const { return steps_; }
  /// A hash of all that happened: equal for equal seeds.
  std::uint64_t history() const { return history_; }

 private:
  friend class SimulatedRuntime;

  struct Letter {
    Message* message;
    Micros arrives;
  };
  using Mailbox = std::deque<Letter>;

  Mailbox& box(CoreId from, CoreId to) { return boxes_[from * core_count() + to]; }
  const Mailbox& box(CoreId from, CoreId to) const { return boxes_[from * core_count() + to]; }
  void record(std::uint64_t what);
  SimulatedRuntime* choose_ready();
  void give_turn(SimulatedRuntime& chosen);
  void discard_messages_if_over();

  SimulationOptions options_;
  Random random_;
  Micros now_ = 1'000'000;
  std::uint64_t steps_ = 0;
  std::uint64_t history_ = 0;
  bool stopping_ = false;
  std::vector<Mailbox> boxes_;
  std::vector<std::unique_ptr<SimulatedPipe>> pipes_;
  std::vector<std::unique_ptr<SimulatedClient>> clients_;
  std::vector<std::unique_ptr<SimulatedRuntime>> runtimes_;
};

}  // namespace shoal::runtime
