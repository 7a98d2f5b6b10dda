// RingRuntime: one core on one io_uring. Made and owned by RingHost; run() is the thread's loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "server/runtime/buffer_ring.h"
#include "server/runtime/clock.h"
#include "server/runtime/exchange.h"
#include "server/runtime/listener.h"
#include "server/runtime/ring.h"
#include "server/runtime/ring_wire.h"
#include "server/runtime/runtime.h"

namespace shoal::runtime {

class RingRuntime;

/// What the cores of one process share, beside the mailboxes. Owned by RingHost.
struct RingShared {
  RingShared(CoreId core_count, std::uint32_t mailbox_capacity);

  /// One core's entries, on a line of its own.
  struct alignas(64) PerCore {
    std::atomic<std::uint32_t> wires{0};  // open or on their way there; relaxed: only the balance needs it
    int ring = -1;                        // descriptors; fixed before the threads start
    int doorbell = -1;                    // an eventfd: rings from outside, and where MSG_RING fails
  };

  Exchange exchange;
  std::vector<PerCore> cores;
  std::atomic<bool> stopping{false};
};

/// Accepts from one listening socket and spreads the connections. Lives on core 0.
class Acceptor final : public RingOperation {
 public:
  enum class Kind : std::uint8_t { kTcp, kUnix };
  Acceptor(RingRuntime& runtime, Descriptor socket, Kind kind)
      : runtime_(runtime), socket_(std::move(socket)), kind_(kind) {}
  void arm();
  /// Ends listening at once; the object lives on until is_over().
  void stop();
  void complete(int result, std::uint32_t flags) override;

  Kind kind() const { return kind_; }
  int socket() const { return socket_.number(); }
  /// After an error such as EMFILE accepting pauses until then; kNever while it runs.
  Micros resume_at() const { return resume_at_; }
  bool is_stopped() const { return stopped_; }
  bool is_over() const { return stopped_ && !armed_; }

 private:
  static constexpr Micros kPauseAfterError = 100'000;

  RingRuntime& runtime_;
  Descriptor socket_;
  Kind kind_;
  bool armed_ = false;
  bool stopped_ = false;
  Micros resume_at_ = kNever;
};

/// A run_aside() under way, or waiting for those before it.
struct Errand {
  Errand(std::function<void()> its_work, std::function<void()> afterwards)
      : work(std::move(its_work)), then(std::move(afterwards)) {}
  std::function<void()> work;
  std::function<void()> then;
  std::thread thread;
  std::atomic<bool> done{false};
};

/// Empties a descriptor each time it becomes readable: an eventfd (doorbell) or a signalfd. Both do not
/// block.
class Watch final : public RingOperation {
 public:
  enum class Tells : std::uint8_t { kNothing, kStopRequested };

  Watch(RingRuntime& runtime, int descriptor, Tells tells)
      : runtime_(runtime), descriptor_(descriptor), tells_(tells) {}
  void arm();
  void complete(int result, std::uint32_t flags) override;

 private:
  RingRuntime& runtime_;
  int descriptor_;
  Tells tells_;
};

class RingRuntime final : public Runtime {
 public:
  static Result<std::unique_ptr<RingRuntime>> create(CoreId core, RingShared& shared,
                                                     const RingOptions& options, std::uint64_t seed);
  ~RingRuntime();

  Micros now_fresh() const override { return monotonic_micros(); }
  void sleep_blocking(Micros duration) override;
  void run_aside(std::function<void()> work, std::function<void()> then) override;
  std::uint64_t random_secret() override;
  void flush_posts() override;
  bool try_borrow(CoreId owner) override { return shared_.exchange.gate(owner).try_borrow(); }
  void give_back(CoreId owner, AfterBorrow after) override;
  std::uint32_t wire_count() const override;
  void stop() override;

  // For RingHost, before run().
  void set_logic(CoreLogic& logic) { logic_ = &logic; }
  void accept_from(Descriptor socket, Acceptor::Kind kind) {
    acceptors_.push_back(std::make_unique<Acceptor>(*this, std::move(socket), kind));
  }
  void take_signals_from(int descriptor);
  // For RingHost, on the core's thread.
  std::vector<int> tcp_listeners() const;
  void replace_tcp_listeners(std::vector<Descriptor> sockets);

  /// The core's life, on its own thread.
  void run();
  /// For RingHost, once every core has ended: messages that were not delivered.
  void discard_messages();

  // For this folder's operations.
  Ring& ring() { return *ring_; }
  BufferRing& buffers() { return *buffers_; }
  /// A new connection, for whichever core has the fewest.
  void accepted(int socket);
  void stop_requested() { logic_->on_stop_requested(); }
  void starved(RingWire& wire);
  void no_longer_starved(RingWire& wire);
  void finished(RingWire& wire) { finished_.push_back(&wire); }
  /// What has just been queued completes during submission, as a rule: sleeping would be in vain.
  void will_complete_at_once() { completes_at_once_ = true; }
  bool stopping() const { return shared_.stopping.load(std::memory_order_relaxed); }

 private:
  struct AcceptedSocket;  // a message: this socket is yours

  RingRuntime(CoreId core, RingShared& shared, std::uint64_t seed);

  void start();
  void turn();
  void complete(const io_uring_cqe& completion);
  void refresh_clock();
  void read_clock_again() override;
  void deliver_messages();
  void deliver(Message& message);
  void adopt(int socket);
  void close_all_wires();
  void finish_wires();
  void feed_starved();
  void tend_acceptors();
  void start_errand();
  void finish_errands();
  void enter_kernel(const TurnResult& result);
  Micros next_deadline(const TurnResult& result) const;
  bool flush_outboxes();
  void ring_doorbell(CoreId core);
  void doorbell_failed(CoreId core);

  RingShared& shared_;
  CoreLogic* logic_ = nullptr;
  Clock clock_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<BufferRing> buffers_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::unique_ptr<Watch> doorbell_;
  std::unique_ptr<Watch> signals_;
  std::deque<std::unique_ptr<Errand>> errands_;  // the first has its thread
  RingWire* wires_ = nullptr;                    // all of this core's, through RingWire::next_
  std::vector<RingWire*> starved_;               // wait for receive buffers
  std::vector<RingWire*> finished_;              // closed, and told so at the end of the turn
  bool completes_at_once_ = false;
  bool doorbells_by_eventfd_ = false;  // the kernel refuses MSG_RING
};

}  // namespace shoal::runtime
