// What a request costs from received bytes to bytes to send, without a kernel: parse, route, execute, reply.
// One core on a runtime that does nothing, a million keys.
#include <benchmark/benchmark.h>
#include <mimalloc-new-delete.h>

#include <fmt/format.h>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "server/config/log.h"
#include "server/core/core.h"
#include "server/core/process.h"
#include "server/runtime/runtime.h"
#include "server/runtime/wire.h"
#include "storage/base/random.h"
#include "storage/key.h"

namespace shoal {
namespace {

constexpr std::uint64_t kKeys = 1'000'000;
constexpr std::size_t kValueBytes = 64;
constexpr Micros kNow = 1'000'000;
constexpr Millis kWallClock = 1'700'000'000'000;

/// A core that is alone and never sleeps; its time stands still.
class NullRuntime final : public runtime::Runtime {
 public:
  NullRuntime() : Runtime(0, 1, 1) {
    begin_turn(kNow, kWallClock * 1000 - kNow);
    nanos_per_tick_ = 0.4;  // About right: only what counts as a slow command depends on it.
  }
  Micros now_fresh() const override { return now(); }
  void sleep_blocking(Micros) override {}
  void run_aside(std::function<void()>, std::function<void()>) override {}
  std::uint64_t random_secret() override { return random().next(); }
  void flush_posts() override { CHECK(posted_to_.empty()); }
  bool try_borrow(CoreId) override { return false; }
  void give_back(CoreId, runtime::AfterBorrow) override {}
  std::uint32_t wire_count() const override { return 1; }
  void stop() override {}
  void read_clock_again() override {}
};

/// A connection whose other end takes everything at once.
class NullWire final : public runtime::Wire, public runtime::BufferSource {
 public:
  void receive() override {}
  void receive_into(std::span<char>) override {}
  void send(std::span<const iovec> parts) override {
    for (const iovec& part : parts) in_flight_ += part.iov_len;
    first_byte_ = *static_cast<const char*>(parts.front().iov_base);
  }
  bool sending() const override { return in_flight_ > 0; }
  void close() override {}
  std::string peer_name() const override { return "127.0.0.1:10000"; }
  std::string local_name() const override { return "127.0.0.1:6379"; }
  bool is_unix() const override { return false; }
  bool is_loopback() const override { return true; }
  int descriptor() const override { return 3; }
  void set_keepalive(int) override {}
  void give_back(std::uint16_t) override {}
  bool is_scarce() const override { return false; }

  std::size_t take_in_flight() { return std::exchange(in_flight_, 0); }
  char first_byte() const { return first_byte_; }

 private:
  std::size_t in_flight_ = 0;
  char first_byte_ = 0;  // of the last send
};

/// One core with one client.
class Server {
 public:
  Server()
      : log_(config::Log::to(config::LogLevel::kWarning, [](config::LogLevel, View) {})),
        process_(one_core(), *log_, host_, 1, kWallClock, std::string(40, 'a')),
        core_(process_, runtime_) {
    core_.on_start();
    client_ = core_.on_accept(wire_);
  }

  /// Receives the bytes, runs every request in them and sends the replies. Returns the replies' bytes.
  std::size_t run(View requests) {
    client_->on_received(runtime::Received(requests, wire_, 0));
    std::size_t replied = 0;
    bool more_work = true;
    while (more_work || wire_.sending()) {
      more_work = core_.turn().more_work;
      const std::size_t sent = wire_.take_in_flight();
      replied += sent;
      if (sent > 0) client_->on_sent(sent);
    }
    return replied;
  }
  /// What the replies of the last run began with.
  char first_byte() const { return wire_.first_byte(); }

 private:
  static config::Settings one_core() {
    config::Settings settings;
    settings.cores.threads = 1;
    return settings;
  }

