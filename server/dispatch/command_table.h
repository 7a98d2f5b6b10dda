// The command table: every family's rows, found by name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/command.h"
#include "storage/base/result.h"
#include "storage/key.h"

namespace shoal::dispatch {

/// A family's rows. Each family is a file of server/commands.
using Family = std::span<const Command>;

class CommandTable {
 public:
  /// Names are unique (CHECK). The rows must outlive the table.
  explicit CommandTable(std::span<const Family> families);

  /// The row a request is for: a container's subcommand where there is one. Null when the name, or the
  /// subcommand, is unknown. Case-insensitive; about 10 ns.
  const Command* find(std::span<const View> args) const;
  /// The row of a name alone: "get", "client", "client|list".
  const Command* find_name(View name) const;

  /// rename-command: `new_name` empty removes the command. Fails, with Redis' words, when there is no such
  /// command or the new name is taken. Before the first request; rows keep their own name.
  Status rename(View name, View new_name);

  /// Rows as named by clients, in table order, without subcommands.
  std::span<const Command* const> commands() const { return commands_; }
  /// A dense number for each row, subcommands included: for statistics. A walk over the families, the first
  /// one first.
  std::size_t index_of(const Command& command) const;
  std::size_t row_count() const { return rows_.size(); }
  const Command& row(std::size_t index) const { return *rows_[index]; }

 private:
  struct Bucket {
    std::uint64_t first = 0;           // the first eight bytes of the name
    std::string name;                  // upper case; empty: free
    const Command* command = nullptr;  // null: renamed away
  };
  void add(View name, const Command& command);
  void place(Bucket bucket);
  void number(Family rows);
  const Bucket* probe(View name) const;
  static const Command* find_subcommand(const Command& container, View name);

  std::vector<Bucket> buckets_;  // open addressing, a power of two, at most a quarter full
  std::size_t used_ = 0;
  std::vector<const Command*> commands_;
  std::vector<const Command*> rows_;
  struct Range {
    const Command* begin;
    const Command* end;
    std::size_t first_index;
  };
  std::vector<Range> ranges_;  // to number a row by its address
};

/// A row's name as clients are shown it: "get", "client|list".
std::string shown_name(const Command& command);

/// Appends the keys of a request, hashed, in the order of its row's specification, one after the other where
/// a row has two. Returns the error line if the arguments make no sense for it (a bad key count); else
/// nothing. Positions that the request does not reach (its arity is wrong, then) name no key. About 15 ns for
/// a single key: its hash and its slot.
std::optional<View> append_keys(const Command& command, std::span<const View> args, std::vector<Key>& keys);
/// The same, as argument positions with the access flags of each: COMMAND GETKEYS and GETKEYSANDFLAGS.
struct KeyPosition {
  std::size_t arg;
  std::uint16_t access;
};
std::optional<View> key_positions(const Command& command, std::span<const View> args,
                                  std::vector<KeyPosition>& positions);

}  // namespace shoal::dispatch
