#include <algorithm>
#include <memory>

#include "storage/base/random.h"
#include "tests/simulation/history.h"
#include "tests/simulation/random_commands.h"
#include "tests/simulation/workloads.h"

namespace shoal::simulation {
namespace {

class RandomHistory {
 public:
  RandomHistory(std::uint64_t seed, Mix mix, CoreId cores_min)
      : random_(seed), commands_(random_, mix), server_(draw_conditions(seed, cores_min)) {}
  Outcome run();

 private:
  static constexpr std::size_t kOperations = 24;

  void begin(TestClient& client);
  void begin_operation(TestClient& client);
  void queue_transaction(TestClient& client, std::size_t operation);
  TestClient::OnReply record(std::size_t operation);

  Random random_;
  RandomCommands commands_;
  SimulatedServer server_;
  std::vector<Operation> operations_;
  std::uint64_t events_ = 0;
  std::string violation_;
};

TestClient::OnReply RandomHistory::record(std::size_t operation) {
  return [this, operation](const Reply& reply) {
    operations_[operation].reply = reply;
    operations_[operation].replied = ++events_;
  };
}

void RandomHistory::begin(TestClient& client) {
  for (std::uint64_t count = 1 + random_.below(4); count > 0 && operations_.size() < kOperations; --count) {
    begin_operation(client);
  }
  client.send();
}

void RandomHistory::begin_operation(TestClient& client) {
  const std::size_t number = operations_.size();
  Operation& operation = operations_.emplace_back();
  operation.client = client.number();
  operation.sent = ++events_;
  switch (random_.below(10)) {
    case 0:
    case 1:
    case 2: return queue_transaction(client, number);
    case 3:
      operation.kind = Operation::Kind::kWatch;
      operation.commands = {commands_.watch()};
      break;
    default: operation.commands = {commands_.command()};
  }
  client.queue(operation.commands[0], record(number));
}

void RandomHistory::queue_transaction(TestClient& client, std::size_t number) {
  Operation& operation = operations_[number];
  operation.kind = Operation::Kind::kTransaction;
  client.queue({"MULTI"}, [](const Reply&) {});
  for (std::uint64_t count = 1 + random_.below(3); count > 0; --count) {
    operation.commands.push_back(commands_.command());
    client.queue(operation.commands.back(), [this](const Reply& reply) {
      if (reply.text != "QUEUED") violation_ = "not queued: " + protocol::describe(reply);
    });
  }
  client.queue({"EXEC"}, record(number));
}

Outcome RandomHistory::run() {
  for (std::size_t count = 2 + random_.below(3); count > 0; --count) server_.connect();
  while (operations_.size() < kOperations) {
    TestClient& client = *server_.clients()[random_.below(server_.clients().size())];
    if (random_.below(6) == 0 && !client.gone() && client.outstanding() < 8) begin(client);
    if (random_.below(500) == 0) server_.clients()[0]->disconnect();
    if (std::ranges::all_of(server_.clients(), [](const auto& each) { return each->gone(); }))
      server_.connect();
    server_.step();
  }
  Outcome outcome;
  if (!server_.finish()) violation_ = "some client waits for ever";
  outcome.history = server_.history();
  outcome.operations = static_cast<std::uint64_t>(std::ranges::count_if(
      operations_, [](const Operation& operation) { return operation.reply.has_value(); }));
  HistoryChecker checker(operations_);
  const Verdict verdict = violation_.empty() ? checker.check() : Verdict::kNot;
  outcome.gave_up = verdict == Verdict::kGaveUp;
  if (verdict == Verdict::kNot) {
    outcome.violation = violation_ + "\nno legal order explains this history:\n" + checker.describe();
  }
  return outcome;
}

}  // namespace

Outcome run_history(std::uint64_t seed, Mix mix, CoreId cores_min) {
  return RandomHistory(seed, mix, cores_min).run();
}

}  // namespace shoal::simulation
