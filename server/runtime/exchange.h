// Exchange: the mailboxes between the cores of one process, with each core's ShardGate. For every ordered
// pair of cores there is one bounded single-producer single-consumer queue of message pointers; for every
// core one bit per sender that has left mail, so that looking for mail costs one to four loads however many
// cores there are.
//
// No message is lost and nobody waits for ever:
//  - A sender publishes a batch, sets its bit, then looks at the receiver's gate; a receiver opens its gate,
//    then looks at the bits (see ShardGate: one of the two notices).
//  - A sender that finds the queue full says so in the queue and looks once more; a receiver that has emptied
//    it looks for that and announces the room to the sender like mail: what waits in its outbox leaves in its
//    next turn.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/runtime/message.h"
#include "server/runtime/shard_gate.h"
#include "storage/base/units.h"

namespace shoal::runtime {

/// One direction between two cores. The producer's side is push; the consumer's is drain.
class Mailbox {
 public:
  /// `capacity` is a power of two.
  explicit Mailbox(std::uint32_t capacity);

  /// Producer: takes as many messages as fit, in order, and publishes them at once. Returns how many. If some
  /// are left, the consumer will see take_producer_waits() once it has made room.
  std::uint32_t push(MessageList& messages);

  /// Consumer: hands each message present at the call to `deliver`, in order. Returns how many. Afterwards
  /// take_producer_waits() tells whether the producer must be woken.
  template <class Deliver>
  std::uint32_t drain(Deliver&& deliver) {
    const std::uint32_t head = head_.load(std::memory_order_relaxed);
    const std::uint32_t tail = tail_.load(std::memory_order_acquire);
    for (std::uint32_t at = head; at != tail; ++at) deliver(*slots_[at & mask_]);
    // seq_cst: the room made must be visible before the look at producer_waits_.
    if (head != tail) head_.store(tail, std::memory_order_seq_cst);
    return tail - head;
  }
  bool take_producer_waits() {
    return producer_waits_.load(std::memory_order_seq_cst) &&
           producer_waits_.exchange(false, std::memory_order_seq_cst);
  }

  std::uint32_t capacity() const { return mask_ + 1; }

 private:
  std::uint32_t fill(MessageList& messages, std::uint32_t head);

  // Each side's index on a line of its own: the other side only reads it once a batch.
  alignas(64) std::atomic<std::uint32_t> tail_{0};  // written by the producer
  std::uint32_t head_seen_ = 0;                     // the producer's last look at head_
  alignas(64) std::atomic<std::uint32_t> head_{0};  // written by the consumer
  alignas(64) std::atomic<bool> producer_waits_{false};
  std::uint32_t mask_;
  std::unique_ptr<Message*[]> slots_;
};

/// What became of a batch handed to Exchange::send.
struct Sent {
  bool complete = true;        // false: the rest stays in the outbox
  bool ring_doorbell = false;  // the receiver sleeps, and this sender is the one to wake it
};

class Exchange {
 public:
  /// A mailbox's capacity that suits so many cores.
  static std::uint32_t capacity_for(CoreId core_count);
  /// `capacity` in messages for each pair, a power of two.
  Exchange(CoreId core_count, std::uint32_t capacity);

  CoreId core_count() const { return core_count_; }
  ShardGate& gate(CoreId core) { return places_[core].gate; }

  /// On core `from`: moves what fits from the outbox to the mailbox. Not to itself.
  Sent send(CoreId from, CoreId to, MessageList& outbox);

  /// On core `from`: makes `to` have a turn, mail or not. True if `from` must now ring its doorbell.
  bool announce(CoreId from, CoreId to) {
    places_[to].senders[from / 64].fetch_or(std::uint64_t{1} << (from % 64), std::memory_order_seq_cst);
    return places_[to].gate.claim_doorbell();
  }

  /// On core `to`: true if mail may have come since the last drain.
  bool has_mail(CoreId to) const {
    for (const auto& word : places_[to].senders) {
      if (word.load(std::memory_order_seq_cst) != 0) return true;
    }
    return false;
  }

  /// On core `to`: hands everything present to `deliver(Message&)`. Calls `ring(CoreId)` for each core that
  /// waited for room in its mailbox to this one, sleeps, and is this core's to wake.
  template <class Deliver, class Ring>
  void drain(CoreId to, Deliver&& deliver, Ring&& ring) {
    for (std::size_t word = 0; word < kSenderWords; ++word) {
      std::atomic<std::uint64_t>& senders = places_[to].senders[word];
      if (senders.load(std::memory_order_seq_cst) == 0) continue;
      // The bits go first: mail left after this sets them again.
      std::uint64_t bits = senders.exchange(0, std::memory_order_seq_cst);
      while (bits != 0) {
        const CoreId from = static_cast<CoreId>(word * 64 + static_cast<unsigned>(__builtin_ctzll(bits)));
        bits &= bits - 1;
        Mailbox& mailbox = box(from, to);
        mailbox.drain(deliver);
        // Room counts as mail: the sender then does not fall asleep before it has tried again.
        if (mailbox.take_producer_waits() && announce(to, from)) ring(from);
      }
    }
  }

 private:
  static constexpr std::size_t kSenderWords = kCoreCountMax / 64;

  struct Place {
    ShardGate gate;
    alignas(64) std::array<std::atomic<std::uint64_t>, kSenderWords> senders{};
  };

  Mailbox& box(CoreId from, CoreId to) { return *boxes_[from * core_count_ + to]; }

  CoreId core_count_;
  std::unique_ptr<Place[]> places_;
  std::vector<std::unique_ptr<Mailbox>> boxes_;  // [from * core_count_ + to]; null on the diagonal
};

}  // namespace shoal::runtime
