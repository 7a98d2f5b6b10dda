// ReplyOrder: keeps the replies of a pipeline in the order of its requests while some of them run on other
// cores. Requests for another core gather in one part for each; replies made here behind one of those wait
// in a chain of their own, and a list of pieces says which comes next. When all parts are home the pieces are
// put together.
//
// Lives in a pipeline, on the connection's core.
#pragma once

#include <memory>
#include <vector>

#include "protocol/output.h"
#include "server/dispatch/remote_part.h"
#include "server/dispatch/session.h"
#include "server/runtime/runtime.h"

namespace shoal::dispatch {

class ReplyOrder {
 public:
  /// Replies end up in `output`. CLIENT REPLY, which holds replies back, is read from `session`.
  ReplyOrder(Pipeline& home, Session& session, protocol::Output& output, protocol::ChunkPool& chunks)
      : home_(home), session_(session), output_(output), local_(chunks) {}

  /// Where the reply of a request that runs here is to be written.
  protocol::Output& output() { return is_pending() ? local_ : output_; }
  /// A request's whole reply has been written to output(), from `before` on.
  void add_local(protocol::Output::Mark before);
  /// A request is to run on another core, as part of `part`.
  void add_remote(RemotePart& part, std::uint32_t index, const Choices& choices);

  /// The part for `core`: the one that is open, or a fresh one.
  RemotePart& part_for(CoreId core);
  /// The part for `core` if it has requests and is not yet sent off, else null.
  RemotePart* open_part(CoreId core);
  bool any_open() const { return open_ > 0; }
  bool any_out() const { return out_ > 0; }
  /// Sends every open part to its core.
  void send_off(runtime::Runtime& runtime);
  /// A part has come home; true if it was the last: then merge().
  bool count_home() {
    CHECK(out_ > 0);
    return --out_ == 0;
  }
  /// Moves every waiting reply to the output. Calls `report(SlowCommand&)` for each command that was slow
  /// elsewhere.
  template <class Report>
  void merge(Report&& report) {
    merge_pieces();
    for (const auto& part : parts_) {
      for (RemotePart::SlowCommand& slow : part->slow_commands()) report(slow);
      part->clear();
    }
  }
  /// Bytes of replies that the client has not taken, those that still wait for others included.
  std::size_t bytes() const { return output_.size() + local_.size(); }

 private:
  /// The reply of a request, in order; kept only once a part has a request.
  struct Piece {
    RemotePart* part;  // null: from local_
    std::size_t local_bytes;
    bool is_suppressed;  // CLIENT REPLY
  };
  bool is_pending() const { return open_ > 0 || out_ > 0; }
  bool is_suppressing() const {
    return session_.reply_mode == ReplyMode::kOff || session_.reply_mode == ReplyMode::kSkipThis;
  }
  void merge_pieces();
  void step_reply_mode();

  Pipeline& home_;
  Session& session_;
  protocol::Output& output_;
  protocol::Output local_;  // replies made here behind a request that is in a part
  std::vector<Piece> pieces_;
  std::vector<std::unique_ptr<RemotePart>> parts_;  // one for each core ever used; few
  std::size_t open_ = 0;                            // with requests, not yet sent off
  std::size_t out_ = 0;                             // sent off, not yet home
};

}  // namespace shoal::dispatch
