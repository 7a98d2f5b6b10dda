// The real runtime over real sockets: a server of small test cores, driven by blocking clients on the test's
// thread.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/runtime/ring_host.h"

namespace shoal::runtime {
namespace {

std::string some_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>('a' + i * 7 % 26);
  return bytes;
}

struct Counters {
  std::atomic<std::uint32_t> accepted{0};
  std::atomic<std::uint32_t> closed{0};
  std::atomic<std::uint32_t> core_mask{0};  // cores that accepted
};

// Speaks a protocol of one line at a time:
//   "echo\n"            everything after it comes back
//   "into N\n"          the next N bytes are received straight into one span, then come back with what
//   follows "flood N\n"         N bytes are sent "flood-close N\n"   N bytes are sent, and the wire closed
//   while they are under way "parts\n"           one send of three parts
class Connection : public WireEvents {
 public:
  Connection(Wire& wire, Counters& counters) : wire_(wire), counters_(counters) { wire_.receive(); }

  void on_received(Received&& received) override {
    if (echoing_) {
      reply_later(received.bytes());
    } else {
      line_.append(received.bytes());
      const std::size_t end = line_.find('\n');
      if (end != std::string::npos) {
        const std::string rest = line_.substr(end + 1);
        line_.resize(end);
        obey(rest);
      }
    }
    // Back-pressure: a client that sends but does not read must not fill our memory.
    if (waiting_.size() > 100'000) wire_.pause_receiving();
  }
  void on_received_into(std::size_t count) override {
    missing_ -= count;
    if (missing_ > 0) return;
    echoing_ = true;
    reply_later(big_);
  }
  void on_sent(std::size_t count) override {
    sent_ += count;
    if (sent_ < sending_.size()) return send_rest();
    sending_.clear();
    flush();
  }
  void on_end(int error) override {
    ended_ = true;
    if (error != 0 || (!wire_.sending() && waiting_.empty())) wire_.close();
  }
  void on_closed() override { counters_.closed.fetch_add(1); }

 private:
  void obey(const std::string& rest) {
    const std::size_t space = line_.find(' ');
    const std::size_t count = space == std::string::npos ? 0 : std::stoul(line_.substr(space + 1));
    const std::string verb = line_.substr(0, space);
    line_.clear();
    if (verb == "echo") {
      echoing_ = true;
      if (!rest.empty()) reply_later(rest);
    } else if (verb == "into") {
      receive_big(count, rest);
    } else if (verb == "parts") {
      static constexpr char kBytes[] = "one two three";
      parts_ = {{const_cast<char*>(kBytes), 4},
                {const_cast<char*>(kBytes) + 4, 4},
                {const_cast<char*>(kBytes) + 8, 5}};
      wire_.send(parts_);
      sending_ = kBytes;
      sent_ = 0;
    } else {
      reply_later(some_bytes(count));
      if (verb == "flood-close") wire_.close();
    }
  }
  // As a parser would: what has come with the header is copied, the rest goes straight to its place.
  void receive_big(std::size_t count, const std::string& rest) {
    big_.resize(count);
    const std::size_t copied = std::min(count, rest.size());
    std::copy_n(rest.begin(), copied, big_.begin());
    missing_ = count - copied;
    if (missing_ > 0) return wire_.receive_into(std::span(big_).subspan(copied));
    echoing_ = true;
    reply_later(big_ + rest.substr(copied));
  }
  void reply_later(View bytes) {
    waiting_.append(bytes);
    flush();
  }
  void flush() {
    if (wire_.sending() || !sending_.empty()) return;
    if (waiting_.empty()) {
      ended_ ? wire_.close() : wire_.receive();
      return;
    }
    sending_.swap(waiting_);
    sent_ = 0;
    send_rest();
  }
  void send_rest() {
    parts_ = {{sending_.data() + sent_, sending_.size() - sent_}};
    wire_.send(parts_);
  }

  Wire& wire_;
  Counters& counters_;
  std::string line_;
  std::string waiting_;
  std::string sending_;
  std::string big_;
  std::size_t missing_ = 0;
  std::size_t sent_ = 0;
  std::vector<iovec> parts_;
  bool echoing_ = false;
  bool ended_ = false;
};

class TestCore : public CoreLogic {
 public:
  TestCore(Runtime& runtime, Counters& counters) : runtime_(runtime), counters_(counters) {}
  virtual ~TestCore() = default;

