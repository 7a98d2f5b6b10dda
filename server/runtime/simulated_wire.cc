#include "server/runtime/simulated_wire.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "storage/base/check.h"

namespace shoal::runtime {
namespace {

constexpr std::size_t kBufferBytes = 16384;

// What a step did, in the top bits of its name; the rest is a byte count.
enum class Step : std::uint64_t { kReceived = 1, kReceivedInto, kSent, kMovedOut, kEnded, kClosed };

std::uint64_t name(Step step, std::size_t bytes = 0) {
  return static_cast<std::uint64_t>(step) << 56 | bytes;
}

std::size_t total(std::span<const iovec> parts) {
  std::size_t bytes = 0;
  for (const iovec& part : parts) bytes += part.iov_len;
  return bytes;
}

// Bytes [from, from + count) of the parts.
void append(std::span<const iovec> parts, std::size_t from, std::size_t count, std::string& out) {
  for (const iovec& part : parts) {
    if (count == 0) return;
    if (from >= part.iov_len) {
      from -= part.iov_len;
      continue;
    }
    const std::size_t taken = std::min(count, part.iov_len - from);
    out.append(static_cast<const char*>(part.iov_base) + from, taken);
    count -= taken;
    from = 0;
  }
}

}  // namespace

SimulatedBuffers::SimulatedBuffers(std::uint16_t count) : buffers_(count) {
  for (std::uint16_t buffer = count; buffer > 0; --buffer)
    free_.push_back(static_cast<std::uint16_t>(buffer - 1));
}

SimulatedBuffers::~SimulatedBuffers() {
  CHECK(lent() == 0);
}

Received SimulatedBuffers::fill(View bytes) {
  CHECK(available());
  const std::uint16_t buffer = free_.back();
  free_.pop_back();
  buffers_[buffer].reset(new char[bytes.size()]);
  std::memcpy(buffers_[buffer].get(), bytes.data(), bytes.size());
  return Received(View(buffers_[buffer].get(), bytes.size()), *this, buffer);
}

void SimulatedBuffers::give_back(std::uint16_t buffer) {
  CHECK(buffers_[buffer] != nullptr);
  buffers_[buffer].reset();
  free_.push_back(buffer);
}

std::string SimulatedClient::read() {
  std::string bytes;
  bytes.swap(pipe_.to_client);
  return bytes;
}

void SimulatedWire::receive_into(std::span<char> span) {
  CHECK(into_.empty() && !span.empty());
  into_ = span;
  receive_wanted_ = true;
}

void SimulatedWire::send(std::span<const iovec> parts) {
  CHECK(parts_.empty() && !closing_);
  CHECK(!parts.empty() && parts.size() <= kSendPartsMax);
  parts_.assign(parts.begin(), parts.end());
  sent_ = 0;
}

bool SimulatedWire::can_receive() const {
  if (ended_ || !receive_wanted_) return false;
  if (!pipe_.client_connected) return true;
  if (pipe_.to_server.empty()) return !pipe_.client_writes;
  return !into_.empty() || buffers_.available();
}

bool SimulatedWire::can_send() const {
  if (parts_.empty() || broken_) return false;
  return !pipe_.client_connected || pipe_.client_reads || pipe_.to_client.size() < pipe_.capacity;
}

bool SimulatedWire::ready() const {
  return !closed_ && (closing_ || can_receive() || can_send());
}

std::uint64_t SimulatedWire::step() {
  if (closed_) return 0;
  if (closing_) return finish();
  const bool receives = can_receive();
  const bool sends = can_send();
  if (!receives && !sends) return 0;
  if (!pipe_.client_connected) return end(ECONNRESET);
  return receives && (!sends || random_.below(2) == 0) ? receive_some() : send_some();
}

// Mostly everything or a few bytes, sometimes something between.
std::size_t SimulatedWire::piece_of(std::size_t available, std::size_t most) {
  const std::size_t limit = std::min(available, most);
  switch (random_.below(4)) {
    case 0: return 1 + random_.below(std::min<std::size_t>(limit, 8));
    case 1: return 1 + random_.below(limit);
    default: return limit;
  }
}

std::uint64_t SimulatedWire::receive_some() {
  if (pipe_.to_server.empty()) return end(0);
  if (!into_.empty()) {
    const std::size_t count = piece_of(pipe_.to_server.size(), into_.size());
    std::memcpy(into_.data(), pipe_.to_server.data(), count);
    pipe_.to_server.erase(0, count);
    into_ = into_.subspan(count);
    events_->on_received_into(count);
    return name(Step::kReceivedInto, count);
  }
  const std::size_t count = piece_of(pipe_.to_server.size(), kBufferBytes);
  Received received = buffers_.fill(View(pipe_.to_server).substr(0, count));
  pipe_.to_server.erase(0, count);
  events_->on_received(std::move(received));
  return name(Step::kReceived, count);
}

std::uint64_t SimulatedWire::send_some() {
  const std::size_t bytes = total(parts_);
  const std::size_t room = pipe_.client_reads ? bytes : pipe_.capacity - pipe_.to_client.size();
  const std::size_t count = piece_of(bytes - sent_, std::max<std::size_t>(room, 1));
  append(parts_, sent_, count, pipe_.to_client);
  sent_ += count;
  // A send may end early, though it hardly ever does.
  constexpr std::uint64_t kShortSendsOneIn = 32;
  if (sent_ < bytes && random_.below(kShortSendsOneIn) != 0) return name(Step::kMovedOut, count);
  parts_.clear();
  events_->on_sent(sent_);
  return name(Step::kSent, count);
}

std::uint64_t SimulatedWire::end(int error) {
  ended_ = true;
  broken_ = error != 0;
  if (broken_) parts_.clear();
  events_->on_end(error);
  return name(Step::kEnded, static_cast<std::size_t>(error));
}

std::uint64_t SimulatedWire::finish() {
  closed_ = true;
  pipe_.server_connected = false;
  parts_.clear();
  if (events_ != nullptr) events_->on_closed();
  return name(Step::kClosed);
}

}  // namespace shoal::runtime
