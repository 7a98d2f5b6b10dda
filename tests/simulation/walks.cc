#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <set>

#include "storage/base/random.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/workloads.h"

namespace shoal::simulation {
namespace {

// A walk takes many turns, and slots are small against it.
runtime::SimulationOptions conditions_of(std::uint64_t seed, CoreId cores_min) {
  runtime::SimulationOptions options = draw_conditions(seed, cores_min);
  constexpr Micros kClockSteps[] = {1, 20, 300};
  options.clock_step = kClockSteps[seed % 3];
  return options;
}

class Walks {
 public:
  Walks(std::uint64_t seed, CoreId cores_min)
      : random_(seed),
        server_(conditions_of(seed, cores_min)),
        operations_left_(60 + random_.below(100)),
        passing_(random_.below(2) == 0 ? 40 : 600) {
    // Many of them in one slot, so that a walk pauses within it while its table grows and shrinks.
    for (std::size_t i = 0; i < 20 + random_.below(100); ++i) staying_.push_back(fmt::format("stays:{}", i));
    for (std::size_t i = 0; i < 300; ++i) staying_.push_back(fmt::format("{{s}}stays:{}", i));
    for (std::size_t i = 0; i < 5; ++i) group_.push_back(fmt::format("group:{}", i));
  }
  Outcome run();

 private:
  using Names = std::multiset<std::string>;

  void violated(const std::string& what) {
    if (outcome_.violation.empty()) outcome_.violation = what;
  }
  bool set_up();
  void begin(TestClient& client);
  void pass(TestClient& client);
  void borrow(TestClient& client);
  void write_anew(TestClient& client);
  void change_group(TestClient& client);
  void list(TestClient& client);
  void list_in_transaction(TestClient& client);
  void list_own(TestClient& client);
  void scan(TestClient& client, const std::string& cursor, std::shared_ptr<Names> seen);
  void check_all(const Names& seen, const char* walk);
  void check_group(const std::vector<Reply>& names);
  std::string passing_key() {
    return fmt::format("{}passes:{}", random_.below(2) == 0 ? "{s}" : "", random_.below(passing_));
  }
  TestClient* free_client();