  WireEvents* on_accept(Wire& wire) override {
    counters_.accepted.fetch_add(1);
    counters_.core_mask.fetch_or(1u << runtime_.core());
    if (refuse_clients) return nullptr;
    connections_.push_back(std::make_unique<Connection>(wire, counters_));
    return connections_.back().get();
  }
  void deliver(Message& message) override {
    if (on_message) on_message(message);
  }
  TurnResult turn() override { return on_turn ? on_turn() : TurnResult{}; }
  void on_stop_requested() override { runtime_.stop(); }

  bool refuse_clients = false;
  std::function<void(Message&)> on_message;
  std::function<TurnResult()> on_turn;

 private:
  Runtime& runtime_;
  Counters& counters_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

HostOptions local_options(CoreId core_count = 1) {
  HostOptions options;
  options.core_count = core_count;
  options.listen.bind = {"127.0.0.1"};
  options.listen.port = ListenOptions::kAnyPort;
  return options;
}

struct Server {
  explicit Server(const HostOptions& options = local_options()) {
    auto made = RingHost::create(options);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.message());
    host = std::move(made).value();
    for (CoreId core = 0; core < options.core_count; ++core) {
      cores.push_back(std::make_unique<TestCore>(host->runtime(core), counters));
    }
  }
  void start() {
    std::vector<CoreLogic*> logics;
    for (const auto& core : cores) logics.push_back(core.get());
    host->start(logics);
  }
  // For tests whose cores refer to the test's own variables.
  void stop() {
    host->stop();
    host->join();
  }
  ~Server() { host.reset(); }

  Counters counters;
  std::unique_ptr<RingHost> host;
  std::vector<std::unique_ptr<TestCore>> cores;
};

class Client {
 public:
  explicit Client(std::uint32_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    EXPECT_TRUE(connected_);
  }
  explicit Client(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }

