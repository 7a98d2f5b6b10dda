// What one request costs to parse and one reply to write.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "protocol/output.h"
#include "protocol/reply_writer.h"
#include "protocol/request_parser.h"

namespace shoal::protocol {
namespace {

constexpr size_t kPipeline = 64;

std::string pipeline_of(View request) {
  std::string out;
  for (size_t i = 0; i < kPipeline; ++i) out += request;
  return out;
}

void parse_pipeline(benchmark::State& state, const std::string& input, size_t piece_bytes) {
  const ParserLimits limits;
  RequestParser parser(limits);
  RequestBatch batch;
  size_t requests = 0;
  for (auto _ : state) {
    for (size_t at = 0; at < input.size(); at += piece_bytes) {
      size_t consumed = 0;
      parser.parse(View(input).substr(at, piece_bytes), consumed, batch);
      requests += batch.size();
      benchmark::DoNotOptimize(batch[0].args.data());
      batch.clear();
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(requests));
}

const std::string kSet =
    "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$64\r\n" + std::string(64, 'v') + "\r\n";
const std::string kGet = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n";

void parse_set(benchmark::State& state) {
  parse_pipeline(state, pipeline_of(kSet), ~size_t{0});
}
void parse_get(benchmark::State& state) {
  parse_pipeline(state, pipeline_of(kGet), ~size_t{0});
}
void parse_inline(benchmark::State& state) {
  parse_pipeline(state, pipeline_of("GET key:000000000001\r\n"), ~size_t{0});
}
// Every input ends within a request, at another place each time.
void parse_set_in_pieces(benchmark::State& state) {
  parse_pipeline(state, pipeline_of(kSet), 1001);
}

template <class Write>
void write_replies(benchmark::State& state, Write write) {
  ChunkPool pool;
  Output output(pool);
  ReplyWriter writer(output, RespVersion::kResp2);
  std::array<iovec, 16> vectors;
  for (auto _ : state) {
    for (size_t i = 0; i < kPipeline; ++i) write(writer);
    benchmark::DoNotOptimize(output.gather(vectors));
    output.consume(output.size());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kPipeline));
}

void write_ok(benchmark::State& state) {
  write_replies(state, [](ReplyWriter& to) { to.ok(); });
}
void write_integer(benchmark::State& state) {
  write_replies(state, [](ReplyWriter& to) { to.integer(123); });
}
void write_bulk_64(benchmark::State& state) {
  const std::string value(64, 'v');
  write_replies(state, [&](ReplyWriter& to) { to.bulk(value); });
}
void write_bulk_4096(benchmark::State& state) {
  const std::string value(4096, 'v');
  write_replies(state, [&](ReplyWriter& to) { to.bulk(value); });
}
void write_deferred_array(benchmark::State& state) {
  write_replies(state, [](ReplyWriter& to) {
    const DeferredLength deferred = to.begin_array();
    for (int i = 0; i < 10; ++i) to.integer(i);
    to.end_array(deferred, 10);
  });
}

BENCHMARK(parse_set);
BENCHMARK(parse_get);
BENCHMARK(parse_inline);
BENCHMARK(parse_set_in_pieces);
BENCHMARK(write_ok);
BENCHMARK(write_integer);
BENCHMARK(write_bulk_64);
BENCHMARK(write_bulk_4096);
BENCHMARK(write_deferred_array);

}  // namespace
}  // namespace shoal::protocol
