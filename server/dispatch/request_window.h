// RequestWindow: the next few requests of a batch, each with its row, its keys hashed, and the core that owns
// their slots. Requests are looked up many at a time, so that the memory of all their keys can be fetched
// ahead together.
//
// Lives in a pipeline, on the connection's core. While parts of it are away, other cores read it; it is then
// not moved on.
#pragma once

#include <span>
#include <vector>

#include "protocol/request_parser.h"
#include "server/dispatch/context.h"
#include "server/dispatch/node.h"

namespace shoal::dispatch {

class Dispatcher;

/// What a session had chosen when its request came up.
struct Choices {
  DatabaseId database = 0;
  protocol::RespVersion resp = protocol::RespVersion::kResp2;
  KeyAccess::Touch touch = KeyAccess::Touch::kYes;
};

/// A request ready to run anywhere its slot is.
struct PlacedRequest {
  Invocation invocation;
  SlotId slot = 0;  // of its first key, if it has any
  Choices choices;
};

class RequestWindow {
 public:
  static constexpr std::size_t kRequestsMax = 64;
  static constexpr CoreId kSeveral = 0xffff;  // keys on more than one core
  static constexpr CoreId kNoOwner = 0xfffe;  // no keys

  /// A request, looked up.
  struct Resolved {
    const Command* command;  // null: unknown
    View key_error;          // not empty: its keys make no sense
    std::uint32_t first_key;
    std::uint32_t key_count;
    CoreId owner;
  };

  explicit RequestWindow(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}

  /// The first requests of `batch`, which stays unchanged while this is used. Keys in slots owned here are
  /// noted for Dispatcher::fetch_ahead(), as keys of `database`.
  void start(protocol::RequestBatch& batch, DatabaseId database);
  /// The requests behind those. Precondition: !is_last().
  void move_on(DatabaseId database);
  /// Whether no request of the batch comes after these.
  bool is_last() const { return end_ == batch_->size(); }
  /// The place in the batch of the first request behind these.
  std::size_t end() const { return end_; }

  // Requests by their place in the batch; good until move_on().
  const Resolved& operator[](std::size_t index) const { return resolved_[index - begin_]; }
  std::span<const View> args(std::size_t index) const { return (*batch_)[index].args; }
  std::span<const Key> keys(std::size_t index) const {
    const Resolved& resolved = (*this)[index];
    return {keys_.data() + resolved.first_key, resolved.key_count};
  }
  PlacedRequest place(std::size_t index, const Choices& choices) const;

  /// Notes for Dispatcher::fetch_ahead() the keys of `owner` in requests from `index` on.
  void note_keys_of(CoreId owner, std::size_t index, DatabaseId database) const;

 private:
  void resolve(std::size_t index, DatabaseId database);

  Dispatcher& dispatcher_;
  protocol::RequestBatch* batch_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<Resolved> resolved_;
  std::vector<Key> keys_;
};

}  // namespace shoal::dispatch
