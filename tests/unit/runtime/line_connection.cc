#include "tests/unit/runtime/line_connection.h"

#include <algorithm>
#include <span>

#include "tests/unit/runtime/some_bytes.h"

namespace shoal::runtime {

void LineConnection::on_received(Received&& received) {
  if (echoing_) {
    reply_later(received.bytes());
  } else {
    line_.append(received.bytes());
    const std::size_t end = line_.find('\n');
    if (end != std::string::npos) {
      const std::string rest = line_.substr(end + 1);
      line_.resize(end);
      obey(rest);
    }
  }
}

void LineConnection::on_received_into(std::size_t count) {
  counters_.received_into += count;
  missing_ -= count;
  if (missing_ > 0) return;
  echoing_ = true;
  reply_later(big_);
}

void LineConnection::on_sent(std::size_t count) {
  sent_ += count;
  if (sent_ < sending_.size()) return send_rest();
  sending_.clear();
  flush();
}

void LineConnection::on_end(int error) {
  ended_ = true;
  if (error != 0 || (!wire_.sending() && waiting_.empty())) wire_.close();
}

void LineConnection::obey(const std::string& rest) {
  const std::size_t space = line_.find(' ');
  const std::size_t count = space == std::string::npos ? 0 : std::stoul(line_.substr(space + 1));
  const std::string verb = line_.substr(0, space);
  line_.clear();
  if (verb == "echo") {
    echoing_ = true;
    if (!rest.empty()) reply_later(rest);
  } else if (verb == "into") {
    receive_big(count, rest);
  } else if (verb == "parts") {
    send_parts();
  } else {
    reply_later(some_bytes(count));
    if (verb == "flood-close") wire_.close();
  }
}

// As a parser would: what has come with the line is copied, the rest goes straight to its place.
void LineConnection::receive_big(std::size_t count, const std::string& rest) {
  big_.resize(count);
  const std::size_t copied = std::min(count, rest.size());
  std::copy_n(rest.begin(), copied, big_.begin());
  missing_ = count - copied;
  if (missing_ > 0) return wire_.receive_into(std::span(big_).subspan(copied));
  echoing_ = true;
  reply_later(big_ + rest.substr(copied));
}

void LineConnection::send_parts() {
  sending_ = "one two three";
  sent_ = 0;
  parts_ = {{sending_.data(), 4}, {sending_.data() + 4, 4}, {sending_.data() + 8, 5}};
  wire_.send(parts_);
}

void LineConnection::reply_later(View bytes) {
  waiting_.append(bytes);
  flush();
}

void LineConnection::flush() {
  if (wire_.sending() || !sending_.empty()) return;
  if (waiting_.empty()) {
    if (ended_) wire_.close();
    return;
  }
  sending_.swap(waiting_);
  sent_ = 0;
  send_rest();
}

void LineConnection::send_rest() {
  parts_ = {{sending_.data() + sent_, sending_.size() - sent_}};
  wire_.send(parts_);
}

}  // namespace shoal::runtime
