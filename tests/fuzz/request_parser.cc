// However the input is cut, the same requests and the same error come out. The first bytes choose the cuts.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "protocol/request_parser.h"

namespace {

using shoal::View;
using namespace shoal::protocol;

struct Parsed {
  std::vector<std::vector<std::string>> requests;
  std::string error;
  size_t is_buffered = 0;
  bool operator==(const Parsed&) const = default;
};

// Feeds `input` in pieces whose sizes `cuts` gives, cyclically; a zero, or no cuts at all, means all that is
// left.
Parsed parse(View input, View cuts, bool is_direct) {
  const ParserLimits limits{.bulk_bytes_max = 200000};
  RequestParser parser(limits);
  RequestBatch batch;
  Parsed parsed;
  size_t cut = 0;
  while (!input.empty()) {
    const size_t wanted = cuts.empty() ? 0 : static_cast<unsigned char>(cuts[cut++ % cuts.size()]);
    const View piece = input.substr(0, wanted == 0 ? View::npos : wanted);
    input.remove_prefix(piece.size());
    // A heap block of exactly the piece's size, so that a read beyond it or after it is seen.
    const auto bytes = std::make_unique<char[]>(piece.size());
    piece.copy(bytes.get(), piece.size());
    View rest(bytes.get(), piece.size());
    while (!rest.empty()) {
      const std::span<char> target = is_direct ? parser.direct_target() : std::span<char>();
      if (!target.empty()) {
        const size_t count = rest.copy(target.data(), target.size());
        parser.direct_received(count);
        rest.remove_prefix(count);
        continue;
      }
      size_t consumed = 0;
      const ParseOutcome outcome = parser.parse(rest, consumed, batch);
      for (size_t i = 0; i < batch.size(); ++i) {
        const Request request = batch[i];
        if (request.args.empty()) std::abort();
        parsed.requests.emplace_back(request.args.begin(), request.args.end());
      }
      batch.clear();
      if (outcome == ParseOutcome::kError) {
        parsed.error = parser.error();
        return parsed;
      }
      rest.remove_prefix(consumed);
    }
  }
  parsed.is_buffered = parser.buffered_bytes() > 0;
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const View all(reinterpret_cast<const char*>(data), size);
  const View cuts = all.substr(0, 4);
  const View input = all.substr(cuts.size());
  const Parsed whole = parse(input, View(), false);
  if (!(parse(input, cuts, false) == whole)) std::abort();
  if (!(parse(input, cuts, true) == whole)) std::abort();
  if (!(parse(input, "\x01", false) == whole)) std::abort();
  return 0;
}
