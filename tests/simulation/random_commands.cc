#include "tests/simulation/random_commands.h"

namespace shoal::simulation {

RandomCommands::RandomCommands(Random& random, Mix mix) : random_(random), mix_(mix) {
  const std::size_t count = 2 + random_.below(4);
  for (std::size_t i = 0; i < count; ++i) keys_.push_back("key:" + std::to_string(random_.below(10'000)));
}

std::string RandomCommands::value() {
  return random_.below(8) == 0 ? std::string("text") : std::to_string(random_.below(1000));
}

std::vector<std::string> RandomCommands::some_keys() {
  std::vector<std::string> keys;
  for (std::uint64_t count = 1 + random_.below(4); count > 0; --count) keys.push_back(key());
  return keys;
}

Args RandomCommands::with_keys(const std::string& name) {
  Args args = some_keys();
  args.insert(args.begin(), name);
  return args;
}

Args RandomCommands::with_pairs(const std::string& name) {
  Args args{name};
  for (const std::string& each : some_keys()) args.insert(args.end(), {each, value()});
  return args;
}

Args RandomCommands::watch() {
  return with_keys("WATCH");
}

Args RandomCommands::command() {
  return mix_ == Mix::kSimple || random_.below(2) == 0 ? simple_command() : other_command();
}

Args RandomCommands::simple_command() {
  switch (random_.below(6)) {
    case 0: return {"GET", key()};
    case 1: return {"SET", key(), value()};
    case 2: return {"INCRBY", key(), std::to_string(random_.below(20))};
    case 3: return {"DECRBY", key(), std::to_string(random_.below(20))};
    case 4: return with_pairs("MSET");
    default: return with_keys("MGET");
  }
}

Args RandomCommands::other_command() {
  switch (random_.below(20)) {
    case 0: return with_keys("DEL");
    case 1: return with_keys("UNLINK");
    case 2: return with_keys("EXISTS");
    case 3: return with_keys("TOUCH");
    case 4: return with_pairs("MSETNX");
    case 5: return {"RENAME", key(), key()};
    case 6: return {"RENAMENX", key(), key()};
    case 7: return {"COPY", key(), key()};
    case 8: return {"COPY", key(), key(), "REPLACE"};
    case 9: return {"APPEND", key(), "x"};
    case 10: return {"STRLEN", key()};
    case 11: return {"GETDEL", key()};
    case 12: return {"GETSET", key(), value()};
    case 13: return {"SET", key(), value(), "NX"};
    case 14: return {"SET", key(), value(), "XX", "GET"};
    case 15: return {"INCR", key()};
    case 16: return {"DBSIZE"};
    case 17: return random_.below(3) == 0 ? Args{"FLUSHALL"} : Args{"DBSIZE"};
    default: return with_keys("MGET");
  }
}

}  // namespace shoal::simulation
