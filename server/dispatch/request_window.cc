#include "server/dispatch/request_window.h"

#include <algorithm>

#include "server/dispatch/admission.h"
#include "server/dispatch/dispatcher.h"

namespace shoal::dispatch {

void RequestWindow::start(protocol::RequestBatch& batch, DatabaseId database) {
  batch_ = &batch;
  end_ = 0;
  move_on(database);
}

void RequestWindow::move_on(DatabaseId database) {
  begin_ = end_;
  end_ = std::min(begin_ + kRequestsMax, batch_->size());
  resolved_.clear();
  keys_.clear();
  for (std::size_t i = begin_; i < end_; ++i) resolve(i, database);
}

void RequestWindow::resolve(std::size_t index, DatabaseId database) {
  const std::span<const View> request = args(index);
  Resolved resolved{
      dispatcher_.node().table().find(request), {}, static_cast<std::uint32_t>(keys_.size()), 0, kNoOwner};
  const Command* command = resolved.command;
  if (command != nullptr && command->has_keys() && arity_fits(*command, request.size())) {
    if (const auto error = append_keys(*command, request, keys_)) resolved.key_error = *error;
    resolved.key_count = static_cast<std::uint32_t>(keys_.size()) - resolved.first_key;
    for (std::size_t i = resolved.first_key; i < keys_.size(); ++i) {
      const CoreId owner = dispatcher_.node().owner(keys_[i].slot);
      if (resolved.owner == kNoOwner) resolved.owner = owner;
      if (resolved.owner != owner) resolved.owner = kSeveral;
      if (owner == dispatcher_.reach().self()) dispatcher_.will_touch(database, keys_[i]);
    }
  }
  resolved_.push_back(resolved);
}

PlacedRequest RequestWindow::place(std::size_t index, const Choices& choices) const {
  PlacedRequest request;
  request.invocation.command = (*this)[index].command;
  request.invocation.args = args(index);
  request.invocation.keys = keys(index);
  request.invocation.batch = batch_;
  request.invocation.batch_index = index;
  request.slot = request.invocation.keys.empty() ? 0 : request.invocation.keys.front().slot;
  request.choices = choices;
  return request;
}

void RequestWindow::note_keys_of(CoreId owner, std::size_t index, DatabaseId database) const {
  for (; index < end_; ++index) {
    if ((*this)[index].owner != owner) continue;
    for (const Key& key : keys(index)) dispatcher_.will_touch(database, key);
  }
}

}  // namespace shoal::dispatch
