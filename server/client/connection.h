// Connection: one client's stream of bytes, its session, and the pipeline of its requests.
//
//   wire -> received buffer -> parser -> batch -> pipeline -> output -> wire
//
// One batch is under way at a time: its arguments are views into the received buffer, which stays pinned
// until the batch is done, however long that waits. Bytes that arrive meanwhile, or in one of the core's last
// buffers, are copied to a backlog: so clients that wait never take all buffers. Limits: the backlog, an
// unfinished request and the queue of MULTI together by client-query-buffer-limit; the output by
// Pipeline::kReplyBytesMax, above which no further request is begun until the client has read (its requests
// then wait in the batch and the backlog), and by client-output-buffer-limit, above which it is closed.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "protocol/output.h"
#include "protocol/request_parser.h"
#include "server/config/settings.h"
#include "server/dispatch/core_services.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/pipeline.h"
#include "server/runtime/wire.h"

namespace shoal::client {

class Connection;

/// The core, as its connections see it.
class ConnectionHost {
 public:
  virtual dispatch::Dispatcher& dispatcher() = 0;
  virtual const config::Settings& settings() const = 0;
  virtual const protocol::ParserLimits& parser_limits() const = 0;
  virtual metrics::Counters& counters() = 0;
  virtual config::Log& log() = 0;
  /// work() will be called in this turn, or the next.
  virtual void schedule(Connection& connection) = 0;
  /// work() will be called when CLIENT PAUSE is over.
  virtual void schedule_after_pause(Connection& connection) = 0;
  /// The connection is over; it is destroyed at the end of the turn.
  virtual void forget(Connection& connection) = 0;
  /// The connection of a session, if it is still there; perhaps closing.
  virtual Connection* find(std::uint64_t session_id) = 0;

 protected:
  ~ConnectionHost() = default;
};

/// Why a connection may be turned away at the door.
enum class Welcome : std::uint8_t { kAccepted, kTooManyClients, kProtectedMode };

class Connection final : public runtime::WireEvents,
                         public dispatch::PipelineClient,
                         public dispatch::ClientHandle {
 public:
  /// Bytes that may wait for a client in MONITOR, above which it is closed: as many as for one in pub/sub.
  static constexpr std::size_t kMonitorOutputMax = 32 * kMiB;
  /// Batches of one connection in one turn: others wait no longer.
  static constexpr int kBatchesPerTurn = 4;

  Connection(ConnectionHost& host, runtime::Wire& wire, std::uint64_t id, Welcome welcome);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Parses and looks up what will be run next, so that the keys of several connections can be fetched ahead
  /// together. Before work(), in the same turn.
  void prepare();
  /// Runs what can run, and sends what has been replied.
  void work();
  /// Bytes for the client that are no reply (MONITOR's lines), each append whole: they are sent between two
  /// batches, so that they never fall within a reply. Followed by ConnectionHost::schedule().
  protocol::Output& asides() { return asides_; }
  /// Closes clients that are idle for longer than `timeout`, or above a soft output limit too long.
  void check_limits(Micros now);

  /// No password is asked any more.
  void admit_without_password();

  bool is_scheduled() const { return scheduled_; }
  void set_scheduled(bool scheduled) { scheduled_ = scheduled; }
  bool closing() const { return stage_ != Stage::kOpen; }
  dispatch::Pipeline& pipeline() { return pipeline_; }

  // runtime::WireEvents
  void on_received(runtime::Received&& received) override;
  void on_received_into(std::size_t count) override;
  void on_sent(std::size_t count) override;
  void on_end(int error) override;
  void on_closed() override;
  // dispatch::PipelineClient
  void on_resumable() override { host_.schedule(*this); }
  dispatch::Deferral make_deferral() override;
  // dispatch::ClientHandle
  dispatch::Session& session() override { return session_; }
  void kill() override;
  dispatch::ClientMemory memory() const override;

 private:
  enum class Stage : std::uint8_t {
    kOpen,
    kClosing,  // the wire is being closed
    kClosed,   // it is; what other cores still hold is awaited
  };
  /// Bytes missing from a big argument beyond which they are received straight into their place.
  static constexpr std::size_t kDirectReceiveMin = 64 * kKiB;
  static constexpr std::size_t kPartsPerSend = 64;
  /// A send of more would not be heard of before a slow client has read it all.
  static constexpr std::size_t kBytesPerSend = kMiB;
  /// Kept by the backlog's buffers when they are empty.
  static constexpr std::size_t kBacklogKept = 16 * kKiB;

  bool begin_batch();
  bool run_batch();
  void send_asides();
  bool parse();
  void finish_batch();
  void next_input();
  View unparsed() const { return input_.empty() ? View(working_).substr(working_begin_) : input_.bytes(); }
  void refuse_protocol();
  void flush();
  std::size_t unsent_bytes() const { return output_.size() + asides_.size(); }
  bool is_above_output_limit(Micros now);
  void enforce_output_limit(Micros now);
  void enforce_query_limit();
  void receive_directly();
  void close();
  void close_if_done();
  void forget_if_free();

  ConnectionHost& host_;
  runtime::Wire& wire_;
  dispatch::Session session_;
  protocol::RequestParser parser_;
  protocol::RequestBatch batch_;
  protocol::Output output_;
  protocol::Output asides_;
  dispatch::Pipeline pipeline_;

  runtime::Received input_;  // being parsed and run, or
  std::string working_;      // a former backlog that is
  std::size_t working_begin_ = 0;
  std::string backlog_;             // came later
  std::size_t input_consumed_ = 0;  // of the input, by the batch under way

  Stage stage_ = Stage::kOpen;
  bool scheduled_ = false;
  bool batch_running_ = false;
  bool protocol_failed_ = false;
  bool ended_ = false;  // the client will send no more
  bool receiving_directly_ = false;
  Micros above_soft_limit_since_ = 0;
  std::shared_ptr<std::atomic<bool>> gone_;  // for deferred replies; made for the first
};

}  // namespace shoal::client
