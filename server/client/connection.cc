#include "server/client/connection.h"

#include <array>

namespace shoal::client {

namespace {

constexpr View kTooManyClientsText = "ERR max number of clients reached";
constexpr View kProtectedModeText =
    "DENIED Shoal is running in protected mode: no password is set, and it was not told which addresses to "
    "serve, so it answers only clients on this machine. To serve others, set a password (requirepass), or "
    "turn the mode off with CONFIG SET protected-mode no from this machine, or with --protected-mode no at "
    "the start, if you know that the server cannot be reached from untrusted networks.";

}  // namespace

Connection::Connection(ConnectionHost& host, runtime::Wire& wire, std::uint64_t id, Welcome welcome)
    : host_(host),
      wire_(wire),
      parser_(host.parser_limits()),
      output_(host.dispatcher().chunks()),
      asides_(host.dispatcher().chunks()),
      pipeline_(host.dispatcher(), session_, output_, *this) {
  session_.id = id;
  session_.fd = wire.descriptor();
  session_.is_unix_socket = wire.is_unix();
  session_.is_loopback = wire.is_loopback();
  session_.peer_address = wire.peer_name();
  session_.local_address = wire.local_name();
  session_.created_at = session_.last_active_at = host.dispatcher().runtime().now();
  if (!host.settings().security.requirepass.empty()) session_.state |= dispatch::kNotAuthenticated;
  parser_.set_authenticated((session_.state & dispatch::kNotAuthenticated) == 0);
  if (welcome == Welcome::kAccepted) {
    wire_.receive();
    return;
  }
  protocol::ReplyWriter(output_, session_.resp)
      .error(welcome == Welcome::kTooManyClients ? kTooManyClientsText : kProtectedModeText);
  session_.close_after_reply = true;
  host_.schedule(*this);
}

// ---- What the wire says

void Connection::on_received(runtime::Received&& received) {
  host_.counters().total_reads_processed.add();
  host_.counters().total_net_input_bytes.add(received.size());
  session_.last_active_at = host_.dispatcher().runtime().now();
  if (closing() || session_.close_after_reply) return;
  const bool is_next = !batch_running_ && input_.empty() && working_.empty() && backlog_.empty();
  if (is_next && !received.is_scarce()) [[likely]] {
    input_ = std::move(received);
  } else {
    backlog_.append(received.bytes());
    enforce_query_limit();
  }
  host_.schedule(*this);
}

void Connection::on_received_into(std::size_t count) {
  host_.counters().total_reads_processed.add();
  host_.counters().total_net_input_bytes.add(count);
  session_.last_active_at = host_.dispatcher().runtime().now();
  if (closing()) return;
  const bool is_full = count == parser_.direct_target().size();
  parser_.direct_received(count);
  enforce_query_limit();
  if (!is_full) return;
  receiving_directly_ = false;
  receive_directly();  // the argument may go on in a larger block
}

void Connection::on_sent(std::size_t count) {
  host_.counters().total_writes_processed.add();
  host_.counters().total_net_output_bytes.add(count);
  session_.last_active_at = host_.dispatcher().runtime().now();
  const bool was_full = output_.size() > dispatch::Pipeline::kReplyBytesMax;
  output_.consume(count);
  if (!output_.empty() || was_full || session_.close_after_reply || ended_) host_.schedule(*this);
}

void Connection::on_end(int error) {
  if (error != 0) return close();
  ended_ = true;
  host_.schedule(*this);
}

void Connection::on_closed() {
  stage_ = Stage::kClosed;
  forget_if_free();
}

// ---- Requests

void Connection::prepare() {
  if (stage_ == Stage::kOpen && !batch_running_) begin_batch();
}

void Connection::work() {
  if (stage_ != Stage::kOpen) return forget_if_free();
  bool more = true;
  for (int batches = 0; more && batches < kBatchesPerTurn; ++batches) more = run_batch();
  if (stage_ != Stage::kOpen) return;
  if (more) host_.schedule(*this);
  flush();
  enforce_output_limit(host_.dispatcher().runtime().now());
  close_if_done();
}

// Runs one batch, or goes on with it. Returns whether another may follow at once.
bool Connection::run_batch() {
  if (!batch_running_ && !begin_batch()) return false;
  switch (pipeline_.advance()) {
    case dispatch::Pipeline::Progress::kDone: finish_batch(); return stage_ == Stage::kOpen;
    case dispatch::Pipeline::Progress::kPaused: host_.schedule_after_pause(*this); return false;
    case dispatch::Pipeline::Progress::kWaiting:
    case dispatch::Pipeline::Progress::kOutputFull: return false;
  }
  return false;
}

bool Connection::begin_batch() {
  if (!asides_.empty()) [[unlikely]]
    send_asides();
  if (session_.close_after_reply || output_.size() > dispatch::Pipeline::kReplyBytesMax || !parse())
    return false;
  pipeline_.start(batch_);
  batch_running_ = true;
  return true;
}

// Not to who is leaving: the stream would never end.
void Connection::send_asides() {
  const bool is_leaving = ended_ || session_.close_after_reply;
  if (session_.is_monitor && !is_leaving) output_.append_chain(std::move(asides_));
  asides_.clear();
}

// Fills the batch from the input. Returns whether there is something to run.
bool Connection::parse() {
  while (batch_.empty()) {
    if (unparsed().empty()) next_input();
    if (unparsed().empty() || protocol_failed_) return false;
    const protocol::ParseOutcome outcome = parser_.parse(unparsed(), input_consumed_, batch_);
    if (outcome == protocol::ParseOutcome::kError) {
      protocol_failed_ = true;
      if (batch_.empty()) refuse_protocol();
      return !batch_.empty();
    }
    if (!batch_.empty()) break;
    finish_batch();  // all of it went into an unfinished request
    enforce_query_limit();
    if (closing()) return false;
  }
  return true;
}

// The batch's views are no longer needed: lets go of the input they pointed into.
void Connection::finish_batch() {
  batch_running_ = false;
  batch_.clear();
  if (!input_.empty()) {
    input_.remove_prefix(input_consumed_);
    if (input_.empty()) input_ = runtime::Received();
  } else {
    working_begin_ += input_consumed_;
  }
  input_consumed_ = 0;
  parser_.set_authenticated((session_.state & dispatch::kNotAuthenticated) == 0);
  if (session_.close_now) return close();
  if (protocol_failed_) return refuse_protocol();
  if (session_.is_queueing()) [[unlikely]]
    enforce_query_limit();
  if (unparsed().empty() && backlog_.empty()) receive_directly();
}

void Connection::next_input() {
  working_begin_ = 0;
  working_.clear();
  if (backlog_.empty()) {
    if (working_.capacity() > kBacklogKept) std::string().swap(working_);
    return;
  }
  working_.swap(backlog_);
}

void Connection::refuse_protocol() {
  if (session_.close_after_reply) return;
  const std::string error = "ERR " + std::string(parser_.error());
  host_.dispatcher().runner().record_rejected(nullptr, error);
  protocol::ReplyWriter(output_, session_.resp).error(error);
  session_.close_after_reply = true;
}

// The rest of a big argument need not pass through buffers.
void Connection::receive_directly() {
  if (receiving_directly_ || closing() || ended_ || parser_.direct_target().size() < kDirectReceiveMin)
    return;
  receiving_directly_ = true;
  wire_.receive_into(parser_.direct_target());
}

dispatch::Deferral Connection::make_deferral() {
  if (gone_ == nullptr) gone_ = std::make_shared<std::atomic<bool>>(false);
  const auto resume = [&host = host_, id = session_.id](const dispatch::Deferral::WriteReply& write_reply) {
    Connection* connection = host.find(id);
    if (connection == nullptr || (connection->closing() && !connection->pipeline_.in_transaction())) return;
    connection->pipeline_.resume_deferred(write_reply);
  };
  return dispatch::Deferral(resume, gone_);
}

// ---- Replies

void Connection::flush() {
  if (stage_ != Stage::kOpen || output_.empty() || wire_.sending()) return;
  std::array<iovec, kPartsPerSend> parts;
  const std::size_t count = output_.gather(parts, kBytesPerSend);
  wire_.send({parts.data(), count});
}

bool Connection::is_above_output_limit(Micros now) {
  const config::OutputBufferLimit& limit =
      host_.settings().clients.output_buffer_limit(config::ClientClass::kNormal);
  const std::size_t bytes = unsent_bytes();
  if (session_.is_monitor && bytes > kMonitorOutputMax) return true;
  if (limit.hard_bytes != 0 && bytes >= limit.hard_bytes) return true;
  if (limit.soft_bytes == 0 || bytes < limit.soft_bytes) {
    above_soft_limit_since_ = 0;
    return false;
  }
  if (above_soft_limit_since_ == 0) above_soft_limit_since_ = now;
  return now - above_soft_limit_since_ > product_or_max(limit.soft_seconds, kMicrosPerSecond);
}

void Connection::enforce_output_limit(Micros now) {
  if (!is_above_output_limit(now)) return;
  host_.counters().client_output_buffer_limit_disconnections.add(1);
  host_.log().warning(
      "Closed the client id={} addr={}: it left {} bytes of replies unread, too many or for too long "
      "(client-output-buffer-limit)",
      session_.id, session_.peer_address, unsent_bytes());
  close();
}

// Redis 7.0 leaves the queue of MULTI unbounded; later versions count it, as here.
void Connection::enforce_query_limit() {
  const std::size_t bytes = backlog_.size() + parser_.buffered_bytes() + session_.transaction.queue_bytes;
  if (bytes <= host_.settings().clients.query_buffer_bytes_max) return;
  host_.counters().client_query_buffer_limit_disconnections.add(1);
  host_.log().warning(
      "Closed the client id={} addr={}: {} bytes of its requests wait, too many (client-query-buffer-limit)",
      session_.id, session_.peer_address, bytes);
  close();
}

void Connection::check_limits(Micros now) {
  if (closing()) return;
  enforce_output_limit(now);
  const std::int64_t timeout_seconds = host_.settings().network.timeout_seconds;
  if (timeout_seconds == 0 || session_.is_monitor || batch_running_) return;
  if (now - session_.last_active_at <= product_or_max(timeout_seconds, kMicrosPerSecond)) return;
  host_.log().verbose("Closed the client id={} addr={}: it was idle for too long (timeout)", session_.id,
                      session_.peer_address);
  close();
}

// ---- The end

void Connection::kill() {
  close();
}

void Connection::admit_without_password() {
  session_.state &= ~static_cast<std::uint32_t>(dispatch::kNotAuthenticated);
  if (!batch_running_) parser_.set_authenticated(true);
}

void Connection::close_if_done() {
  if (closing() || batch_running_ || !output_.empty() || wire_.sending()) return;
  if (session_.close_after_reply || (ended_ && unparsed().empty() && backlog_.empty())) close();
}

void Connection::close() {
  if (closing()) return;
  stage_ = Stage::kClosing;
  pipeline_.abandon();
  if (gone_ != nullptr && !pipeline_.in_transaction()) gone_->store(true, std::memory_order_relaxed);
  wire_.close();
}

void Connection::forget_if_free() {
  if (stage_ == Stage::kClosed && !pipeline_.busy()) host_.forget(*this);
}

dispatch::ClientMemory Connection::memory() const {
  dispatch::ClientMemory memory;
  const std::size_t own_input = working_.size() - working_begin_ + backlog_.size();
  memory.input = input_.size() + own_input + parser_.buffered_bytes();
  memory.input_room = working_.capacity() + backlog_.capacity() - own_input;
  memory.arguments = parser_.heap_bytes() + batch_.heap_bytes();
  memory.queue = session_.transaction.queue_bytes;
  memory.output = unsent_bytes();
  memory.output_heap = output_.heap_bytes() + asides_.heap_bytes();
  memory.total = sizeof *this + working_.capacity() + backlog_.capacity() + memory.arguments + memory.queue +
                 memory.output_heap;
  return memory;
}

}  // namespace shoal::client
