#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <set>

#include "storage/base/random.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/workloads.h"

namespace shoal::simulation {

runtime::SimulationOptions draw_conditions(std::uint64_t seed, CoreId cores_min) {
  Random random(seed ^ 0x5eed);
  runtime::SimulationOptions options;
  options.seed = seed;
  options.core_count = static_cast<CoreId>(cores_min + random.below(5 - cores_min));
  options.mailbox_capacity = 1 + random.below(16);
  options.buffers = static_cast<std::uint16_t>(2 + random.below(30));
  options.wire_capacity = 64 + random.below(4096);
  options.message_delay_max = static_cast<Micros>(random.below(3) == 0 ? 5 : random.below(2000));
  constexpr std::uint32_t kAsleep[] = {0, 20, 50, 90};
  options.asleep_percent = kAsleep[random.below(4)];
  constexpr std::uint32_t kPreempted[] = {0, 10, 50};
  options.preempted_percent = kPreempted[random.below(3)];
  options.disconnects_per_million = random.below(4) == 0 ? 200 : 0;
  return options;
}

namespace {

constexpr long long kBalance = 100;

class Transfers {
 public:
  Transfers(std::uint64_t seed, CoreId cores_min)
      : random_(seed), server_(draw_conditions(seed, cores_min)), operations_left_(60 + random_.below(100)) {
    for (std::size_t i = 0; i < 2 + random_.below(6); ++i) accounts_.push_back(fmt::format("account:{}", i));
    for (std::size_t i = 0; i < 2 + random_.below(3); ++i)
      group_.push_back(fmt::format("group:{}", random_.below(1000)));
  }
  Outcome run();

 private:
  void violated(const std::string& what) {
    if (outcome_.violation.empty()) outcome_.violation = what;
  }
  void expect_status(const Reply& reply, const std::string& wanted, const char* of) {
    if (reply.text != wanted) violated(fmt::format("{} answered {}", of, describe(reply)));
  }
  bool set_up();
  void begin(TestClient& client);
  void transfer(TestClient& client);
  void audit(TestClient& client);
  void write_group(TestClient& client);
  void read_group(TestClient& client);
  void count_up(TestClient& client);
  void commit_count(TestClient& client, const Reply& value);
  void check_sum(const Reply& balances);
  void check_group(const Reply& values);
  void final_checks();
  void ask_for_everything(TestClient& last);
  TestClient* free_client();

