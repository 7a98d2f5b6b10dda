// RemotePart: those requests of one pipeline that are for the slots of one other core. It travels there, the
// owner runs them in order, reading what the pipeline's window knows of them and the arguments where they lie
// (the connection keeps the receive buffer pinned), and it travels home with finished replies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/output.h"
#include "server/dispatch/loan_book.h"
#include "server/dispatch/messages.h"
#include "server/dispatch/request_window.h"

namespace shoal::dispatch {

class Dispatcher;
class Pipeline;

/// The first slot of a request that is lent, if any is: the request waits for that one, and then looks again.
inline std::optional<SlotId> lent_slot(const LoanBook& loans, const PlacedRequest& request) {
  if (!loans.any()) [[likely]]
    return std::nullopt;
  if (loans.is_lent(request.slot)) return request.slot;
  for (const Key& key : request.invocation.keys) {
    if (loans.is_lent(key.slot)) return key.slot;
  }
  return std::nullopt;
}

/// The same for a request that has waited and whose turn it is.
inline std::optional<SlotId> held_slot(const LoanBook& loans, const PlacedRequest& request) {
  if (loans.is_held(request.slot)) return request.slot;
  for (const Key& key : request.invocation.keys) {
    if (loans.is_held(key.slot)) return key.slot;
  }
  return std::nullopt;
}

class RemotePart final : public runtime::Message, public LoanWaiter {
 public:
  RemotePart(Pipeline& home, CoreId target) : Message(kPartToRun), home_(home), target_(target) {}

  struct Item {
    std::uint32_t index;  // in the batch
    Choices choices;
    std::size_t reply_bytes = 0;
  };
  /// A command that took long, as the slow log at home will have it. Its arguments are copied where it ran:
  /// by the time it is home, one that became a value may have been freed.
  struct SlowCommand {
    const Command* command;
    std::vector<std::string> args;
    std::uint64_t ticks;
  };

  Pipeline& home() { return home_; }
  CoreId target() const { return target_; }
  bool empty() const { return items_.empty(); }

  // At home.
  void add(std::uint32_t index, const Choices& choices) { items_.push_back({index, choices}); }
  /// Once home: the items in order, one a call.
  const Item& next_home() { return items_[merged_++]; }
  protocol::Output& replies() { return replies_; }
  std::vector<SlowCommand>& slow_commands() { return slow_commands_; }
  void clear();

  // At the owner.
  /// Runs what can run; posts itself home when all has, or waits in the owner's book for a lent slot.
  void run(Dispatcher& owner);
  Turn on_turn() override;

 private:
  void note_keys(Dispatcher& owner) const;
  void note_slow(Dispatcher& owner, const Invocation& invocation, std::uint64_t ticks);
  const RequestWindow& window() const;

  Pipeline& home_;
  CoreId target_;
  std::vector<Item> items_;
  std::vector<SlowCommand> slow_commands_;
  std::size_t next_ = 0;         // the item to run next
  std::size_t merged_ = 0;       // how many replies the home has taken
  Dispatcher* owner_ = nullptr;  // while it waits there
  bool has_turn_ = false;        // what it waited for has come
  CoreId home_core_ = 0;
  // Its own pool: chunks are taken on the owner's thread and given back on the home core's, never at once.
  protocol::ChunkPool pool_;
  protocol::Output replies_{pool_};
};

}  // namespace shoal::dispatch