  std::unique_ptr<config::Log> log_;
  runtime::IdleHost host_;
  core::Process process_;
  NullRuntime runtime_;
  NullWire wire_;
  core::Core core_;
  runtime::WireEvents* client_ = nullptr;
};

std::string key_name(std::uint64_t number) {
  return fmt::format("key:{:012}", number);
}

std::string get_request(std::uint64_t number) {
  return fmt::format("*2\r\n$3\r\nGET\r\n$16\r\n{}\r\n", key_name(number));
}

std::string set_request(std::uint64_t number) {
  return fmt::format("*3\r\n$3\r\nSET\r\n$16\r\n{}\r\n${}\r\n{}\r\n", key_name(number), kValueBytes,
                     std::string(kValueBytes, 'x'));
}

std::string mget_request(std::uint64_t number) {
  std::string request = "*11\r\n$4\r\nMGET\r\n";
  for (std::uint64_t i = 0; i < 10; ++i) {
    request += fmt::format("$16\r\n{}\r\n", key_name((number + i * 99'991) % kKeys));
  }
  return request;
}

void fill(Server& server) {
  for (std::uint64_t i = 0; i < kKeys; ++i) server.run(set_request(i));
}

/// Batches of requests for random keys, one after another, as a receive buffer would hold them: copied to the
/// same place just before, and so in the cache.
void run_batches(benchmark::State& state, Server& server, std::string (*request)(std::uint64_t),
                 char expected) {
  constexpr std::size_t kRequests = std::size_t{1} << 16;  // before they repeat
  const auto batch = static_cast<std::size_t>(state.range(0));
  Random random(1);
  std::vector<std::string> batches(kRequests / batch);
  std::size_t longest = 0;
  for (std::string& requests : batches) {
    for (std::size_t i = 0; i < batch; ++i) requests += request(random.below(kKeys));
    longest = std::max(longest, requests.size());
  }
  std::vector<char> received(longest);
  std::size_t next = 0;
  for (auto _ : state) {
    const std::string& requests = batches[next];
    next = next + 1 == batches.size() ? 0 : next + 1;
    std::memcpy(received.data(), requests.data(), requests.size());
    benchmark::DoNotOptimize(server.run(View(received.data(), requests.size())));
  }
  CHECK(server.first_byte() == expected);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

/// Which core a request goes to: its key's hash, its slot, the slot's owner.
void route_key(benchmark::State& state) {
  constexpr std::size_t kNames = 4096;
  constexpr Millis kStart = 0;
  const dispatch::CommandTable table({});
  const dispatch::Node node(4, 1, table, kStart);
  Random random(1);
  std::vector<std::string> names(kNames);
  for (std::string& name : names) name = key_name(random.below(kKeys));
  std::size_t next = 0;
  for (auto _ : state) {
    const Key key = make_key(names[next++ % kNames]);
    benchmark::DoNotOptimize(key.hash);
    benchmark::DoNotOptimize(node.owner(key.slot));
  }
  state.SetItemsProcessed(state.iterations());
}

void hash_key(benchmark::State& state) {
  const std::string name = key_name(123'456);
  for (auto _ : state) benchmark::DoNotOptimize(key_hash(name));
  state.SetItemsProcessed(state.iterations());
}

void find_slot(benchmark::State& state) {
  const std::string name = key_name(123'456);
  for (auto _ : state) benchmark::DoNotOptimize(key_slot(name));
  state.SetItemsProcessed(state.iterations());
}

}  // namespace
}  // namespace shoal

int main(int argc, char** argv) {
  using namespace shoal;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  Server server;
  fill(server);
  const auto register_batches = [&server](const char* name, std::string (*request)(std::uint64_t),
                                          char reply) {
    benchmark::RegisterBenchmark(
        name,
        [&server, request, reply](benchmark::State& state) { run_batches(state, server, request, reply); })
        ->Arg(1)
        ->Arg(16)
        ->Arg(64);
  };
  register_batches("get", get_request, '$');
  register_batches("set", set_request, '+');
  register_batches("mget_of_10", mget_request, '*');
  benchmark::RegisterBenchmark("route_key", route_key);
  benchmark::RegisterBenchmark("hash_key", hash_key);
  benchmark::RegisterBenchmark("find_slot", find_slot);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
