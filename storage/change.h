// Change: what one write did, said once by the handler that did it. Append-only files, replicas, slot
// migration, keyspace notifications and client-side caching all read the same feed; no handler calls any of
// them.
//
// The effect is deterministic and belongs to one slot: PEXPIREAT rather than EXPIRE, DEL for an expiry. A
// command that writes in several slots says one Change for each.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "storage/key.h"

namespace shoal {

/// What happened to the key, in the words of Redis' keyspace notifications (event_name()).
enum class Event : std::uint8_t {
  kSet,
  kAppend,
  kIncrementBy,
  kIncrementByFloat,
  kSetRange,
  kDelete,
  kExpire,
  kPersist,
  kRenameFrom,
  kRenameTo,
  kCopyTo,
  kMoveFrom,
  kMoveTo,
  kExpired,
  kEvicted,
  kFlushed,  // the whole database within the slot; key is empty
  kSwapped,  // two whole databases within the slot; key is empty
};
View event_name(Event event);

struct Change {
  SlotId slot;
  DatabaseId database;
  Event event;
  View key;
  /// A command that, run on a copy, does the same.
  std::span<const View> effect;
};

/// Changes and timers that a command leaves behind beside the slot's own data. They are applied by the slot's
/// owner: right after the command when it ran at home, or when the loan comes back (so no core touches
/// another's wheel or log).
class Effects {
 public:
  struct Timer {
    Millis deadline;
    KeyReference reference;
  };
  struct Record {
    SlotId slot;
    DatabaseId database;
    Event event;
    std::string key;
    std::vector<std::string> effect;
  };

  /// Whether anybody reads the changes: if not, only their number is kept.
  void set_listening(bool listening) { listening_ = listening; }
  bool listening() const { return listening_; }

  void record(const Change& change) {
    ++change_count_;
    if (listening_) [[unlikely]]
      keep(change);
  }
  void add_timer(Millis deadline, KeyReference reference) { timers_.push_back({deadline, reference}); }

  void count_expired() { ++expired_count_; }

  bool empty() const { return change_count_ == 0 && timers_.empty(); }
  std::uint64_t expired_count() const { return expired_count_; }
  std::uint64_t change_count() const { return change_count_; }
  std::span<const Timer> timers() const { return timers_; }
  std::span<const Record> records() const { return records_; }
  void clear();

 private:
  void keep(const Change& change);

  bool listening_ = false;
  std::uint64_t change_count_ = 0;
  std::uint64_t expired_count_ = 0;
  std::vector<Timer> timers_;
  std::vector<Record> records_;
};

}  // namespace shoal
