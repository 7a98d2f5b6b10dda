#include "tests/simulation/model.h"

#include <gtest/gtest.h>

#include <charconv>

namespace shoal::simulation {

Reply status(const std::string& text) {
  return {.type = ReplyType::kSimpleString, .text = text};
}
Reply number(long long value) {
  return {.type = ReplyType::kInteger, .integer = value};
}
Reply bulk(const std::string& text) {
  return {.type = ReplyType::kBulk, .text = text};
}
Reply error(const std::string& text) {
  return {.type = ReplyType::kError, .text = text};
}

std::vector<std::string> keys_of(const Args& args) {
  const std::string& name = args[0];
  if (name == "MSET" || name == "MSETNX") {
    std::vector<std::string> keys;
    for (std::size_t i = 1; i < args.size(); i += 2) keys.push_back(args[i]);
    return keys;
  }
  if (name == "MGET" || name == "DEL" || name == "UNLINK" || name == "EXISTS" || name == "TOUCH" ||
      name == "WATCH") {
    return {args.begin() + 1, args.end()};
  }
  if (name == "RENAME" || name == "RENAMENX" || name == "COPY") return {args[1], args[2]};
  if (name == "DBSIZE" || name == "FLUSHALL") return {};
  return {args[1]};
}

std::string KeyValueModel::state() const {
  std::string text;
  for (const auto& [key, value] : values_) text += key + '=' + value + '\n';
  return text;
}

void KeyValueModel::put(const std::string& key, const std::string& value) {
  values_[key] = value;
  changed_.push_back(key);
}

bool KeyValueModel::remove(const std::string& key) {
  if (values_.erase(key) == 0) return false;
  changed_.push_back(key);
  return true;
}

Reply KeyValueModel::value_of(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? Reply() : bulk(found->second);
}

Reply KeyValueModel::apply(const Args& args) {
  changed_.clear();
  const std::string& name = args[0];
  if (name == "MGET") {
    Reply reply{.type = ReplyType::kArray};
    for (std::size_t i = 1; i < args.size(); ++i) reply.children.push_back(value_of(args[i]));
    return reply;
  }
  if (name == "EXISTS" || name == "TOUCH" || name == "DEL" || name == "UNLINK") {
    long long count = 0;
    const bool removes = name == "DEL" || name == "UNLINK";
    for (std::size_t i = 1; i < args.size(); ++i) count += removes ? remove(args[i]) : values_.count(args[i]);
    return number(count);
  }
  if (name == "MSET" || name == "MSETNX") {
    if (name == "MSETNX") {
      for (const std::string& key : keys_of(args)) {
        if (values_.count(key) > 0) return number(0);
      }
    }
    for (std::size_t i = 1; i < args.size(); i += 2) put(args[i], args[i + 1]);
    return name == "MSET" ? status("OK") : number(1);
  }
  if (name == "DBSIZE") return number(static_cast<long long>(values_.size()));
  if (name == "FLUSHALL") {
    for (const auto& [key, value] : values_) changed_.push_back(key);
    values_.clear();
    return status("OK");
  }
  if (name == "RENAME" || name == "RENAMENX" || name == "COPY") return move(name, args);
  return read_one(name, args);
}

Reply KeyValueModel::read_one(const std::string& name, const Args& args) {
  const std::string& key = args[1];
  const Reply old = value_of(key);
  if (name == "GET") return old;
  if (name == "STRLEN") return number(static_cast<long long>(old.text.size()));
  if (name == "SET") return set(args);
  if (name == "GETSET") {
    put(key, args[2]);
    return old;
  }
  if (name == "GETDEL") {
    remove(key);
    return old;
  }
  if (name == "APPEND") {
    put(key, old.text + args[2]);
    return number(static_cast<long long>(values_[key].size()));
  }
  if (name == "INCR") return add(key, 1);
  if (name == "INCRBY") return add(key, std::stoll(args[2]));
  if (name == "DECRBY") return add(key, -std::stoll(args[2]));
  ADD_FAILURE() << "the model does not know " << name;
  return {};
}

// SET key value [NX | XX] [GET]
Reply KeyValueModel::set(const Args& args) {
  const Reply old = value_of(args[1]);
  const bool exists = old.type == ReplyType::kBulk;
  bool wants_old = false, may = true;
  for (std::size_t i = 3; i < args.size(); ++i) {
    if (args[i] == "NX") may = !exists;
    if (args[i] == "XX") may = exists;
    if (args[i] == "GET") wants_old = true;
  }
  if (may) put(args[1], args[2]);
  if (wants_old) return old;
  return may ? status("OK") : Reply();
}

// RENAME, RENAMENX and COPY [REPLACE].
Reply KeyValueModel::move(const std::string& name, const Args& args) {
  const std::string& from = args[1];
  const std::string& to = args[2];
  const bool exists = values_.count(from) > 0, taken = values_.count(to) > 0;
  if (name == "COPY") {
    if (from == to) return error("ERR source and destination objects are the same");
    if (!exists || (taken && args.size() == 3)) return number(0);
    put(to, values_[from]);
    return number(1);
  }
  if (!exists) return error("ERR no such key");
  if (name == "RENAMENX" && taken) return number(0);
  if (from != to) {
    put(to, values_[from]);
    remove(from);
  }
  return name == "RENAME" ? status("OK") : number(1);
}

Reply KeyValueModel::add(const std::string& key, long long delta) {
  long long value = 0;
  if (const auto found = values_.find(key); found != values_.end()) {
    const std::string& text = found->second;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || std::to_string(value) != text) {
      return error("ERR value is not an integer or out of range");
    }
  }
  value += delta;
  put(key, std::to_string(value));
  return number(value);
}

}  // namespace shoal::simulation
