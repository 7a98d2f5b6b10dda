// TransactionRun: EXEC. It runs what the session has queued, in order and with nothing between, once
// everything needed is in hand; commands that reply later (INFO) make it wait, still holding all. Once begun
// it goes to its end, whether or not the client is still there.
#pragma once

#include <vector>

#include "protocol/output.h"
#include "server/dispatch/call.h"

namespace shoal::dispatch {

/// A queued command made ready: its arguments as views, its keys hashed. Refers to the session's queue.
struct ReadyCommand {
  std::vector<View> args;
  std::vector<Key> keys;

  void load(const QueuedCommand& queued);
};

class TransactionRun {
 public:
  enum class Progress : std::uint8_t { kDone, kWaiting };

  TransactionRun(Dispatcher& dispatcher, Session& session, Call& call, protocol::ChunkPool& chunks)
      : dispatcher_(dispatcher), session_(session), call_(call), replies_(chunks) {}

  bool is_running() const { return running_; }
  /// Begins, or goes on, with the slots of all keys and watches reachable through `keys`. kDone: replies()
  /// holds EXEC's reply, and the session is out of its transaction. kWaiting: call again after resume().
  Progress run(const Invocation& exec, KeyAccess& keys);
  /// The command that it waits for replies.
  void resume(const Deferral::WriteReply& write_reply, KeyAccess& keys);
  /// EXEC's reply: apart from the client's output until it is whole, because what else is written there
  /// meanwhile must not come within it.
  protocol::Output& replies() { return replies_; }

 private:
  bool begin(const Invocation& exec, KeyAccess& keys);
  void refuse(const Invocation& exec, View error);
  Call::Outcome run_next(KeyAccess& keys);
  Invocation next_invocation() const;
  void leave();
  void feed_monitors(const Command& command, std::span<const View> args);

  Dispatcher& dispatcher_;
  Session& session_;
  Call& call_;
  bool running_ = false;
  std::size_t next_ = 0;     // in the queue
  ReadyCommand ready_;       // the command at next_
  std::uint64_t ticks_ = 0;  // that the commands before took
  protocol::Output replies_;
};

}  // namespace shoal::dispatch
