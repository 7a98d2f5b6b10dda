// Random commands that the model knows, on a few keys that lie on different cores.
#pragma once

#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/workloads.h"

namespace shoal::simulation {

class RandomCommands {
 public:
  RandomCommands(Random& random, Mix mix);
  Args command();
  Args watch();

 private:
  std::string key() { return keys_[random_.below(keys_.size())]; }
  std::string value();
  std::vector<std::string> some_keys();
  Args with_keys(const std::string& name);
  Args with_pairs(const std::string& name);
  Args simple_command();
  Args other_command();

  Random& random_;
  Mix mix_;
  std::vector<std::string> keys_;
};

}  // namespace shoal::simulation
