// Pipeline: a connection's requests on their way from parsed to replied, a batch at a time. It finds each
// one's row and keys, lets the processor fetch their memory ahead, decides where each runs, and puts the
// replies in the order of the requests.
//
//   batch -> window of some requests (request_window.h): row, keys, hashes, slots; memory fetched ahead
//         -> for each: admit -> run here | add to the part of another core | wait, then run alone
//         -> send the parts off; when they are home, merge the replies (reply_order.h) -> next window
//
// Requests that wait for one another (a transaction, a command over several cores while its slots are on
// their way, a lent slot) stop the window there; everything before has been sent off, and advance() goes on
// once it can.
//
// Lives on the connection's core, in the connection. While busy() it must not be destroyed: other cores hold
// its parts.
#pragma once

#include <vector>

#include "protocol/output.h"
#include "protocol/request_parser.h"
#include "server/dispatch/borrowing.h"
#include "server/dispatch/call.h"
#include "server/dispatch/remote_part.h"
#include "server/dispatch/reply_order.h"
#include "server/dispatch/request_window.h"
#include "server/dispatch/transaction_run.h"

namespace shoal::dispatch {

class Dispatcher;
struct Domain;

/// The connection, as its pipeline sees it.
class PipelineClient {
 public:
  /// What the pipeline waited for has come: call advance() in this turn or the next.
  virtual void on_resumable() = 0;
  /// The same when a deferred reply may come long after the connection has gone: a handle that outlives it.
  virtual Deferral make_deferral() = 0;

 protected:
  ~PipelineClient() = default;
};

class Pipeline final : public BorrowingClient, public LoanWaiter {
 public:
  /// Bytes of replies waiting to be sent beyond which no further request is begun. Requests that run on other
  /// cores are not held back singly: a window of them may add its replies.
  static constexpr std::size_t kReplyBytesMax = kMiB;

  Pipeline(Dispatcher& dispatcher, Session& session, protocol::Output& output, PipelineClient& client);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Takes on the requests of `batch`, which stays unchanged until advance() says kDone, and looks up the
  /// first of them, so that keys of several pipelines can be fetched ahead together
  /// (Dispatcher::fetch_ahead).
  void start(protocol::RequestBatch& batch);
  enum class Progress : std::uint8_t {
    kDone,        // every reply is in the output
    kWaiting,     // on_resumable() will come
    kPaused,      // CLIENT PAUSE: call again when it is over
    kOutputFull,  // more than kReplyBytesMax to be sent: call again when there is less
  };
  Progress advance();

  /// True while other cores, or a loan book, refer to this.
  bool busy() const {
    return replies_.any_out() || !borrowing_.idle() || loan_wait_ == LoanWait::kWaiting ||
           loan_wait_ == LoanWait::kKeptTurn || transaction_.is_running();
  }
  /// Whether EXEC has begun and not ended. A deferred command in it must be resumed even if the client has
  /// gone.
  bool in_transaction() const { return transaction_.is_running(); }
  /// The client has gone: what has not begun will not; a transaction that has runs to its end. Starts giving
  /// back what the session still holds elsewhere (its watches); destroy this only when !busy(), which
  /// on_resumable() tells.
  void abandon();

  /// The reply of a deferred command.
  void resume_deferred(const Deferral::WriteReply& write_reply);

  /// The requests at hand, for the parts of them that run on other cores.
  const RequestWindow& window() const { return window_; }

  // From other cores.
  void on_part_home(RemotePart& part);
  void on_borrowed() override;
  void on_returned() override;
  Turn on_turn() override;

 private:
  enum class Step : std::uint8_t { kNext, kWait, kPause };
  /// How the request at next_ stands with the own loan book.
  enum class LoanWait : std::uint8_t {
    kNone,
    kWaiting,   // for a lent slot
    kTurn,      // has waited, and may go on
    kKeptTurn,  // and no loan passes it meanwhile
  };
  enum class Ending : std::uint8_t { kNo, kAbandoned, kForgettingWatches };

  Progress stop(Progress progress);
  Choices choices() const;
  KeyAccess own_keys() const;

  Step step(std::size_t index);
  Step admit(std::size_t index, bool& handled);
  Step refuse(const Command* command, View error);
  Step refuse_unknown(std::span<const View> args);
  void queue_command(const Command& command, std::span<const View> args);

  Step run_in_one_shard(const PlacedRequest& request);
  Step run_among_loans(Domain& domain, const PlacedRequest& request);
  void fetch_ahead_in(const Domain& domain, CoreId owner);
  Step send_along(RemotePart& part, const PlacedRequest& request);
  Step run_over_cores(const PlacedRequest& request);
  void collect_needs(const Command& command, std::span<const Key> keys);
  bool slots_reachable();
  Step run_holding_slots(const PlacedRequest& request, EffectsRouter& router);

  Step run_transaction(const Invocation& exec, KeyAccess& keys);

  void finish_request();
  Step run(const PlacedRequest& request, KeyAccess& keys);

  void wind_down();
  bool finish_transaction();
  void forget_own_watches();

  Dispatcher& dispatcher_;
  Session& session_;
  PipelineClient& client_;

  RequestWindow window_;
  bool has_batch_ = false;
  std::size_t next_ = 0;  // the request whose turn it is, in the batch
  ReplyOrder replies_;
  Call call_;
  TransactionRun transaction_;

  /// What the command at next_ needs in hand before it runs.
  struct Needs {
    std::vector<SlotId> slots;
    bool whole_keyspace = false;
    bool may_defer = false;
    void clear() { *this = Needs{}; }
  };
  Needs needs_;
  Borrowing borrowing_;

  ReadyCommand queued_;  // whose needs are being looked up

  bool admitted_ = false;  // the request at next_ has passed admission, and waits
  LoanWait loan_wait_ = LoanWait::kNone;
  Ending ending_ = Ending::kNo;
};

}  // namespace shoal::dispatch
