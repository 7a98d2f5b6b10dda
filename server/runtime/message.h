// Message: what one core sends another. The runtime carries pointers and never looks inside; sender and
// receiver agree on what a message is and on who frees it (as a rule it travels back to its sender as the
// answer).
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/base/check.h"
#include "storage/base/units.h"

namespace shoal::runtime {

/// Kinds from this one up are the runtime's own; all below belong to the core's logic.
constexpr std::uint8_t kRuntimeKinds = 0xf0;

/// Derive from it, and tell your messages apart by `kind`. From post() until deliver() it belongs to the
/// runtime.
struct Message {
  explicit Message(std::uint8_t kind_of_message = 0) : kind(kind_of_message) {}

  Message* next = nullptr;  // free for use by whoever holds the message
  CoreId from = 0;          // set by post()
  std::uint8_t kind;
};

/// First in, first out, threaded through Message::next. Owns nothing. All operations O(1).
class MessageList {
 public:
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

  void push(Message& message) {
    message.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &message;
    last_ = &message;
    ++size_;
  }

  /// Not when empty. The next message of the list is read before the caller gets this one, who may free it.
  Message& pop() {
    CHECK(first_ != nullptr);
    Message& message = *first_;
    first_ = message.next;
    message.next = nullptr;
    --size_;
    return message;
  }

  /// Moves everything out, leaving this list empty.
  MessageList take_all() {
    MessageList all = *this;
    *this = MessageList();
    return all;
  }

 private:
  Message* first_ = nullptr;
  Message* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace shoal::runtime
