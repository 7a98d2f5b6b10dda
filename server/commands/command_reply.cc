#include "server/commands/command_reply.h"

#include <algorithm>

#include "server/commands/syntax.h"
#include "server/dispatch/command_facts.h"
#include "server/dispatch/command_table.h"
#include "storage/base/ascii.h"

namespace shoal::commands {

namespace {

using namespace dispatch;
using protocol::ReplyWriter;

void write_names(ReplyWriter& reply, std::span<const View> names) {
  reply.set(names.size());
  for (const View name : names) reply.simple_string(name);
}

// ---- Keys

struct KeyPositions {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t step = 0;
};

// The older description of keys: one range that covers those specifications that begin at an index and span a
// range.
KeyPositions legacy_positions(const Command& command) {
  KeyPositions all;
  for (const KeySpec& spec : command.keys) {
    if (spec.begin != KeySpec::Begin::kIndex || spec.find != KeySpec::Find::kRange) continue;
    const std::int64_t last = spec.last < 0 ? spec.last : spec.index + spec.last;
    if (all.first == 0) {
      all = {spec.index, last, spec.step};
    } else {
      all = {std::min<std::int64_t>(all.first, spec.index), std::max(all.last, last), 1};
    }
  }
  return all;
}

void write_begin(ReplyWriter& reply, const KeySpec& spec) {
  const bool by_index = spec.begin == KeySpec::Begin::kIndex;
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk(by_index ? "index" : "keyword");
  reply.bulk("spec");
  if (by_index) {
    reply.map(1);
    reply.bulk("index");
    return reply.integer(spec.index);
  }
  reply.map(2);
  reply.bulk("keyword");
  reply.bulk(spec.keyword);
  reply.bulk("startfrom");
  reply.integer(spec.index);
}

void write_find(ReplyWriter& reply, const KeySpec& spec) {
  const bool by_range = spec.find == KeySpec::Find::kRange;
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk(by_range ? "range" : "keynum");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk(by_range ? "lastkey" : "keynumidx");
  reply.integer(by_range ? spec.last : spec.count_at);
  reply.bulk(by_range ? "keystep" : "firstkey");
  reply.integer(by_range ? spec.step : spec.count_at + 1);
  reply.bulk(by_range ? "limit" : "keystep");
  reply.integer(by_range ? 0 : spec.step);
}

void write_key_specs(ReplyWriter& reply, const Command& command) {
  std::size_t count = 0;
  for (const KeySpec& spec : command.keys) count += spec.begin != KeySpec::Begin::kNone;
  reply.set(count);
  for (std::size_t i = 0; i < count; ++i) {
    reply.map(3);
    reply.bulk("flags");
    write_names(reply, key_access_names(command.keys[i].access));
    write_begin(reply, command.keys[i]);
    write_find(reply, command.keys[i]);
  }
}

// ---- Arguments

void write_arguments(ReplyWriter& reply, std::span<const Argument> arguments, std::int64_t& key_index);

void write_argument_flags(ReplyWriter& reply, const Argument& argument) {
  std::vector<View> flags;
  if (argument.is_optional) flags.emplace_back("optional");
  if (argument.is_multiple) flags.emplace_back("multiple");
  if (argument.repeats_token) flags.emplace_back("multiple_token");
  reply.bulk("flags");
  write_names(reply, flags);
}

// `key_index` numbers the key specifications that arguments belong to, as far as there are any.
void write_argument(ReplyWriter& reply, const Argument& argument, std::int64_t& key_index) {
  const auto map = reply.begin_array();
  std::size_t pairs = 2;
  reply.bulk("name");
  reply.bulk(argument.name);
  reply.bulk("type");
  reply.bulk(argument_type_name(argument.type));
  if (argument.type == Argument::Type::kKey) {
    ++pairs;
    reply.bulk("key_spec_index");
    reply.integer(key_index);
  }
  if (!argument.token.empty()) {
    ++pairs;
    reply.bulk("token");
    reply.bulk(argument.token);
  }
  const auto version = [&](View name, const std::string& value) {
    if (value.empty()) return;
    ++pairs;
    reply.bulk(name);
    reply.bulk(value);
  };
  version("since", argument.since);
  version("deprecated_since", argument.deprecated_since);
  if (argument.is_optional || argument.is_multiple) {
    ++pairs;
    write_argument_flags(reply, argument);
  }
  if (!argument.arguments.empty()) {
    ++pairs;
    reply.bulk("arguments");
    write_arguments(reply, argument.arguments, key_index);
  }
  reply.end_map(map, pairs);
}

void write_arguments(ReplyWriter& reply, std::span<const Argument> arguments, std::int64_t& key_index) {
  reply.array(arguments.size());
  for (const Argument& argument : arguments) write_argument(reply, argument, key_index);
}

// Keys of a row with two specifications take them in turn; `write_argument` shows the one that is current.
void write_top_arguments(ReplyWriter& reply, const Command& command, std::span<const Argument> arguments) {
  const bool has_two = command.keys[1].begin != KeySpec::Begin::kNone;
  std::int64_t key_index = 0;
  reply.array(arguments.size());
  for (const Argument& argument : arguments) {
    write_argument(reply, argument, key_index);
    if (argument.type == Argument::Type::kKey && has_two) key_index = 1;
  }
}

void write_tips(ReplyWriter& reply, View tips) {
  const auto array = reply.begin_array();
  std::size_t count = 0;
  while (!tips.empty()) {
    const View tip = tips.substr(0, tips.find(' '));
    tips.remove_prefix(std::min(tips.size(), tip.size() + 1));
    reply.bulk(tip);
    ++count;
  }
  reply.end_set(array, count);
}

// ---- Versions ---------------------------------------------------------------------------------------------

void write_history(ReplyWriter& reply, std::span<const HistoryItem> items) {
  reply.set(items.size());
  for (const HistoryItem& item : items) {
    reply.array(2);
    reply.bulk(item.since);
    reply.bulk(item.change);
  }
}

// The fields that few commands have; returns how many.
std::size_t write_more(ReplyWriter& reply, const Documentation& more) {
  std::size_t pairs = 0;
  const auto begin_field = [&](View name) {
    reply.bulk(name);
    ++pairs;
  };
  if (!more.deprecated_since.empty() || more.is_internal) {
    begin_field("doc_flags");
    const View flag = more.is_internal ? "syscmd" : "deprecated";
    write_names(reply, {&flag, 1});
  }
  if (!more.deprecated_since.empty()) {
    begin_field("deprecated_since");
    reply.bulk(more.deprecated_since);
    begin_field("replaced_by");
    reply.bulk(more.replaced_by);
  }
  const auto count = std::find_if(std::begin(more.history), std::end(more.history),
                                  [](const HistoryItem& item) { return item.since.empty(); }) -
                     std::begin(more.history);
  if (count > 0) {
    begin_field("history");
    write_history(reply, std::span(more.history).first(static_cast<std::size_t>(count)));
  }
  return pairs;
}

}  // namespace

void write_command_info(ReplyWriter& reply, const Command& command, View name) {
  reply.array(10);
  reply.bulk(lower_case(name));
  reply.integer(command.arity);
  write_names(reply, flag_names(command.flags));
  const KeyPositions positions = legacy_positions(command);
  reply.integer(positions.first);
  reply.integer(positions.last);
  reply.integer(positions.step);
  const std::vector<View> categories = category_names(command);
  reply.set(categories.size());
  for (const View category : categories) reply.simple_string('@' + std::string(category));
  write_tips(reply, command.documentation.tips);
  write_key_specs(reply, command);
  reply.set(command.subcommands.size());
  for (const Command& subcommand : command.subcommands)
    write_command_info(reply, subcommand, subcommand.name);
}

void write_command_docs(ReplyWriter& reply, const Command& command) {
  const auto map = reply.begin_array();
  std::size_t pairs = 0;
  const auto field = [&](View name, View value) {
    if (value.empty()) return;
    reply.bulk(name);
    reply.bulk(value);
    ++pairs;
  };
  field("summary", command.summary);
  field("since", command.since);
  field("group", group_name(command.group));
  field("complexity", command.complexity);
  pairs += write_more(reply, command.documentation);
  if (!command.syntax.empty()) {
    // Tests hold every row's syntax against the grammar.
    const auto arguments = parse_syntax(command.syntax);
    CHECK(arguments.ok());
    reply.bulk("arguments");
    write_top_arguments(reply, command, arguments.value());
    ++pairs;
  }
  if (!command.subcommands.empty()) {
    reply.bulk("subcommands");
    reply.map(command.subcommands.size());
    for (const Command& subcommand : command.subcommands) {
      reply.bulk(shown_name(subcommand));
      write_command_docs(reply, subcommand);
    }
    ++pairs;
  }
  reply.end_map(map, pairs);
}

}  // namespace shoal::commands
