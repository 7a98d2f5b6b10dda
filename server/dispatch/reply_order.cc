#include "server/dispatch/reply_order.h"

#include "server/dispatch/messages.h"

namespace shoal::dispatch {

void ReplyOrder::add_local(protocol::Output::Mark before) {
  if (is_pending()) {
    pieces_.push_back({nullptr, static_cast<std::size_t>(local_.mark() - before), is_suppressing()});
  } else if (is_suppressing()) [[unlikely]] {
    output_.truncate(before);
  }
  if (session_.reply_mode != ReplyMode::kOn) [[unlikely]]
    step_reply_mode();
}

void ReplyOrder::add_remote(RemotePart& part, std::uint32_t index, const Choices& choices) {
  if (part.empty()) ++open_;
  part.add(index, choices);
  pieces_.push_back({&part, 0, is_suppressing()});
  step_reply_mode();
}

void ReplyOrder::merge_pieces() {
  for (const Piece& piece : pieces_) {
    const auto before = output_.mark();
    if (piece.part == nullptr) {
      output_.append_front_of(local_, piece.local_bytes);
    } else {
      output_.append_front_of(piece.part->replies(), piece.part->next_home().reply_bytes);
    }
    if (piece.is_suppressed) [[unlikely]]
      output_.truncate(before);
  }
  pieces_.clear();
}

// CLIENT REPLY SKIP concerns the one command after it.
void ReplyOrder::step_reply_mode() {
  if (session_.reply_mode == ReplyMode::kSkipThis) session_.reply_mode = ReplyMode::kOn;
  if (session_.reply_mode == ReplyMode::kSkipNext) session_.reply_mode = ReplyMode::kSkipThis;
}

RemotePart* ReplyOrder::open_part(CoreId core) {
  for (const auto& part : parts_) {
    if (part->target() == core && !part->empty()) return part.get();
  }
  return nullptr;
}

RemotePart& ReplyOrder::part_for(CoreId core) {
  for (const auto& part : parts_) {
    if (part->target() == core) return *part;
  }
  parts_.push_back(std::make_unique<RemotePart>(home_, core));
  return *parts_.back();
}

void ReplyOrder::send_off(runtime::Runtime& runtime) {
  for (const auto& part : parts_) {
    if (part->empty()) continue;
    part->kind = kPartToRun;
    runtime.post(part->target(), *part);
    ++out_;
  }
  open_ = 0;
}

}  // namespace shoal::dispatch