  void write(View bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // Exactly so many bytes, or fewer if the stream ends.
  std::string read(std::size_t count) const {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
      const ssize_t got = ::recv(socket_, bytes.data() + have, count - have, 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }
  void end_writing() const { ::shutdown(socket_, SHUT_WR); }

 private:
  int socket_;
  bool connected_ = false;
};

TEST(RingRuntime, IsSupportedHere) {
  const Status status = check_io_uring();
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.message());
}

TEST(RingRuntime, EchoesSingleBytesInOrder) {
  Server server;
  server.start();
  Client client(server.host->port());
  client.write("echo\n");
  for (const char byte : some_bytes(500)) {
    client.write(View(&byte, 1));
    EXPECT_EQ(client.read(1), std::string(1, byte));
  }
}

TEST(RingRuntime, EchoesMegabytesOverTcp) {
  Server server;
  server.start();
  Client client(server.host->port());
  const std::string bytes = some_bytes(20'000'000);
  client.write("echo\n");
  auto writer = std::async(std::launch::async, [&] { client.write(bytes); });
  EXPECT_TRUE(client.read(bytes.size()) == bytes);
  writer.get();
}

TEST(RingRuntime, ServesUnixSockets) {
  HostOptions options;
  options.listen.unix_socket = testing::TempDir() + "echo" + std::to_string(::getpid());
  Server server(options);
  server.start();
  Client client(options.listen.unix_socket);
  const std::string bytes = some_bytes(1'000'000);
  client.write("echo\n");
  auto writer = std::async(std::launch::async, [&] { client.write(bytes); });
  EXPECT_TRUE(client.read(bytes.size()) == bytes);
  writer.get();
  ::unlink(options.listen.unix_socket.c_str());
}

TEST(RingRuntime, SendsSeveralPartsAsOneStream) {
  Server server;
  server.start();
  Client client(server.host->port());
  client.write("parts\n");
  EXPECT_EQ(client.read(13), "one two three");
}

// Fewer and smaller buffers than bytes on their way: receiving stops for want of buffers again and again, and
// goes on.
TEST(RingRuntime, GoesOnWhenReceiveBuffersRanOut) {
  HostOptions options = local_options();
  options.ring.buffers = 2;
  options.ring.buffer_bytes = 512;
  Server server(options);
  server.start();
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server.host->port());
  const std::string bytes = some_bytes(50'000);
  for (const Client& client : clients) client.write("echo\n" + bytes);
  for (const Client& client : clients) EXPECT_TRUE(client.read(bytes.size()) == bytes);
}

// The span's first bytes may lie in buffers that multishot has filled before it could be cancelled, and bytes
// after the span belong to the ordinary stream again.
TEST(RingRuntime, ReceivesABigArgumentStraightIntoItsPlace) {
  for (const std::size_t size : {1ul, 100ul, 16'384ul, 70'000ul, 5'000'000ul}) {
    Server server;
    server.start();
    Client client(server.host->port());
    const std::string bytes = some_bytes(size) + "and what follows";
    auto writer = std::async(std::launch::async, [&] {
      client.write("into " + std::to_string(size) + "\n" + bytes.substr(0, size / 3));
      client.write(bytes.substr(size / 3));
    });
    EXPECT_TRUE(client.read(bytes.size()) == bytes) << size;
    writer.get();
  }
}

TEST(RingRuntime, SlowReaderDoesNotDelayOthers) {
  Server server;
  server.start();
  Client slow(server.host->port());
  slow.write("flood 30000000\n");
  Client quick(server.host->port());
  quick.write("echo\n");
  for (int i = 0; i < 100; ++i) {
    quick.write("ping");
    EXPECT_EQ(quick.read(4), "ping");
  }
  EXPECT_TRUE(slow.read(30'000'000) == some_bytes(30'000'000));
}

void expect_soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); ++i) ::usleep(1000);
  EXPECT_TRUE(condition());
}

TEST(RingRuntime, ClosesWhileASendWaitsForItsReader) {
  Server server;
  server.start();
  Client client(server.host->port());
  client.write("flood-close 50000000\n");
  expect_soon([&] { return server.counters.closed == 1; });
  EXPECT_LT(client.read(50'000'000).size(), 50'000'000u);
}

TEST(RingRuntime, AnswersAClientThatHasEndedItsSide) {
  Server server;
  server.start();
  Client client(server.host->port());
  client.write("echo\nlast words");
  client.end_writing();
  EXPECT_EQ(client.read(100), "last words");
  expect_soon([&] { return server.counters.closed == 1; });
}

TEST(RingRuntime, ForgetsClientsThatVanish) {
  Server server(local_options(2));
  server.start();
  {
    std::vector<Client> clients;
    for (int i = 0; i < 30; ++i) clients.emplace_back(server.host->port());
    for (const Client& client : clients) client.write("flood 1000000\n");
    expect_soon([&] { return server.counters.accepted == 30; });
  }
  expect_soon([&] { return server.counters.closed == 30; });
  expect_soon([&] { return server.host->runtime(0).wire_count() == 0; });
}

TEST(RingRuntime, ClosesAtOnceWhoItDoesNotWant) {
  Server server;
  server.cores[0]->refuse_clients = true;
  server.start();
  Client client(server.host->port());
  EXPECT_EQ(client.read(1), "");
}

