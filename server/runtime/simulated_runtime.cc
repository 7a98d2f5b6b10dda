#include "server/runtime/simulated_runtime.h"

#include <algorithm>
#include <utility>

#include "storage/base/check.h"

namespace shoal::runtime {
namespace {

// 14 November 2023, 22:13:20 UTC: when simulated time begins.
constexpr Millis kWallStart = 1'700'000'000'000;

// One thing that happened, besides what SimulatedWire::step names.
enum class Happening : std::uint64_t { kTurn = 101, kDelivered, kAccepted, kBorrowed, kRefused, kStopped };

std::uint64_t name(Happening happening, std::uint64_t detail) {
  return static_cast<std::uint64_t>(happening) << 56 | detail;
}

}  // namespace

SimulatedRuntime::SimulatedRuntime(Simulation& simulation, CoreId core, const SimulationOptions& options)
    : Runtime(core, options.core_count, options.seed), simulation_(simulation), buffers_(options.buffers) {
  counts_ticks_by_clock_ = true;
  begin_turn(simulation.now(), kWallStart * 1000);
}

Micros SimulatedRuntime::now_fresh() const {
  return simulation_.now_ += simulation_.options_.clock_step;
}

void SimulatedRuntime::read_clock_again() {
  set_clock(simulation_.now_, kWallStart * 1000);
}

void SimulatedRuntime::sleep_blocking(Micros duration) {
  simulation_.now_ += duration;
}

std::uint32_t SimulatedRuntime::wire_count() const {
  std::size_t count = 0;
  for (const auto& runtime : simulation_.runtimes_)
    count += runtime->wires_.size() + runtime->arriving_.size();
  return static_cast<std::uint32_t>(count);
}

void SimulatedRuntime::stop() {
  simulation_.stopping_ = true;
}

void SimulatedRuntime::flush_posts() {
  std::size_t kept = 0;
  for (const CoreId to : posted_to_) {
    MessageList& outbox = outboxes_[to];
    if (to != core_) {
      Simulation::Mailbox& box = simulation_.box(core_, to);
      while (!outbox.empty() && box.size() < simulation_.options_.mailbox_capacity) {
        const Micros delay = static_cast<Micros>(simulation_.random_.below(
            static_cast<std::uint64_t>(simulation_.options_.message_delay_max) + 1));
        const Micros after = box.empty() ? 0 : box.back().arrives;
        box.push_back({&outbox.pop(), std::max(simulation_.now_ + delay, after)});
      }
    }
    if (!outbox.empty()) posted_to_[kept++] = to;
  }
  posted_to_.resize(kept);
}

bool SimulatedRuntime::try_borrow(CoreId owner) {
  CHECK(owner != core_ && std::ranges::count(borrowed_, owner) == 0);
  if (std::ranges::count(refusing_, owner) > 0) return false;
  SimulatedRuntime& lender = *simulation_.runtimes_[owner];
  const bool awake = lender.in_turn_ || lender.is_borrowed_;
  if (awake || simulation_.random_.below(100) >= simulation_.options_.asleep_percent) {
    refusing_.push_back(owner);
    simulation_.record(name(Happening::kRefused, owner));
    return false;
  }
  borrowed_.push_back(owner);
  lender.is_borrowed_ = true;
  simulation_.record(name(Happening::kBorrowed, owner));
  return true;
}

void SimulatedRuntime::give_back(CoreId owner, AfterBorrow after) {
  CHECK(std::erase(borrowed_, owner) == 1);
  simulation_.runtimes_[owner]->is_borrowed_ = false;
  if (after == AfterBorrow::kWorkLeft) simulation_.runtimes_[owner]->must_turn_ = true;
}

bool SimulatedRuntime::has_room_for_posts() const {
  return std::ranges::any_of(posted_to_, [this](CoreId to) {
    return to == core_ || simulation_.box(core_, to).size() < simulation_.options_.mailbox_capacity;
  });
}

// Something can happen on this core without time moving on.
bool SimulatedRuntime::ready() const {
  if (stopped_ || in_turn_ || is_borrowed_) return false;
  return must_turn_ || stop_wanted_ || simulation_.stopping_ || !arriving_.empty() || !errands_.empty() ||
         has_room_for_posts() ||
         std::ranges::any_of(wires_, [](const auto& wire) { return wire->ready(); }) ||
         next_event() <= simulation_.now_;
}

Micros SimulatedRuntime::next_event() const {
  if (stopped_ || in_turn_ || is_borrowed_) return kNever;
  Micros next = last_turn_.more_work ? simulation_.now_ : last_turn_.deadline;
  for (CoreId from = 0; from < core_count(); ++from) {
    const Simulation::Mailbox& box = simulation_.box(from, core_);
    if (!box.empty()) next = std::min(next, box.front().arrives);
  }
  return next;
}

void SimulatedRuntime::turn() {
  in_turn_ = true;
  must_turn_ = false;
  refusing_.clear();
  begin_turn(simulation_.now_, kWallStart * 1000);
  if (std::exchange(stop_wanted_, false)) logic_->on_stop_requested();
  if (simulation_.stopping_) {
    for (const auto& wire : wires_) wire->close();
  }
  if (!arriving_.empty()) accept_one();
  step_wires();
  deliver_own_messages();
  deliver_messages();
  run_errand();
  last_turn_ = logic_->turn();
  CHECK(borrowed_.empty());
  forget_closed_wires();
  flush_posts();
  if (simulation_.stopping_ && wires_.empty() && arriving_.empty()) {
    stopped_ = true;
    simulation_.record(name(Happening::kStopped, core_));
    logic_->on_stopped();
    simulation_.discard_messages_if_over();
  }
  in_turn_ = false;
}

void SimulatedRuntime::discard_posts() {
  for (MessageList& outbox : outboxes_) {
    while (!outbox.empty()) logic_->discard(outbox.pop());
  }
  posted_to_.clear();
}

void SimulatedRuntime::run_errand() {
  if (errands_.empty()) return;
  const Errand errand = std::move(errands_.front());
  errands_.pop_front();
  errand.work();
  errand.then();
}

void SimulatedRuntime::accept_one() {
  const auto [number, pipe] = arriving_.front();
  arriving_.pop_front();
  wires_.push_back(std::make_unique<SimulatedWire>(number, *pipe, buffers_, simulation_.random_));
  SimulatedWire& wire = *wires_.back();
  simulation_.record(name(Happening::kAccepted, number));
  WireEvents* events = logic_->on_accept(wire);
  wire.set_events(events);
  if (events == nullptr) wire.close();
}

// Each wire that can do something does up to three things, or is passed over this time.
void SimulatedRuntime::step_wires() {
  const std::uint32_t disconnects = simulation_.options_.disconnects_per_million;
  for (const auto& wire : wires_) {
    if (disconnects > 0 && simulation_.random_.below(1'000'000) < disconnects) wire->reset_by_client();
    if (!wire->ready()) continue;
    const std::uint64_t times = simulation_.random_.below(4);
    for (std::uint64_t time = 0; time < times; ++time) {
      const std::uint64_t happened = wire->step();
      if (happened != 0) simulation_.record(happened);
    }
  }
}

void SimulatedRuntime::forget_closed_wires() {
  std::erase_if(wires_, [](const auto& wire) { return wire->closed(); });
}

void SimulatedRuntime::deliver_own_messages() {
  if (outboxes_[core_].empty()) return;
  std::erase(posted_to_, core_);
  MessageList own = outboxes_[core_].take_all();
  while (!own.empty()) logic_->deliver(own.pop());
}

// Some of what has arrived, from the senders in random order; the rest in a later turn.
void SimulatedRuntime::deliver_messages() {
  std::vector<CoreId> senders;
  for (CoreId from = 0; from < core_count(); ++from) {
    if (!simulation_.box(from, core_).empty()) senders.push_back(from);
  }
  while (!senders.empty()) {
    const std::size_t chosen = simulation_.random_.below(senders.size());
    const CoreId from = senders[chosen];
    Simulation::Mailbox& box = simulation_.box(from, core_);
    if (box.empty() || box.front().arrives > now() || simulation_.random_.below(8) == 0) {
      senders.erase(senders.begin() + static_cast<std::ptrdiff_t>(chosen));
      continue;
    }
    Message* message = box.front().message;
    box.pop_front();
    simulation_.record(name(Happening::kDelivered, std::uint64_t{from} << 16 | message->kind));
    logic_->deliver(*message);
  }
}

Simulation::Simulation(const SimulationOptions& options)
    : options_(options), random_(options.seed), boxes_(std::size_t{options.core_count} * options.core_count) {
  CHECK(options.core_count >= 1 && options.core_count <= kCoreCountMax);
  for (CoreId core = 0; core < options.core_count; ++core) {
    runtimes_.push_back(std::make_unique<SimulatedRuntime>(*this, core, options));
  }
}

Simulation::~Simulation() = default;

void Simulation::start(std::span<CoreLogic* const> logics) {
  CHECK(logics.size() == runtimes_.size());
  for (CoreId core = 0; core < core_count(); ++core) runtimes_[core]->logic_ = logics[core];
  for (CoreId core = 0; core < core_count(); ++core) logics[core]->on_start();
}

SimulatedClient& Simulation::connect() {
  pipes_.push_back(std::make_unique<SimulatedPipe>());
  SimulatedPipe& pipe = *pipes_.back();
  pipe.capacity = options_.wire_capacity;
  clients_.push_back(std::make_unique<SimulatedClient>(pipe));
  const auto load = [](const auto& runtime) { return runtime->wires_.size() + runtime->arriving_.size(); };
  auto& fewest = *std::ranges::min_element(runtimes_, {}, load);
  fewest->arriving_.emplace_back(static_cast<std::uint32_t>(clients_.size()), &pipe);
  return *clients_.back();
}

void Simulation::record(std::uint64_t what) {
  history_ = (history_ ^ what) * 0x9e3779b97f4a7c15ULL;
  history_ ^= history_ >> 32;
}

SimulatedRuntime* Simulation::choose_ready() {
  const std::size_t start = random_.below(runtimes_.size());
  for (std::size_t i = 0; i < runtimes_.size(); ++i) {
    SimulatedRuntime* runtime = runtimes_[(start + i) % runtimes_.size()].get();
    if (runtime->ready()) return runtime;
  }
  return nullptr;
}

// Once every core has ended.
void Simulation::discard_messages_if_over() {
  if (!std::ranges::all_of(runtimes_, [](const auto& runtime) { return runtime->stopped_; })) return;
  for (const auto& runtime : runtimes_) runtime->discard_posts();
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    for (const Letter& letter : boxes_[i]) runtimes_[i % core_count()]->logic_->discard(*letter.message);
    boxes_[i].clear();
  }
}

