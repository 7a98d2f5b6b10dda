// What one core sees of the world: its clock, its randomness, its way to the other cores; and what it must
// offer in return (CoreLogic). Two implementations: RingRuntime (io_uring, one thread a core) and
// SimulatedRuntime (all cores in one thread, from a seed). Everything here is called on the core's own thread
// unless it says otherwise.
//
// A turn: completions (WireEvents, on_accept) -> messages (deliver) -> CoreLogic::turn -> posts leave, sends
// are submitted, and the core sleeps until something happens. While it is in the kernel its shard may be
// borrowed.
#pragma once

#include <x86intrin.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "server/runtime/message.h"
#include "server/runtime/wire.h"
#include "storage/base/random.h"
#include "storage/base/units.h"

namespace shoal::runtime {

/// A moment that never comes.
constexpr Micros kNever = std::numeric_limits<Micros>::max();

struct TurnResult {
  bool more_work = false;    // have another turn at once: look at the kernel, but do not sleep
  Micros deadline = kNever;  // else have one no later than this, on the clock of Runtime::now()
};

class Runtime;

/// What the runtime drives on each core.
class CoreLogic {
 public:
  /// First call, on the core's own thread; every other core's CoreLogic exists by then.
  virtual void on_start() {}
  /// A client has connected. Returns who hears from the wire, or nullptr to have it closed at once.
  virtual WireEvents* on_accept(Wire& wire) = 0;
  /// A message from another core (or from this one). The receiver owns it from here.
  virtual void deliver(Message& message) = 0;
  /// After all events of this turn: run what is ready.
  virtual TurnResult turn() = 0;
  /// SIGTERM or SIGINT came; on core 0 only. Answer with Runtime::stop() when ready.
  virtual void on_stop_requested() {}
  /// Last call on the core's thread, when all its wires are closed. Other cores may still be running.
  virtual void on_stopped() {}
  /// Every core has ended, and this message, to or from this one, will never be delivered. Frees it if its
  /// receiver would have; whoever else owns it is still there.
  virtual void discard(Message&) {}

 protected:
  ~CoreLogic() = default;
};

/// What a borrower tells the owner on giving its shard back.
enum class AfterBorrow {
  kNothingLeft,  // the owner may sleep on
  kWorkLeft,     // the owner must have a turn soon: it is woken if it sleeps
};

class Runtime {
 public:
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  CoreId core() const { return core_; }
  CoreId core_count() const { return static_cast<CoreId>(outboxes_.size()); }

  /// Monotonic time from an arbitrary origin common to all cores, read once a turn, and again in a turn that
  /// lasts (keep_clock_fresh).
  Micros now() const { return now_; }
  /// The same clock, read afresh (tens of nanoseconds). Does not change now().
  virtual Micros now_fresh() const = 0;
  /// Wall clock, milliseconds since the Unix epoch, read together with now().
  Millis wall_clock() const { return wall_clock_; }
  /// The same clock in microseconds, read afresh.
  Micros wall_clock_fresh() const { return now_fresh() + wall_offset_; }

  /// A cheap counter (about 20 cycles) for the length of commands; ticks_to_nanos turns differences into
  /// time.
  std::uint64_t ticks() const {
    if (counts_ticks_by_clock_) [[unlikely]]
      return static_cast<std::uint64_t>(now_fresh()) * 1000;
    return __rdtsc();
  }
  std::uint64_t ticks_to_nanos(std::uint64_t ticks) const {
    return static_cast<std::uint64_t>(static_cast<double>(ticks) * nanos_per_tick_);
  }
  std::uint64_t nanos_to_ticks(std::uint64_t nanos) const {
    const double ticks = static_cast<double>(nanos) / nanos_per_tick_;
    return ticks < 0x1p64 ? static_cast<std::uint64_t>(ticks) : std::numeric_limits<std::uint64_t>::max();
  }
  /// Reads now() and wall_clock() again if that was kClockAgeMax or longer ago; `ticks` is what ticks() has
  /// just said. Between commands: a key that has expired since the turn began is not to be seen.
  void keep_clock_fresh(std::uint64_t ticks) {
    if (ticks - clock_read_at_ >= clock_age_max_ticks_) [[unlikely]]
      read_clock_again();
  }
  static constexpr Micros kClockAgeMax = 500;
  /// How long this turn has taken so far, its completions and messages included.
  std::uint64_t ticks_of_turn() const { return ticks() - turn_begin_; }

