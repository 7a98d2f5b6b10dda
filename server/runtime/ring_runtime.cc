#include "server/runtime/ring_runtime.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "server/runtime/socket_name.h"
#include "storage/base/check.h"

namespace shoal::runtime {

RingShared::RingShared(CoreId core_count, std::uint32_t mailbox_capacity)
    : exchange(core_count, mailbox_capacity), cores(core_count) {}

// ---- the operations of a core that are not wires

void Acceptor::arm() {
  resume_at_ = kNever;
  armed_ = true;
  io_uring_sqe* sqe = runtime_.ring().entry();
  io_uring_prep_multishot_accept(sqe, socket_.number(), nullptr, nullptr, SOCK_CLOEXEC);
  sqe->user_data = user_data(static_cast<RingOperation*>(this), Operation::kGeneral);
}

void Acceptor::complete(int result, std::uint32_t flags) {
  if (result >= 0) runtime_.accepted(result);
  if ((flags & IORING_CQE_F_MORE) != 0) return;
  armed_ = false;
  if (stopped_) return;
  // Out of descriptors or memory: the client stays in the backlog, and trying again at once would only burn
  // the CPU.
  const bool transient = result >= 0 || result == -ECONNABORTED || result == -EINTR || result == -EAGAIN;
  if (transient) return arm();
  resume_at_ = runtime_.now() + kPauseAfterError;
}

// Closing it would not do: the ring holds on to the socket while an accept is pending.
void Acceptor::stop() {
  stopped_ = true;
  resume_at_ = kNever;
  ::shutdown(socket_.number(), SHUT_RDWR);
}

void Watch::arm() {
  io_uring_sqe* sqe = runtime_.ring().entry();
  io_uring_prep_poll_add(sqe, descriptor_, POLLIN);
  sqe->user_data = user_data(static_cast<RingOperation*>(this), Operation::kGeneral);
}

void Watch::complete(int, std::uint32_t) {
  alignas(8) char bytes[128];  // one signalfd_siginfo, or an eventfd's counter
  const bool has_read = ::read(descriptor_, bytes, sizeof(bytes)) > 0;
  if (has_read && tells_ == Tells::kStopRequested) runtime_.stop_requested();
  arm();
}

struct RingRuntime::AcceptedSocket : Message {
  explicit AcceptedSocket(int accepted) : Message(kRuntimeKinds), socket(accepted) {}
  int socket;
};

// ---- life

RingRuntime::RingRuntime(CoreId core, RingShared& shared, std::uint64_t seed)
    : Runtime(core, shared.exchange.core_count(), seed), shared_(shared) {}

Result<std::unique_ptr<RingRuntime>> RingRuntime::create(CoreId core, RingShared& shared,
                                                         const RingOptions& options, std::uint64_t seed) {
  std::unique_ptr<RingRuntime> made(new RingRuntime(core, shared, seed));
  auto ring = Ring::create(options);
  if (!ring.ok()) return ring.failure();
  made->ring_ = std::move(ring).value();
  auto buffers = BufferRing::create(*made->ring_, options);
  if (!buffers.ok()) return buffers.failure();
  made->buffers_ = std::move(buffers).value();
  made->doorbell_ = std::make_unique<Watch>(*made, shared.cores[core].doorbell, Watch::Tells::kNothing);
  made->doorbells_by_eventfd_ = options.doorbell == Doorbell::kEventfd;
  shared.cores[core].ring = made->ring_->descriptor();
  made->refresh_clock();
  return made;
}

RingRuntime::~RingRuntime() {
  CHECK(wires_ == nullptr);
}

// Those to this core, and those that have not left it.
void RingRuntime::discard_messages() {
  const auto discard = [this](Message& message) {
    if (message.kind < kRuntimeKinds) return logic_->discard(message);
    auto* accepted = static_cast<AcceptedSocket*>(&message);
    ::close(accepted->socket);
    delete accepted;
  };
  for (MessageList& outbox : outboxes_) {
    while (!outbox.empty()) discard(outbox.pop());
  }
  shared_.exchange.drain(core_, discard, [](CoreId) {});
}

void RingRuntime::take_signals_from(int descriptor) {
  signals_ = std::make_unique<Watch>(*this, descriptor, Watch::Tells::kStopRequested);
}

void RingRuntime::run() {
  const Status enabled = ring_->enable();
  CHECK(enabled.ok());
  start();
  while (!stopping()) turn();
  // Cancelling what is in flight takes a turn or two; a bound, so that no bug here can keep a server from
  // ending.
  constexpr int kClosingTurnsMax = 1000;
  for (int turns = 0; turns < kClosingTurnsMax; ++turns) {
    close_all_wires();
    finish_wires();
    if (wires_ == nullptr) break;
    turn();
  }
  CHECK(wires_ == nullptr);
  if (!errands_.empty()) errands_.front()->thread.join();
  logic_->on_stopped();
  ring_->disable();
}

void RingRuntime::start() {
  refresh_clock();
  doorbell_->arm();
  if (signals_ != nullptr) signals_->arm();
  for (const auto& acceptor : acceptors_) acceptor->arm();
  logic_->on_start();
}

void RingRuntime::turn() {
  refresh_clock();
  ring_->for_each_completion([this](const io_uring_cqe& completion) { complete(completion); });
  deliver_messages();
  if (!errands_.empty()) [[unlikely]]
    finish_errands();
  const TurnResult result = logic_->turn();
  finish_wires();
  buffers_->top_up();
  if (!starved_.empty()) [[unlikely]]
    feed_starved();
  tend_acceptors();
  flush_outboxes();
  enter_kernel(result);
}

void RingRuntime::complete(const io_uring_cqe& completion) {
  const std::uint64_t data = completion.user_data;
  void* const object = reinterpret_cast<void*>(data & ~kOperationMask);
  switch (static_cast<Operation>(data & kOperationMask)) {
    case Operation::kReceive:
      return static_cast<RingWire*>(object)->receive_done(completion.res, completion.flags);
    case Operation::kSend: return static_cast<RingWire*>(object)->send_done(completion.res);
    case Operation::kReceiveInto: return static_cast<RingWire*>(object)->receive_into_done(completion.res);
    case Operation::kWireCancel: return static_cast<RingWire*>(object)->cancel_done(completion.res);
    case Operation::kGeneral:
      return static_cast<RingOperation*>(object)->complete(completion.res, completion.flags);
    case Operation::kDoorbellRung: return doorbell_failed(static_cast<CoreId>(data / kOperationAlignment));
    case Operation::kDoorbell:
    case Operation::kIgnored: return;
  }
}

void RingRuntime::refresh_clock() {
  clock_.refresh();
  nanos_per_tick_ = clock_.nanos_per_tick();
  begin_turn(clock_.now(), clock_.wall_offset());
}

void RingRuntime::read_clock_again() {
  clock_.refresh();
  set_clock(clock_.now(), clock_.wall_offset());
}

// The visit to the kernel. With other cores about, the gate is open during it, and a core that may sleep
// looks for mail once more after opening: see Exchange.
void RingRuntime::enter_kernel(const TurnResult& result) {
  const Micros deadline = next_deadline(result);
  bool may_sleep = !result.more_work && !completes_at_once_ && outboxes_[core_].empty() &&
                   finished_.empty() && deadline > now() && !stopping();
  completes_at_once_ = false;
  const bool lends = core_count() > 1;
  ShardGate& gate = shared_.exchange.gate(core_);
  if (lends) {
    gate.open(may_sleep ? Visit::kMayBlock : Visit::kShort);
    may_sleep = may_sleep && !shared_.exchange.has_mail(core_);
  }
  if (may_sleep) {
    ring_->submit_and_sleep(deadline == kNever ? std::nullopt : std::optional<Micros>(deadline - now()));
  } else {
    ring_->submit_and_look();
  }
  if (lends) gate.take_back();
}

Micros RingRuntime::next_deadline(const TurnResult& result) const {
  // A core that ends looks again soon, whatever comes: see run().
  constexpr Micros kClosingTurnMax = 10'000;
  Micros deadline = stopping() ? std::min(result.deadline, now() + kClosingTurnMax) : result.deadline;
  for (const auto& acceptor : acceptors_) deadline = std::min(deadline, acceptor->resume_at());
  return deadline;
}

void RingRuntime::tend_acceptors() {
  bool over = false;
  for (const auto& acceptor : acceptors_) {
    if (acceptor->resume_at() <= now()) acceptor->arm();
    over |= acceptor->is_over();
  }
  if (over) [[unlikely]]
    std::erase_if(acceptors_, [](const auto& acceptor) { return acceptor->is_over(); });
}

std::vector<int> RingRuntime::tcp_listeners() const {
  std::vector<int> sockets;
  for (const auto& acceptor : acceptors_) {
    if (acceptor->kind() == Acceptor::Kind::kTcp && !acceptor->is_stopped())
      sockets.push_back(acceptor->socket());
  }
  return sockets;
}

void RingRuntime::replace_tcp_listeners(std::vector<Descriptor> sockets) {
  for (const auto& acceptor : acceptors_) {
    if (acceptor->kind() == Acceptor::Kind::kTcp) acceptor->stop();
  }
  for (Descriptor& socket : sockets) {
    accept_from(std::move(socket), Acceptor::Kind::kTcp);
    acceptors_.back()->arm();
  }
}

// ---- errands

void RingRuntime::run_aside(std::function<void()> work, std::function<void()> then) {
  errands_.push_back(std::make_unique<Errand>(std::move(work), std::move(then)));
  if (errands_.size() == 1) start_errand();
}

void RingRuntime::start_errand() {
  Errand& errand = *errands_.front();
  errand.thread = std::thread([&errand, doorbell = shared_.cores[core_].doorbell] {
    errand.work();
    errand.done.store(true, std::memory_order_release);
    ::eventfd_write(doorbell, 1);
  });
}

void RingRuntime::finish_errands() {
  if (!errands_.front()->done.load(std::memory_order_acquire)) return;
  const std::unique_ptr<Errand> errand = std::move(errands_.front());
  errands_.pop_front();
  errand->thread.join();
  if (!errands_.empty()) start_errand();
  errand->then();
}

// ---- messages

void RingRuntime::deliver_messages() {
  if (!outboxes_[core_].empty()) {
    std::erase(posted_to_, core_);
    MessageList own = outboxes_[core_].take_all();
    while (!own.empty()) deliver(own.pop());
  }
  if (core_count() == 1) return;
  shared_.exchange.drain(
      core_, [this](Message& message) { deliver(message); }, [this](CoreId core) { ring_doorbell(core); });
}

void RingRuntime::deliver(Message& message) {
  if (message.kind < kRuntimeKinds) [[likely]]
    return logic_->deliver(message);
  auto* accepted = static_cast<AcceptedSocket*>(&message);
  const int socket = accepted->socket;
  delete accepted;
  adopt(socket);
}

void RingRuntime::flush_posts() {
  if (flush_outboxes()) ring_->submit_now();
}

// True if a doorbell was rung.
bool RingRuntime::flush_outboxes() {
  bool rung = false;
  std::size_t kept = 0;
  for (const CoreId to : posted_to_) {
    bool complete = false;
    if (to != core_) {
      const Sent sent = shared_.exchange.send(core_, to, outboxes_[to]);
      complete = sent.complete;
      if (sent.ring_doorbell) {
        ring_doorbell(to);
        rung = true;
      }
    }
    if (!complete) posted_to_[kept++] = to;
  }
  posted_to_.resize(kept);
  return rung;
}

void RingRuntime::ring_doorbell(CoreId core) {
  if (doorbells_by_eventfd_) {
    ::eventfd_write(shared_.cores[core].doorbell, 1);
    return;
  }
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_msg_ring(sqe, shared_.cores[core].ring, 0, user_data(nullptr, Operation::kDoorbell), 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  sqe->user_data = core * kOperationAlignment + static_cast<std::uint64_t>(Operation::kDoorbellRung);
}

void RingRuntime::doorbell_failed(CoreId core) {
  doorbells_by_eventfd_ = true;
  ring_doorbell(core);
}

void RingRuntime::give_back(CoreId owner, AfterBorrow after) {
  shared_.exchange.gate(owner).give_back();
  // Afterwards, so that the owner does not wake only to wait for us.
  if (after == AfterBorrow::kWorkLeft && shared_.exchange.announce(core_, owner)) ring_doorbell(owner);
}

void RingRuntime::stop() {
  shared_.stopping.store(true, std::memory_order_seq_cst);
  for (const auto& core : shared_.cores) ::eventfd_write(core.doorbell, 1);
}

void RingRuntime::sleep_blocking(Micros duration) {
  std::this_thread::sleep_for(std::chrono::microseconds(duration));
}

std::uint64_t RingRuntime::random_secret() {
  std::uint64_t bits = 0;
  CHECK(::getrandom(&bits, sizeof(bits), 0) == sizeof(bits));
  return bits;
}

// ---- wires

void RingRuntime::accepted(int socket) {
  CoreId fewest = core_;
  for (CoreId core = 0; core < core_count(); ++core) {
    if (shared_.cores[core].wires.load(std::memory_order_relaxed) <
        shared_.cores[fewest].wires.load(std::memory_order_relaxed)) {
      fewest = core;
    }
  }
  shared_.cores[fewest].wires.fetch_add(1, std::memory_order_relaxed);
  if (fewest == core_) return adopt(socket);
  post(fewest, *new AcceptedSocket(socket));
}

void RingRuntime::adopt(int socket) {
  set_socket_no_delay(socket);
  auto* wire = new RingWire(*this, socket);
  wire->next_ = wires_;
  if (wires_ != nullptr) wires_->previous_ = wire;
  wires_ = wire;
  WireEvents* events = logic_->on_accept(*wire);
  wire->set_events(events);
  if (events == nullptr) wire->close();
}

void RingRuntime::finish_wires() {
  // One by one: on_closed may close further wires.
  while (!finished_.empty()) {
    RingWire* wire = finished_.back();
    finished_.pop_back();
    wire->finish();
    (wire->previous_ == nullptr ? wires_ : wire->previous_->next_) = wire->next_;
    if (wire->next_ != nullptr) wire->next_->previous_ = wire->previous_;
    delete wire;
    shared_.cores[core_].wires.fetch_sub(1, std::memory_order_relaxed);
  }
}

void RingRuntime::close_all_wires() {
  for (RingWire* wire = wires_; wire != nullptr; wire = wire->next_) wire->close();
}

std::uint32_t RingRuntime::wire_count() const {
  std::uint32_t count = 0;
  for (const auto& core : shared_.cores) count += core.wires.load(std::memory_order_relaxed);
  return count;
}

void RingRuntime::starved(RingWire& wire) {
  buffers_->ran_out();
  starved_.push_back(&wire);
}

void RingRuntime::no_longer_starved(RingWire& wire) {
  std::erase(starved_, &wire);
}

// Those that have waited longest come first, and no more than there are buffers: the others would only fail
// again.
void RingRuntime::feed_starved() {
  const std::size_t count = std::min<std::size_t>(starved_.size(), buffers_->published());
  const std::vector<RingWire*> fed(starved_.begin(), starved_.begin() + static_cast<std::ptrdiff_t>(count));
  starved_.erase(starved_.begin(), starved_.begin() + static_cast<std::ptrdiff_t>(count));
  for (RingWire* wire : fed) wire->buffers_available();
}

}  // namespace shoal::runtime
