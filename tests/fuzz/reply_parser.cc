// However the input is cut, the same replies come out, and describe() prints each. The first bytes choose the
// cuts.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "protocol/reply_parser.h"

namespace {

using shoal::View;
using namespace shoal::protocol;

std::vector<std::string> parse(View input, View cuts) {
  ReplyParser parser(ReplyLimits{.depth_max = 8, .bulk_bytes_max = 100000, .elements_max = 10000});
  std::vector<std::string> out;
  size_t cut = 0;
  while (!input.empty()) {
    const size_t wanted = cuts.empty() ? 0 : static_cast<unsigned char>(cuts[cut++ % cuts.size()]);
    View piece = input.substr(0, wanted == 0 ? View::npos : wanted);
    input.remove_prefix(piece.size());
    while (!piece.empty()) {
      Reply reply;
      size_t consumed = 0;
      const ReplyOutcome outcome = parser.parse(piece, consumed, reply);
      if (outcome == ReplyOutcome::kError) {
        out.push_back("error: " + std::string(parser.error()));
        return out;
      }
      if (consumed == 0) std::abort();
      if (outcome == ReplyOutcome::kReply) out.push_back(describe(reply));
      piece.remove_prefix(consumed);
    }
  }
  out.push_back(parser.in_reply() ? "incomplete" : "complete");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const View all(reinterpret_cast<const char*>(data), size);
  const View cuts = all.substr(0, 4);
  const View input = all.substr(cuts.size());
  const auto whole = parse(input, View());
  if (parse(input, cuts) != whole) std::abort();
  if (parse(input, "\x01") != whole) std::abort();
  return 0;
}
