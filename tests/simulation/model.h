// What a server of strings should answer, with a std::map: the model that simulated histories are held
// against.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/simulation/simulated_server.h"

namespace shoal::simulation {

class KeyValueModel {
 public:
  /// Runs one command; the replies are those of RESP2. Unknown commands fail the test.
  Reply apply(const Args& args);
  /// The keys that the last command changed (what WATCH looks at).
  const std::vector<std::string>& changed() const { return changed_; }
  /// The whole state as one string.
  std::string state() const;

 private:
  Reply read_one(const std::string& name, const Args& args);
  Reply set(const Args& args);
  Reply move(const std::string& name, const Args& args);
  Reply add(const std::string& key, long long delta);
  void put(const std::string& key, const std::string& value);
  bool remove(const std::string& key);
  Reply value_of(const std::string& key) const;

  std::map<std::string, std::string> values_;
  std::vector<std::string> changed_;
};

/// The keys of a command that the model knows; none: it concerns every key.
std::vector<std::string> keys_of(const Args& args);

Reply status(const std::string& text);
Reply number(long long value);
Reply bulk(const std::string& text);
Reply error(const std::string& text);

}  // namespace shoal::simulation
