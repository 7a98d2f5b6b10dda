// A session is what a client is to the server: its identity, what it has chosen (database, protocol, name),
// and the transaction it is building. It lives on its connection's core, and only commands that run there see
// it.
#pragma once

#include <string>
#include <vector>

#include "protocol/reply_writer.h"
#include "server/dispatch/command.h"
#include "storage/key_name.h"

namespace shoal::dispatch {

/// CLIENT REPLY.
enum class ReplyMode : std::uint8_t { kOn, kOff, kSkipNext, kSkipThis };

/// A command waiting for EXEC, with bytes of its own.
struct QueuedCommand {
  const Command* command;
  std::vector<std::string> args;
};

/// A key that EXEC depends on.
struct WatchedKey {
  DatabaseId database;
  std::string name;
  std::uint64_t version;  // what WATCH was told (KeyAccess::watch)
  bool was_live;          // expiring since then counts as a change
  KeyName key_name() const { return {database, name}; }
};

/// MULTI, from the first command queued to EXEC or DISCARD.
struct TransactionState {
  std::vector<QueuedCommand> queue;
  std::size_t queue_bytes = 0;  // that the queue holds
  KeyNameSet<WatchedKey> watches;
  bool must_abort = false;   // a command could not be queued: EXEC answers EXECABORT
  std::string abort_reason;  // what EXEC answers then, if not the usual
};

struct Session {
  // Identity.
  std::uint64_t id = 0;
  std::string name;
  std::string library_name;
  std::string library_version;
  std::string peer_address;  // "127.0.0.1:50402", "/path/to.sock:0"
  std::string local_address;
  std::int64_t fd = -1;
  bool is_unix_socket = false;
  bool is_loopback = false;

  // Choices.
  DatabaseId database = 0;
  protocol::RespVersion resp = protocol::RespVersion::kResp2;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool no_evict = false;
  bool no_touch = false;
  bool is_monitor = false;
  bool is_held_back = false;  // by CLIENT PAUSE

  /// Bits of State that hold for this session.
  std::uint32_t state = 0;
  TransactionState transaction;

  // For CLIENT LIST.
  Micros created_at = 0;  // monotonic
  Micros last_active_at = 0;
  const Command* last_command = nullptr;
  std::uint64_t command_count = 0;

  /// Asked of the connection by a command: closed once its reply is sent, or without.
  bool close_after_reply = false;
  bool close_now = false;

  bool is_queueing() const { return (state & kQueueing) != 0; }
};

}  // namespace shoal::dispatch
