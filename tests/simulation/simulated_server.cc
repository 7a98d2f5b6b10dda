#include "tests/simulation/simulated_server.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>

#include "storage/preemption_point.h"

namespace shoal {

namespace {
// The simulation whose turn is running on this thread, for preemption_point(), which can be handed nothing.
thread_local runtime::Simulation* running_simulation = nullptr;
}  // namespace

#ifdef SHOAL_PREEMPTION_POINTS
void preemption_point() {
  if (running_simulation != nullptr) running_simulation->preempt();
}
#endif

namespace simulation {
namespace {

constexpr Millis kStart = 1'700'000'000'000;  // As the simulated wall clock begins.

config::Settings with_cores(config::Settings settings, CoreId core_count) {
  settings.cores.threads = core_count;
  return settings;
}

}  // namespace

std::string encode(const Args& args) {
  std::string bytes = fmt::format("*{}\r\n", args.size());
  for (const std::string& arg : args) bytes += fmt::format("${}\r\n{}\r\n", arg.size(), arg);
  return bytes;
}

std::string in_words(const Args& args) {
  std::string words;
  for (const std::string& arg : args) {
    if (!words.empty()) words += ' ';
    words += arg;
  }
  return words;
}

void TestClient::queue(const Args& args, OnReply on_reply) {
  unsent_ += encode(args);
  waiting_.push_back(std::move(on_reply));
}

void TestClient::send() {
  wire_.write(unsent_);
  unsent_.clear();
}

void TestClient::take_bytes() {
  const std::string bytes = wire_.read();
  for (const char byte : bytes)
    bytes_hash_ = (bytes_hash_ ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  unread_ += bytes;
}

bool TestClient::read(Reply& reply) {
  take_bytes();
  if (unread_.empty()) return false;
  std::size_t consumed = 0;
  const protocol::ReplyOutcome outcome = parser_.parse(unread_, consumed, reply);
  unread_.erase(0, consumed);
  EXPECT_NE(outcome, protocol::ReplyOutcome::kError) << parser_.error();
  return outcome == protocol::ReplyOutcome::kReply;
}

void TestClient::read_what_is_there() {
  if (gone_) return;
  Reply reply;
  while (read(reply)) {
    if (waiting_.empty() && on_unasked_) {
      on_unasked_(reply);
      continue;
    }
    if (waiting_.empty()) {
      ADD_FAILURE() << "client " << number_ << " got a reply it did not ask for: " << describe(reply);
      return;
    }
    const OnReply on_reply = std::move(waiting_.front());
    waiting_.pop_front();
    on_reply(reply);
    reply = Reply();
  }
}

SimulatedServer::SimulatedServer(const runtime::SimulationOptions& options, config::Settings settings)
    : log_(config::Log::to(config::LogLevel::kWarning, [](config::LogLevel, View) {})),
      process_(with_cores(std::move(settings), options.core_count), *log_, host_, options.core_count, kStart,
               std::string(40, 'a')),
      simulation_(options) {
  std::vector<runtime::CoreLogic*> logics;
  for (CoreId core = 0; core < options.core_count; ++core) {
    cores_.push_back(std::make_unique<core::Core>(process_, simulation_.runtime(core)));
    logics.push_back(cores_.back().get());
  }
  simulation_.start(logics);
}

SimulatedServer::~SimulatedServer() {
  EXPECT_TRUE(stop()) << "the server does not end";
  cores_.clear();
}

TestClient& SimulatedServer::connect() {
  clients_.push_back(std::make_unique<TestClient>(simulation_, clients_.size()));
  return *clients_.back();
}

bool SimulatedServer::step() {
  running_simulation = &simulation_;
  const bool happened = simulation_.step();
  running_simulation = nullptr;
  for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i]->poll();
  return happened;
}

bool SimulatedServer::finish(std::uint64_t steps_max) {
  const auto done = [this] {
    return std::ranges::all_of(
        clients_, [](const auto& client) { return !client->is_reading() || client->outstanding() == 0; });
  };
  for (std::uint64_t i = 0; i < steps_max && !done(); ++i) {
    if (!step()) break;
  }
  return done();
}

Reply SimulatedServer::call(TestClient& client, const Args& args) {
  Reply result;
  bool replied = false;
  client.ask(args, [&](const Reply& reply) {
    result = reply;
    replied = true;
  });
  EXPECT_TRUE(finish()) << in_words(args);
  EXPECT_TRUE(replied) << in_words(args);
  return result;
}

bool SimulatedServer::stop(std::uint64_t steps_max) {
  simulation_.request_stop();
  std::uint64_t steps = 0;
  running_simulation = &simulation_;
  while (steps < steps_max && simulation_.step()) ++steps;
  running_simulation = nullptr;
  return steps < steps_max;
}

std::uint64_t SimulatedServer::history() const {
  std::uint64_t hash = simulation_.history();
  for (const auto& client : clients_) hash = hash * 31 + client->bytes_hash();
  return hash;
}

Seeds seeds(std::uint64_t count) {
  if (const char* one = std::getenv("SHOAL_SEED")) {
    const std::uint64_t seed = std::strtoull(one, nullptr, 10);
    return {seed, seed + 1};
  }
  if (const char* many = std::getenv("SHOAL_SEEDS")) count = std::strtoull(many, nullptr, 10);
  return {1, count + 1};
}

std::string how_to_rerun(std::uint64_t seed) {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  return fmt::format("seed {}: rerun with SHOAL_SEED={} and --gtest_filter={}.{}", seed, seed,
                     test->test_suite_name(), test->name());
}

}  // namespace simulation
}  // namespace shoal