  Random random_;
  SimulatedServer server_;
  std::uint64_t operations_left_;
  std::uint64_t passing_;  // how many keys may come and go, twice
  std::vector<std::string> staying_;
  std::vector<std::string> group_;  // all there or none
  Outcome outcome_;
};

bool Walks::set_up() {
  TestClient& client = server_.connect();
  Args stay{"MSET"};
  for (const std::string& key : staying_) stay.insert(stay.end(), {key, "v"});
  bool set = false;
  client.ask(stay, [&](const Reply& reply) { set = reply.text == "OK"; });
  server_.finish();
  return set;
}

TestClient* Walks::free_client() {
  TestClient& client = *server_.clients()[random_.below(server_.clients().size())];
  return !client.gone() && client.outstanding() < 8 ? &client : nullptr;
}

void Walks::begin(TestClient& client) {
  switch (random_.below(9)) {
    case 0:
    case 1: pass(client); break;
    case 2:
    case 3: borrow(client); break;
    case 4: change_group(client); break;
    case 5: list(client); break;
    case 6: list_in_transaction(client); break;
    case 7: list_own(client); break;
    default: scan(client, "0", std::make_shared<Names>());
  }
  client.send();
}

// Keys come or go, a hundred at a time.
void Walks::pass(TestClient& client) {
  const bool come = random_.below(2) == 0;
  for (int i = 0; i < 100; ++i) {
    client.queue(come ? Args{"SET", passing_key(), "v"} : Args{"DEL", passing_key()}, [](const Reply&) {});
  }
}

void Walks::borrow(TestClient& client) {
  const auto staying = [this] { return staying_[random_.below(staying_.size())]; };
  switch (random_.below(4)) {
    case 0: client.queue({"DBSIZE"}, [](const Reply&) {}); break;
    case 1: client.queue({"RENAME", passing_key(), passing_key()}, [](const Reply&) {}); break;
    case 2: write_anew(client); break;
    default: client.queue({"MSET", staying(), "v", staying(), "w", staying(), "x"}, [](const Reply&) {});
  }
}

// Keys that a transaction removes and writes again are there all the while.
void Walks::write_anew(TestClient& client) {
  client.queue({"MULTI"}, [](const Reply&) {});
  for (int i = 0; i < 4; ++i) {
    const std::string& key = staying_[random_.below(staying_.size())];
    client.queue({"DEL", key}, [](const Reply&) {});
    client.queue({"SET", key, "v"}, [](const Reply&) {});
  }
  client.queue({"EXEC"}, [](const Reply&) {});
}

void Walks::change_group(TestClient& client) {
  const bool come = random_.below(2) == 0;
  Args args{come ? "MSET" : "DEL"};
  for (const std::string& key : group_) {
    args.push_back(key);
    if (come) args.push_back("v");
  }
  client.queue(args, [](const Reply&) {});
}

void Walks::list(TestClient& client) {
  client.queue({"KEYS", "*"}, [this](const Reply& reply) {
    Names seen;
    for (const Reply& name : reply.children) seen.insert(name.text);
    check_all(seen, "KEYS");
    ++outcome_.operations;
  });
}

void Walks::list_in_transaction(TestClient& client) {
  client.queue({"MULTI"}, [](const Reply&) {});
  client.queue({"KEYS", "group:*"}, [](const Reply&) {});
  client.queue({"SCAN", "0", "MATCH", "group:*", "COUNT", "100000"}, [](const Reply&) {});
  client.queue({"EXEC"}, [this](const Reply& reply) {
    if (reply.children.size() != 2) return violated("EXEC answered " + describe(reply));
    check_group(reply.children[0].children);
    check_group(reply.children[1].children[1].children);
    if (reply.children[0].children.size() != reply.children[1].children[1].children.size())
      violated("KEYS and SCAN of one transaction differ: " + describe(reply));
    ++outcome_.operations;
  });
}

// What the client wrote before is there, and what it writes after is not.
void Walks::list_own(TestClient& client) {
  const std::string own = fmt::format("own:{}", client.number());
  const auto expect = [this, own](std::size_t count) {
    return [this, own, count](const Reply& reply) {
      if (reply.children.size() != count) violated(own + " is listed wrongly: " + describe(reply));
      ++outcome_.operations;
    };
  };
  client.queue({"SET", own, "v"}, [](const Reply&) {});
  client.queue({"KEYS", own}, expect(1));
  client.queue({"GETDEL", own}, [this, own](const Reply& reply) {
    if (reply.text != "v") violated(own + " was not there: " + describe(reply));
  });
  client.queue({"KEYS", own}, expect(0));
  client.queue({"SET", own, "v"}, [](const Reply&) {});
}

void Walks::scan(TestClient& client, const std::string& cursor, std::shared_ptr<Names> seen) {
  const std::string count = std::to_string(1 + random_.below(random_.below(2) == 0 ? 20 : 1000));
  client.queue({"SCAN", cursor, "COUNT", count}, [this, &client, seen](const Reply& reply) {
    for (const Reply& name : reply.children[1].children) seen->insert(name.text);
    if (reply.children[0].text == "0") {
      check_all(*seen, "SCAN");
      ++outcome_.operations;
    } else {
      scan(client, reply.children[0].text, seen);
      client.send();
    }
  });
}

void Walks::check_all(const Names& seen, const char* walk) {
  for (const std::string& key : staying_) {
    if (seen.count(key) != 1) violated(fmt::format("{} reports {} {} times", walk, key, seen.count(key)));
  }
  const auto is_foreign = [](const std::string& name) {
    return name.find("stays:") == name.npos && name.find("passes:") == name.npos &&
           !name.starts_with("group:") && !name.starts_with("own:");
  };
  const auto foreign = std::ranges::find_if(seen, is_foreign);
  if (foreign != seen.end()) violated(fmt::format("{} reports {}, which never was", walk, *foreign));
}

void Walks::check_group(const std::vector<Reply>& names) {
  if (!names.empty() && names.size() != group_.size())
    violated(fmt::format("a transaction lists {} keys of a group of {}", names.size(), group_.size()));
}

Outcome Walks::run() {
  if (!set_up()) return outcome_;  // Its connection was cut: nothing to see with this seed.
  for (std::size_t count = 2 + random_.below(4); count > 0; --count) server_.connect();
  while (operations_left_ > 0 && outcome_.violation.empty()) {
    if (random_.below(4) == 0) {
      --operations_left_;
      if (TestClient* client = free_client()) begin(*client);
      if (random_.below(40) == 0) {
        server_.clients()[random_.below(server_.clients().size())]->disconnect();
        server_.connect();
      }
    }
    server_.step();
  }
  if (!server_.finish()) violated("some client waits for ever");
  outcome_.history = server_.history();
  return outcome_;
}

}  // namespace

Outcome run_walks(std::uint64_t seed, CoreId cores_min) {
  return Walks(seed, cores_min).run();
}

}  // namespace shoal::simulation