  /// Does nothing for so long, in the middle of a turn: DEBUG SLEEP. Nothing else may wait like this.
  virtual void sleep_blocking(Micros duration) = 0;

  /// Runs `work` on a thread that may block, for what has to wait for a disk; then `then` here, in a turn to
  /// come. One after the other, in the order of the calls. A runtime that ends finishes the work under way,
  /// and calls no `then` any more.
  virtual void run_aside(std::function<void()> work, std::function<void()> then) = 0;

  /// Chance for everything but secrets; each core has its own.
  Random& random() { return random_; }
  /// Bits fit for secrets (ids, tokens), straight from the kernel; from the seed under simulation. Slow.
  virtual std::uint64_t random_secret() = 0;

  /// Sends a message to a core, which may be this one. It leaves at the end of the turn, or at flush_posts().
  /// Messages from one core to one other arrive in the order they were posted. O(1), no allocation.
  ///
  /// What finds the receiver's mailbox full waits here, and nobody is told: posting is bounded by the sender,
  /// who has a bounded number of messages out and goes on once they are home (dispatch/messages.h). A client
  /// whose requests wait here has no others begun, which is the back-pressure.
  void post(CoreId to, Message& message) {
    DCHECK(to < core_count());
    message.from = core_;
    if (to != core_) ++posted_count_;
    MessageList& outbox = outboxes_[to];
    if (outbox.empty()) posted_to_.push_back(to);
    outbox.push(message);
  }
  /// Messages posted to other cores since the last call.
  std::uint64_t take_posted_count() { return std::exchange(posted_count_, 0); }
  /// Hands what has been posted over now, so that other cores start while this one goes on with its turn.
  virtual void flush_posts() = 0;

  /// Takes the shard of a core that is in the kernel, without waking it. True: until give_back(), which must
  /// come in this same turn, this thread may touch that shard as its owner would. Never waits. Not for the
  /// own core.
  virtual bool try_borrow(CoreId owner) = 0;
  virtual void give_back(CoreId owner, AfterBorrow after) = 0;

  /// Wires open on all cores together. Not exact while others change it.
  virtual std::uint32_t wire_count() const = 0;

  /// Ends all cores: each closes its wires and leaves its loop.
  virtual void stop() = 0;

 protected:
  Runtime(CoreId core, CoreId core_count, std::uint64_t seed);
  ~Runtime() = default;

  /// First of all in a turn. `wall_offset` is what the wall clock has more than the monotonic one.
  void begin_turn(Micros now, Micros wall_offset) {
    set_clock(now, wall_offset);
    turn_begin_ = clock_read_at_;
  }
  void set_clock(Micros now, Micros wall_offset) {
    now_ = now;
    wall_offset_ = wall_offset;
    wall_clock_ = (now + wall_offset) / 1000;
    clock_read_at_ = ticks();
    clock_age_max_ticks_ = nanos_to_ticks(kClockAgeMax * 1000);
  }
  /// Reads the clock and calls set_clock().
  virtual void read_clock_again() = 0;

  CoreId core_;
  bool counts_ticks_by_clock_ = false;
  double nanos_per_tick_ = 1.0;
  std::vector<MessageList> outboxes_;  // by target
  std::vector<CoreId> posted_to_;      // targets whose outbox is not empty, each once

 private:
  Micros now_ = 0;
  Micros wall_offset_ = 0;
  Millis wall_clock_ = 0;
  std::uint64_t turn_begin_ = 0;
  std::uint64_t clock_read_at_ = 0;  // ticks
  std::uint64_t clock_age_max_ticks_ = 0;
  std::uint64_t posted_count_ = 0;
  Random random_;
};

}  // namespace shoal::runtime
