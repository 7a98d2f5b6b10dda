// Node: what the cores of one process share, and all of it that they share. The keyspace is shared by address
// only: a slot's data belongs to one core at a time.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "server/dispatch/command_table.h"
#include "server/dispatch/loan_book.h"
#include "storage/keyspace.h"
#include "storage/shard.h"

namespace shoal::dispatch {

/// What a core owns of the data: its shard, and the book of which slots of it are lent. Touched by the owner,
/// or by who borrowed the shard from it.
struct Domain {
  Domain(Keyspace& keyspace, SlotRange slots, Millis now) : shard(keyspace, slots, now) {}
  Shard shard;
  LoanBook loans;
  /// Until when the owner means to sleep (wall clock): a borrower that leaves an earlier timer behind wakes
  /// it.
  Millis wakes_at = 0;
};

static_assert(kCoreCountMax <= 256, "a core's number fits a byte");

class Node {
 public:
  /// `now`: wall clock, where timers begin.
  Node(CoreId core_count, DatabaseId database_count, const CommandTable& table, Millis now);

  CoreId core_count() const { return static_cast<CoreId>(domains_.size()); }
  /// The core that owns a slot.
  CoreId owner(SlotId slot) const { return owners_[slot]; }
  Domain& domain(CoreId core) { return *domains_[core]; }
  Keyspace& keyspace() { return keyspace_; }
  const CommandTable& table() const { return table_; }

  Ticket next_ticket() { return tickets_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t next_client_id() { return client_ids_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Keyspace keyspace_;
  const CommandTable& table_;
  std::array<std::uint8_t, kSlotCount> owners_;  // bytes: half the first-level cache is enough for them
  std::vector<std::unique_ptr<Domain>> domains_;
  alignas(64) std::atomic<Ticket> tickets_{1};
  alignas(64) std::atomic<std::uint64_t> client_ids_{1};
};

/// The contiguous slots that core `core` of `core_count` starts with.
SlotRange initial_slots(CoreId core, CoreId core_count);

}  // namespace shoal::dispatch
