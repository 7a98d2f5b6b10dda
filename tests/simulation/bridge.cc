// simulation_bridge: the simulated server, driven from another program over standard input and output, so
// that tests/run_scripts.py can run its scripts in process. Options are the server's, and --seed N first.
//
//   o                    opens a connection          -> its number
//   w NUMBER COUNT       COUNT bytes follow: sends them
//   r NUMBER             runs until bytes arrive     -> COUNT and the bytes; 0: closed; -1: none will come
//   c NUMBER             the client is gone
//   t MILLISECONDS       lets so much time pass      -> 0
//
// At the end of the input the server is stopped as by SIGTERM; exit code 0 if all cores end.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "server/config/command_line.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/workloads.h"

namespace shoal::simulation {
namespace {

// What a client waits for a reply, in virtual time: longer than any timeout of a script.
constexpr Micros kPatience = 60'000'000;

class Bridge {
 public:
  Bridge(std::uint64_t seed, config::Settings settings)
      : server_(conditions(seed, static_cast<CoreId>(settings.cores.threads)), std::move(settings)) {}

  void serve() {
    char command = 0;
    while (std::cin >> command) {
      switch (command) {
        case 'o': open(); break;
        case 'w': write(); break;
        case 'r': read(); break;
        case 'c': client().disconnect(); break;
        case 't': pass_time(); break;
        default: std::exit(2);
      }
    }
  }
  bool stop() { return server_.stop(); }

 private:
  static runtime::SimulationOptions conditions(std::uint64_t seed, CoreId core_count) {
    runtime::SimulationOptions options = draw_conditions(seed);
    options.core_count = core_count;
    options.disconnects_per_million = 0;
    options.message_delay_max = 50;
    return options;
  }

  runtime::SimulatedClient& client() {
    std::size_t number = 0;
    std::cin >> number;
    return *clients_.at(number);
  }
  void open() {
    clients_.push_back(&server_.simulation().connect());
    answer(std::to_string(clients_.size() - 1) + '\n');
  }
  void write() {
    runtime::SimulatedClient& to = client();
    std::size_t count = 0;
    std::cin >> count;
    std::cin.get();
    std::string bytes(count, '\0');
    std::cin.read(bytes.data(), static_cast<std::streamsize>(count));
    to.write(bytes);
  }
  void read() {
    runtime::SimulatedClient& from = client();
    const Micros end = server_.simulation().now() + kPatience;
    while (from.received().empty() && !from.closed() && server_.simulation().now() < end && server_.step()) {
    }
    const std::string bytes = from.read();
    if (bytes.empty()) return answer(from.closed() ? "0\n" : "-1\n");
    answer(std::to_string(bytes.size()) + '\n' + bytes);
  }
  void pass_time() {
    Micros milliseconds = 0;
    std::cin >> milliseconds;
    const Micros end = server_.simulation().now() + milliseconds * 1000;
    while (server_.simulation().now() < end && server_.step()) {
    }
    answer("0\n");
  }
  static void answer(const std::string& text) {
    std::cout << text;
    std::cout.flush();
  }

  SimulatedServer server_;
  std::vector<runtime::SimulatedClient*> clients_;
};

int run(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  std::uint64_t seed = 1;
  if (args.size() >= 2 && args[0] == "--seed") {
    seed = std::strtoull(args[1].c_str(), nullptr, 10);
    args.erase(args.begin(), args.begin() + 2);
  }
  auto parsed = config::parse_command_line(args);
  if (!parsed.ok()) {
    std::fprintf(stderr, "%s\n", parsed.message().c_str());
    return 1;
  }
  std::ios::sync_with_stdio(false);
  Bridge bridge(seed, parsed.value().settings);
  bridge.serve();
  return bridge.stop() ? 0 : 1;
}

}  // namespace
}  // namespace shoal::simulation

int main(int argc, char** argv) {
  return shoal::simulation::run(argc, argv);
}