bool Simulation::step() {
  now_ += static_cast<Micros>(random_.below(20));
  SimulatedRuntime* chosen = choose_ready();
  if (chosen == nullptr) {
    Micros next = kNever;
    for (const auto& runtime : runtimes_) next = std::min(next, runtime->next_event());
    if (next == kNever) return false;
    now_ = std::max(now_, next);
    chosen = choose_ready();
    CHECK(chosen != nullptr);
  }
  give_turn(*chosen);
  return true;
}

void Simulation::give_turn(SimulatedRuntime& chosen) {
  ++steps_;
  record(name(Happening::kTurn,
              std::uint64_t{chosen.core()} << 48 | (static_cast<std::uint64_t>(now_) & 0xffffffff)));
  chosen.turn();
}

void Simulation::preempt() {
  if (random_.below(100) >= options_.preempted_percent) return;
  for (std::uint64_t turns = 1 + random_.below(8); turns > 0; --turns) {
    now_ += static_cast<Micros>(random_.below(100));
    if (SimulatedRuntime* chosen = choose_ready()) give_turn(*chosen);
  }
}

bool Simulation::run_until(const std::function<bool()>& condition, std::uint64_t steps_max) {
  for (std::uint64_t i = 0; i < steps_max && !condition(); ++i) {
    if (!step()) break;
  }
  return condition();
}

void Simulation::run_for(Micros duration, std::uint64_t steps_max) {
  const Micros end = now_ + duration;
  run_until([&] { return now_ >= end; }, steps_max);
  now_ = std::max(now_, end);
}

}  // namespace shoal::runtime