TEST(RingRuntime, SpreadsManyConnectionsOverTheCores) {
  for (const Doorbell doorbell : {Doorbell::kMessageRing, Doorbell::kEventfd}) {
    HostOptions options = local_options(3);
    options.ring.doorbell = doorbell;
    Server server(options);
    server.start();
    std::vector<Client> clients;
    for (int i = 0; i < 300; ++i) clients.emplace_back(server.host->port());
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].write("echo\n" + std::to_string(1000 + i));
    for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i].read(4), std::to_string(1000 + i));
    EXPECT_EQ(server.counters.core_mask, 0b111u);
    EXPECT_EQ(server.host->runtime(0).wire_count(), 300u);
  }
}

TEST(RingRuntime, WakesForADeadlineAndNotMuchBefore) {
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

TEST(RingRuntime, SleepsWithNothingToDo) {
  Server server(local_options(2));
  std::atomic<int> turns{0};
  for (const auto& core : server.cores) {
    core->on_turn = [&] {
      ++turns;
      return TurnResult{};
    };
  }
  server.start();
  expect_soon([&] { return turns >= 2; });
  ::usleep(50'000);
  EXPECT_LT(turns, 10);
  server.stop();
}

struct Ball : Message {
  std::uint64_t bounces = 0;
};

// Cores sleep between the bounces: each message must wake its receiver.
TEST(RingRuntime, PassesABallBetweenSleepingCores) {
  constexpr std::uint64_t kBounces = 5000;
  for (const Doorbell doorbell : {Doorbell::kMessageRing, Doorbell::kEventfd}) {
    HostOptions options = local_options(2);
    options.ring.doorbell = doorbell;
    Server server(options);
    Ball ball;
    std::promise<void> done;
    bool served = false;
    for (CoreId core = 0; core < 2; ++core) {
      Runtime& runtime = server.host->runtime(core);
      server.cores[core]->on_message = [&, core](Message& message) {
        auto& got = static_cast<Ball&>(message);
        if (++got.bounces == kBounces) return done.set_value();
        runtime.post(static_cast<CoreId>(1 - core), got);
      };
    }
    server.cores[0]->on_turn = [&] {
      if (!std::exchange(served, true)) server.host->runtime(0).post(1, ball);
      return TurnResult{};
    };
    server.start();
    done.get_future().get();
    server.stop();
  }
}

// Every core floods every other and itself through mailboxes far too small, and counts what comes.
TEST(RingRuntime, LosesNoMessageThroughFullMailboxes) {
  constexpr CoreId kCores = 3;
  constexpr std::uint64_t kEach = 3000;
  HostOptions options = local_options(kCores);
  options.mailbox_capacity = 4;
  Server server(options);
  std::vector<std::vector<Ball>> balls(kCores * kCores);
  std::vector<std::uint64_t> posted(kCores);
  std::vector<std::array<std::uint64_t, kCores>> seen(kCores);
  std::atomic<std::uint64_t> received{0};
  for (auto& each : balls) each = std::vector<Ball>(kEach);
  for (CoreId core = 0; core < kCores; ++core) {
    Runtime& runtime = server.host->runtime(core);
    server.cores[core]->on_message = [&, core](Message& message) {
      EXPECT_EQ(static_cast<Ball&>(message).bounces, seen[core][message.from]++);
      ++received;
    };
    server.cores[core]->on_turn = [&, core]() -> TurnResult {
      for (int burst = 0; burst < 50 && posted[core] < kEach; ++burst) {
        for (CoreId to = 0; to < kCores; ++to) {
          Ball& ball = balls[core * kCores + to][posted[core]];
          ball.bounces = posted[core];
          runtime.post(to, ball);
        }
        ++posted[core];
      }
      return {.more_work = posted[core] < kEach, .deadline = kNever};
    };
  }
  server.start();
  expect_soon([&] { return received == kCores * kCores * kEach; });
  server.stop();
}

// Each core adds to its own counter in every turn and to its neighbour's whenever it can borrow it. The
// counters are plain: only the gates order what happens to them.
TEST(RingRuntime, BorrowedShardsAreNeverTouchedByTwo) {
  constexpr CoreId kCores = 3;
  constexpr std::uint64_t kTurns = 3000;
  struct alignas(64) Shard {
    std::uint64_t counter = 0;
    std::uint64_t left_by_borrowers = 0;
  };
  Server server(local_options(kCores));
  std::vector<Shard> shards(kCores);
  std::vector<std::uint64_t> turns(kCores);
  std::vector<std::uint64_t> borrows(kCores);
  std::atomic<std::uint32_t> done{0};
  for (CoreId core = 0; core < kCores; ++core) {
    Runtime& runtime = server.host->runtime(core);
    server.cores[core]->on_turn = [&, core]() -> TurnResult {
      ++shards[core].counter;
      shards[core].left_by_borrowers = 0;
      const CoreId neighbour = static_cast<CoreId>((core + 1) % kCores);
      if (runtime.try_borrow(neighbour)) {
        ++shards[neighbour].counter;
        ++borrows[core];
        const bool leave_work = runtime.random().below(4) == 0;
        if (leave_work) ++shards[neighbour].left_by_borrowers;
        runtime.give_back(neighbour, leave_work ? AfterBorrow::kWorkLeft : AfterBorrow::kNothingLeft);
      }
      if (++turns[core] == kTurns) ++done;
      const bool naps = runtime.random().below(2) == 0;
      return {.more_work = turns[core] < kTurns && !naps,
              .deadline = turns[core] < kTurns ? runtime.now() + 20 : kNever};
    };
  }
  server.start();
  expect_soon([&] { return done == kCores; });
  server.stop();
  std::uint64_t added = 0;
  std::uint64_t counted = 0;
  for (CoreId core = 0; core < kCores; ++core) {
    added += turns[core] + borrows[core];
    counted += shards[core].counter;
  }
  EXPECT_EQ(counted, added);
}

TEST(RingRuntime, WorkLeftByABorrowerWakesTheOwner) {
  Server server(local_options(2));
  bool work = false;  // of core 1's shard
  std::promise<void> seen;
  std::atomic<bool> left{false};
  server.cores[0]->on_turn = [&]() -> TurnResult {
    Runtime& runtime = server.host->runtime(0);
    if (left || !runtime.try_borrow(1)) return {.more_work = !left, .deadline = kNever};
    work = true;
    left = true;
    runtime.give_back(1, AfterBorrow::kWorkLeft);
    return {};
  };
  server.cores[1]->on_turn = [&]() -> TurnResult {
    if (std::exchange(work, false)) seen.set_value();
    return {};
  };
  server.start();
  seen.get_future().get();
  server.stop();
}

TEST(RingRuntime, StopsOnASignal) {
  HostOptions options = local_options(2);
  options.signals = Signals::kStopServer;
  Server server(options);
  server.start();
  Client client(server.host->port());
  client.write("echo\nx");
  EXPECT_EQ(client.read(1), "x");
  ::kill(::getpid(), SIGTERM);
  server.host->join();
  EXPECT_EQ(server.counters.closed, 1u);
}

TEST(RingRuntime, NamesThePeerAsRedisDoes) {
  Server server;
  std::promise<std::string> name;
  struct Named : TestCore {
    using TestCore::TestCore;
    WireEvents* on_accept(Wire& wire) override {
      EXPECT_TRUE(wire.is_loopback());
      EXPECT_FALSE(wire.is_unix());
      names->set_value(wire.peer_name() + " " + wire.local_name());
      return TestCore::on_accept(wire);
    }
    std::promise<std::string>* names = nullptr;
  };
  auto core = std::make_unique<Named>(server.host->runtime(0), server.counters);
  core->names = &name;
  server.cores[0] = std::move(core);
  server.start();
  Client client(server.host->port());
  const std::string names = name.get_future().get();
  EXPECT_EQ(names.substr(0, 10), "127.0.0.1:");
  EXPECT_EQ(names.substr(names.find(' ') + 1), "127.0.0.1:" + std::to_string(server.host->port()));
}

}  // namespace
}  // namespace shoal::runtime
