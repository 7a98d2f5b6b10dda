#include "server/dispatch/remote_part.h"

#include <utility>

#include "server/dispatch/dispatcher.h"

namespace shoal::dispatch {

void RemotePart::clear() {
  items_.clear();
  slow_commands_.clear();
  replies_.clear();
  next_ = 0;
  merged_ = 0;
}

void RemotePart::run(Dispatcher& owner) {
  if (next_ == 0) {
    home_core_ = from;
    note_keys(owner);
    owner.fetch_ahead();
  }
  owner.runner().start_clock();
  Domain& domain = owner.own();
  KeyAccess keys = owner.access(domain.shard.effects(), Choices{});
  for (; next_ < items_.size(); ++next_) {
    Item& item = items_[next_];
    const PlacedRequest request = window().place(item.index, item.choices);
    const bool has_its_turn = std::exchange(has_turn_, false);
    const auto lent = has_its_turn ? held_slot(domain.loans, request) : lent_slot(domain.loans, request);
    if (lent) [[unlikely]] {
      owner_ = &owner;
      owner.count_lookups(keys);
      return domain.loans.wait_for(*lent, *this);
    }
    keys.set_moment(owner.moment());
    keys.set_database(item.choices.database);
    keys.set_touch(item.choices.touch);
    protocol::ReplyWriter reply(replies_, item.choices.resp);
    const protocol::Output::Mark before = replies_.mark();
    const std::uint64_t ticks = owner.runner().run(request.invocation, reply, keys, nullptr).ticks;
    item.reply_bytes = static_cast<std::size_t>(replies_.mark() - before);
    if (ticks >= owner.slow_ticks()) [[unlikely]]
      note_slow(owner, request.invocation, ticks);
    domain.shard.settle();
  }
  owner.count_lookups(keys);
  owner.services().counters().remote_commands.add(items_.size());
  kind = kPartDone;
  owner.runtime().post(home_core_, *this);
}

void RemotePart::note_slow(Dispatcher& owner, const Invocation& invocation, std::uint64_t ticks) {
  slow_commands_.push_back({invocation.command, slowlog_args(invocation), ticks});
  owner.services().latency().note_elsewhere(
      static_cast<Micros>(owner.services().ticks_to_nanos(ticks) / 1000));
}

const RequestWindow& RemotePart::window() const {
  return home_.window();
}

void RemotePart::note_keys(Dispatcher& owner) const {
  for (const Item& item : items_) {
    for (const Key& key : window().keys(item.index)) owner.will_touch(item.choices.database, key);
  }
}

LoanWaiter::Turn RemotePart::on_turn() {
  has_turn_ = true;
  run(*owner_);
  return Turn::kOver;
}

}  // namespace shoal::dispatch
