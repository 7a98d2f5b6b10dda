// Context: all that a running command sees. It asks for keys and gets them, and does not know which core it
// runs on or whose slots it was lent. A handler appends one reply, and says what it changed through `keys`.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "protocol/reply_writer.h"
#include "protocol/request_parser.h"
#include "server/dispatch/command.h"
#include "server/dispatch/errors.h"
#include "server/dispatch/session.h"
#include "storage/base/ascii.h"
#include "storage/key_access.h"

namespace shoal::config {
struct Settings;
}

namespace shoal::dispatch {

class Server;
class CoreServices;
class CommandTable;

/// A request on its way: found in the table, its keys hashed. Views stay good until its reply is written.
struct Invocation {
  const Command* command = nullptr;
  std::span<const View> args;
  std::span<const Key> keys;  // in the order of the row's key specification
  /// Where big arguments can be taken over from; null inside EXEC.
  protocol::RequestBatch* batch = nullptr;
  std::size_t batch_index = 0;
  bool in_exec = false;
};

/// Continues a command that could not reply at once. Copyable; resume() exactly one of the copies, once, on
/// the session's core. If the client has gone meanwhile, resuming does nothing, and need not be done.
class Deferral {
 public:
  using WriteReply = std::function<void(Context&)>;
  Deferral(std::function<void(WriteReply)> resume, std::shared_ptr<const std::atomic<bool>> client_gone)
      : resume_(std::move(resume)), client_gone_(std::move(client_gone)) {}
  void resume(WriteReply write_reply) const { resume_(std::move(write_reply)); }
  /// On any core: true soon after the client has gone.
  bool client_gone() const { return client_gone_->load(std::memory_order_relaxed); }

 private:
  std::function<void(WriteReply)> resume_;
  std::shared_ptr<const std::atomic<bool>> client_gone_;
};

class Context {
 public:
  Context(const Invocation& invocation, protocol::ReplyWriter& reply_writer, KeyAccess& key_access,
          CoreServices& core_services, Session* client)
      : command(*invocation.command),
        args(invocation.args),
        reply(reply_writer),
        keys(key_access),
        core(core_services),
        session_(client),
        invocation_(invocation) {}

  const Command& command;
  /// The request, name first. args[1] is the subcommand when the row is one.
  const std::span<const View> args;
  protocol::ReplyWriter& reply;
  KeyAccess& keys;
  /// The core this runs on: its counters, logs and clients, and the way to the whole server.
  CoreServices& core;

  /// The i-th key of the request, hashed. Precondition: the row has keys, and i is below key_count().
  const Key& key(std::size_t i = 0) const { return invocation_.keys[i]; }
  std::size_t key_count() const { return invocation_.keys.size(); }

  /// The client. Not for rows with Route::kKeys: they may run on another core.
  Session& session() const {
    CHECK(session_ != nullptr);
    return *session_;
  }
  bool has_session() const { return session_ != nullptr; }

  /// The heap block of a big argument, to be kept as a value without a copy; empty when args[arg] must be
  /// copied.
  HeapBytes take(std::size_t arg) const {
    return invocation_.batch == nullptr ? HeapBytes() : invocation_.batch->take(invocation_.batch_index, arg);
  }

  /// Replies with an error. The text form is for errors that name what the client sent: code included.
  void fail(Error error) { fail(error_text(error)); }
  void fail(View text);
  bool failed() const { return failed_; }
  View error_code() const { return error_code_; }

  /// Whether EXEC runs this, with all in hand that its commands need: a row with Route::kWalk has the whole
  /// keyspace then, and must not defer.
  bool in_exec() const { return invocation_.in_exec; }
  /// The command will reply later; only for Route::kAnywhere and kWalk. Nothing may be appended before.
  Deferral defer();
  bool deferred() const { return deferred_; }
  /// On resuming: what the command has worked meanwhile, in slices and on other cores. Counts for the slow
  /// log.
  void add_work(Micros duration) { work_ += duration; }
  Micros work() const { return work_; }
  void set_deferrer(std::function<Deferral()>* make) { make_deferral_ = make; }

  // Argument parsing shared by all families: on failure the error reply is written and nothing returned.
  std::optional<std::int64_t> integer(std::size_t arg, Error error = Error::kNotInteger);
  std::optional<std::int64_t> integer_in(std::size_t arg, std::int64_t min, std::int64_t max, View error);

 private:
  Session* session_;
  const Invocation& invocation_;
  std::function<Deferral()>* make_deferral_ = nullptr;
  View error_code_;
  char error_code_room_[32] = {};
  bool failed_ = false;
  bool deferred_ = false;
  Micros work_ = 0;
};

/// Whether an argument is the option of that name, in any letter case.
inline bool is_option(View arg, View name) {
  return equal_ignoring_case(arg, name);
}

}  // namespace shoal::dispatch