  Random random_;
  SimulatedServer server_;
  std::vector<std::string> accounts_;
  std::vector<std::string> group_;
  std::uint64_t operations_left_;
  std::uint64_t next_value_ = 1;
  std::set<TestClient*> counting_;  // between WATCH and MULTI: what came then would belong to the transaction
  long long counted_ = 0;           // increments that were confirmed
  long long uncertain_ = 0;         // increments sent whose reply has not come
  Outcome outcome_;
};

bool Transfers::set_up() {
  TestClient& client = server_.connect();
  Args accounts{"MSET"}, group{"MSET"};
  for (const std::string& account : accounts_)
    accounts.insert(accounts.end(), {account, std::to_string(kBalance)});
  for (const std::string& key : group_) group.insert(group.end(), {key, "0"});
  bool accounts_set = false, group_set = false;
  client.ask(accounts, [&](const Reply& reply) { accounts_set = reply.text == "OK"; });
  client.ask(group, [&](const Reply& reply) { group_set = reply.text == "OK"; });
  server_.finish();
  return accounts_set && group_set;
}

TestClient* Transfers::free_client() {
  for (int attempt = 0; attempt < 4; ++attempt) {
    TestClient& client = *server_.clients()[random_.below(server_.clients().size())];
    if (!client.gone() && client.outstanding() < 12 && !counting_.contains(&client)) return &client;
  }
  return nullptr;
}

void Transfers::begin(TestClient& client) {
  for (std::uint64_t count = 1 + random_.below(3); count > 0; --count) {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2: transfer(client); break;
      case 3:
      case 4: audit(client); break;
      case 5: write_group(client); break;
      case 6: read_group(client); break;
      default: count_up(client); count = 1;
    }
  }
  client.send();
}

void Transfers::transfer(TestClient& client) {
  const std::string& from = accounts_[random_.below(accounts_.size())];
  const std::string& to = accounts_[random_.below(accounts_.size())];
  const std::string amount = std::to_string(1 + random_.below(20));
  client.queue({"MULTI"}, [this](const Reply& reply) { expect_status(reply, "OK", "MULTI"); });
  client.queue({"DECRBY", from, amount},
               [this](const Reply& reply) { expect_status(reply, "QUEUED", "DECRBY"); });
  client.queue({"INCRBY", to, amount},
               [this](const Reply& reply) { expect_status(reply, "QUEUED", "INCRBY"); });
  client.queue({"EXEC"}, [this](const Reply& reply) {
    ++outcome_.operations;
    if (reply.children.size() != 2) violated("a transfer's EXEC answered " + describe(reply));
  });
}

void Transfers::audit(TestClient& client) {
  Args args{"MGET"};
  args.insert(args.end(), accounts_.begin(), accounts_.end());
  client.queue(args, [this](const Reply& reply) { check_sum(reply); });
}

void Transfers::check_sum(const Reply& balances) {
  ++outcome_.operations;
  long long sum = 0;
  for (const Reply& balance : balances.children) sum += std::atoll(balance.text.c_str());
  const long long expected = kBalance * static_cast<long long>(accounts_.size());
  if (sum != expected) violated(fmt::format("the accounts hold {} instead of {}", sum, expected));
}

void Transfers::write_group(TestClient& client) {
  Args args{"MSET"};
  const std::string value = std::to_string(next_value_++);
  for (const std::string& key : group_) args.insert(args.end(), {key, value});
  client.queue(args, [this](const Reply& reply) {
    ++outcome_.operations;
    expect_status(reply, "OK", "MSET");
  });
}

void Transfers::read_group(TestClient& client) {
  Args args{"MGET"};
  args.insert(args.end(), group_.begin(), group_.end());
  client.queue(args, [this](const Reply& reply) { check_group(reply); });
}

void Transfers::check_group(const Reply& values) {
  ++outcome_.operations;
  for (const Reply& value : values.children) {
    if (value != values.children[0]) violated("an MSET was seen half done: " + describe(values));
  }
}

void Transfers::count_up(TestClient& client) {
  counting_.insert(&client);
  client.queue({"WATCH", "counter", group_[0]},
               [this](const Reply& reply) { expect_status(reply, "OK", "WATCH"); });
  client.queue({"GET", "counter"}, [this, &client](const Reply& reply) { commit_count(client, reply); });
  client.send();
}

void Transfers::commit_count(TestClient& client, const Reply& value) {
  const std::string next = std::to_string(std::atoll(value.text.c_str()) + 1);
  ++uncertain_;
  counting_.erase(&client);
  client.queue({"MULTI"}, [this](const Reply& reply) { expect_status(reply, "OK", "MULTI"); });
  client.queue({"SET", "counter", next},
               [this](const Reply& reply) { expect_status(reply, "QUEUED", "SET"); });
  client.queue({"EXEC"}, [this](const Reply& reply) {
    ++outcome_.operations;
    --uncertain_;
    if (reply.type != ReplyType::kNull) ++counted_;
  });
  client.send();
}

// A client that is cut off is followed by another: it is the replies that must come, not this client's luck.
void Transfers::final_checks() {
  constexpr int kAttemptsMax = 20;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    TestClient& last = server_.connect();
    ask_for_everything(last);
    if (!server_.finish()) return violated("the last client got no replies");
    if (!last.gone()) return;
  }
  violated("every last client was cut off");
}

void Transfers::ask_for_everything(TestClient& last) {
  audit(last);
  read_group(last);
  last.queue({"GET", "counter"}, [this](const Reply& reply) {
    const long long value = std::atoll(reply.text.c_str());
    if (value < counted_ || value > counted_ + uncertain_) {
      violated(fmt::format("the counter is {}, and {} increments were confirmed, {} not", value, counted_,
                           uncertain_));
    }
  });
  last.send();
}

Outcome Transfers::run() {
  if (!set_up()) return outcome_;  // Its connection was cut: nothing to see with this seed.
  for (std::size_t count = 2 + random_.below(5); count > 0; --count) server_.connect();
  while (operations_left_ > 0 && outcome_.violation.empty()) {
    if (random_.below(4) == 0) {
      --operations_left_;
      if (TestClient* client = free_client()) begin(*client);
      if (random_.below(200) == 0) server_.clients()[random_.below(server_.clients().size())]->disconnect();
    }
    server_.step();
  }
  if (!server_.finish()) violated("some client waits for ever");
  if (outcome_.violation.empty()) final_checks();
  outcome_.history = server_.history();
  return outcome_;
}

}  // namespace

Outcome run_transfers(std::uint64_t seed, CoreId cores_min) {
  return Transfers(seed, cores_min).run();
}

}  // namespace shoal::simulation
