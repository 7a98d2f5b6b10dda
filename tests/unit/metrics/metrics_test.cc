#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "server/metrics/command_statistics.h"
#include "server/metrics/counters.h"
#include "server/metrics/histogram.h"
#include "server/metrics/key_counts.h"
#include "server/metrics/latency_monitor.h"
#include "server/metrics/slowlog.h"
#include "storage/base/random.h"

namespace shoal::metrics {
namespace {

// ---- Counters

TEST(Counters, HaveARowEachWithANameOfItsOwn) {
  std::set<View> names;
  std::set<const Counter*> fields;
  const CounterFields counters;
  for (const CounterRow& row : counter_rows()) {
    names.insert(row.name);
    fields.insert(&(counters.*row.field));
  }
  EXPECT_EQ(names.size(), counter_rows().size());
  EXPECT_EQ(fields.size(), counter_rows().size());
}

TEST(Counters, ResetToZeroWithTheirRates) {
  Counters counters;
  counters.sample(0);
  counters.total_commands_processed.add(500);
  counters.longest_turn_us.raise_to(9);
  counters.reset();
  EXPECT_EQ(counters.total_commands_processed.value(), 0u);
  EXPECT_EQ(counters.longest_turn_us.value(), 0u);
  EXPECT_EQ(counters.commands_rate.per_second(1'000'000, 0), 0);
}

TEST(Counters, ThatSayHowThingsAreOutliveAReset) {
  Counters counters;
  counters.changes.add(3);
  counters.lazyfree_pending_objects.set(4);
  counters.reset();
  EXPECT_EQ(counters.changes.value(), 3u);
  EXPECT_EQ(counters.lazyfree_pending_objects.value(), 4u);
}

TEST(LatencyMonitor, AThresholdBeyondAllTimeNotesNothing) {
  LatencyMonitor monitor;
  monitor.set_threshold(std::numeric_limits<Millis>::max());
  monitor.note(LatencyMonitor::kCommand, 1, 3'600'000'000);
  EXPECT_TRUE(monitor.events().empty());
}

TEST(Counter, IsRaisedButNeverLowered) {
  Counter counter;
  counter.raise_to(5);
  counter.raise_to(3);
  EXPECT_EQ(counter.value(), 5u);
}

TEST(Rate, OfASteadyGrowthIsThatGrowth) {
  Rate rate;
  for (Micros now = 0; now <= 10'000'000; now += 1'000)
    rate.sample(now, static_cast<std::uint64_t>(now / 100));
  EXPECT_NEAR(rate.per_second(10'000'000, 100'000), 10'000, 1);
}

TEST(Rate, ForgetsWhatIsOlderThanItsWindow) {
  Rate rate;
  rate.sample(0, 0);
  for (Micros now = 1'000'000; now < 5'000'000; now += Rate::kInterval) rate.sample(now, 1'000'000);
  EXPECT_EQ(rate.per_second(5'000'000, 1'000'000), 0);
}

TEST(Rate, FallsWhileTheCoreSleepsAndTakesNoSamples) {
  Rate rate;
  rate.sample(0, 0);
  rate.sample(Rate::kInterval, 1'000);
  EXPECT_GT(rate.per_second(Rate::kInterval, 1'000), 0);
  EXPECT_EQ(rate.per_second(60'000'000, 1'000), 0);
}

TEST(Rate, IsZeroBeforeTheFirstSample) {
  EXPECT_EQ(Rate().per_second(5, 5), 0);
}

// ---- Histogram

TEST(Histogram, PutsEveryValueIntoABucketThatReachesIt) {
  for (unsigned bit = 0; bit < Histogram::kValueBits; ++bit) {
    for (const std::uint64_t value :
         {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, (std::uint64_t{1} << bit) + 1}) {
      const std::size_t bucket = Histogram::bucket_of(value);
      ASSERT_LT(bucket, Histogram::kBuckets);
      EXPECT_LE(value, Histogram::bucket_end(bucket));
      if (bucket > 0) {
        EXPECT_GT(value, Histogram::bucket_end(bucket - 1));
      }
    }
  }
}

TEST(Histogram, TakesValuesBeyondItsRangeIntoTheLastBucket) {
  EXPECT_EQ(Histogram::bucket_of(~std::uint64_t{0}), Histogram::kBuckets - 1);
}

TEST(Histogram, TellsPercentilesWithinAnEighth) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  Random random(seed);
  Histogram histogram;
  std::vector<std::uint64_t> model;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random.next() >> (30 + random.next() % 30);
    histogram.record(value);
    model.push_back(value);
  }
  std::sort(model.begin(), model.end());
  for (const double percent : {0.0, 1.0, 50.0, 99.0, 99.9, 100.0}) {
    const auto rank = std::max(1.0, std::ceil(percent / 100 * static_cast<double>(model.size())));
    const std::uint64_t exact = model[static_cast<std::size_t>(rank) - 1];
    EXPECT_GE(histogram.percentile(percent), exact) << percent;
    EXPECT_LE(histogram.percentile(percent), exact + exact / 8) << percent;
  }
}

TEST(Histogram, AddsUpWhenMerged) {
  Histogram one;
  Histogram other;
  one.record(10);
  other.record(1'000);
  one.merge(other);
  EXPECT_EQ(one.count(), 2u);
  EXPECT_EQ(one.percentile(50), 10u);
  EXPECT_GE(one.percentile(100), 1'000u);
}

TEST(Histogram, WithoutValuesHasNoPercentiles) {
  EXPECT_EQ(Histogram().percentile(99), 0u);
}

// ---- Command statistics

TEST(CommandStatistics, CountCallsTimeRejectionsAndFailuresOfEachRow) {
  CommandStatistics statistics(3);
  statistics.record_call(1, 100);
  statistics.record_call(1, 50);
  statistics.record_failure(1, "WRONGTYPE");
  statistics.record_rejection(2, "ERR");
  EXPECT_EQ(statistics.figures(1).calls, 2u);
  EXPECT_EQ(statistics.figures(1).ticks, 150u);
  EXPECT_EQ(statistics.figures(1).failed, 1u);
  EXPECT_EQ(statistics.figures(2).rejected, 1u);
  EXPECT_EQ(statistics.figures(0).calls, 0u);
  EXPECT_EQ(statistics.error_count(), 2u);
  ASSERT_EQ(statistics.errors().size(), 2u);
  EXPECT_EQ(statistics.distribution(0), nullptr);
  EXPECT_EQ(statistics.distribution(1)->count(), 2u);
}

TEST(CommandStatistics, CountErrorCodesBeyondTheLimitTogether) {
  CommandStatistics statistics(1);
  for (int i = 0; i < 200; ++i) statistics.record_error("CODE" + std::to_string(i));
  ASSERT_EQ(statistics.errors().size(), CommandStatistics::kErrorCodesMax + 1);
  EXPECT_EQ(statistics.errors().back().code, CommandStatistics::kOtherErrors);
  EXPECT_EQ(statistics.errors().back().count, 200 - CommandStatistics::kErrorCodesMax);
  EXPECT_EQ(statistics.error_count(), 200u);
}

TEST(CommandStatistics, KeepTheLimitOfErrorCodesWhenMerged) {
  CommandStatistics one(1);
  CommandStatistics other(1);
  for (int i = 0; i < 200; ++i) one.record_error("A" + std::to_string(i));
  for (int i = 0; i < 200; ++i) other.record_error("B" + std::to_string(i));
  one.merge(other);
  EXPECT_EQ(one.errors().size(), CommandStatistics::kErrorCodesMax + 1);
  EXPECT_EQ(one.error_count(), 400u);
}

TEST(CommandStatistics, KeepNoDistributionWhenToldNotTo) {
  CommandStatistics statistics(1);
  statistics.record_call(0, 5);
  statistics.set_tracks_distribution(false);
  statistics.record_call(0, 5);
  EXPECT_EQ(statistics.distribution(0), nullptr);
  EXPECT_EQ(statistics.figures(0).calls, 2u);
}

TEST(CommandStatistics, AddUpWhenMergedAndForgetWhenReset) {
  CommandStatistics one(2);
  CommandStatistics other(2);
  one.record_call(0, 5);
  other.record_call(0, 7);
  other.record_call(1, 9);
  one.merge(other);
  EXPECT_EQ(one.figures(0).calls, 2u);
  EXPECT_EQ(one.figures(0).ticks, 12u);
  EXPECT_EQ(one.distribution(1)->count(), 1u);
  one.reset();
  EXPECT_EQ(one.figures(0).calls, 0u);
  EXPECT_EQ(one.distribution(0), nullptr);
}

// ---- Slow log

TEST(Slowlog, KeepsTheNewestEntriesUpToTheLimit) {
  Slowlog log;
  for (std::uint64_t id = 0; id < 5; ++id)
    log.add({.id = id, .args = {}, .client_address = {}, .client_name = {}}, 3);
  ASSERT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.entries().front().id, 4u);
  EXPECT_EQ(log.entries().back().id, 2u);
  log.trim(1);
  EXPECT_EQ(log.entries().back().id, 4u);
  log.reset();
  EXPECT_TRUE(log.entries().empty());
}

TEST(Slowlog, ClipsManyArgumentsAndLongOnes) {
  const std::string exact(128, 'x');
  const std::string longer(200, 'x');
  std::vector<View> args(41, "a");
  args[1] = exact;
  args[2] = longer;
  const std::vector<std::string> clipped = Slowlog::clip(args);
  ASSERT_EQ(clipped.size(), 32u);
  EXPECT_EQ(clipped[0], "a");
  EXPECT_EQ(clipped[1], exact);
  EXPECT_EQ(clipped[2], exact + "... (72 more bytes)");
  EXPECT_EQ(clipped[30], "a");
  EXPECT_EQ(clipped[31], "... (10 more arguments)");
}

TEST(Slowlog, ShowsThirtyTwoArgumentsWhole) {
  const std::vector<View> args(32, "a");
  EXPECT_EQ(Slowlog::clip(args).back(), "a");
}

// ---- Latency monitor

/// A monitor that notes what takes a millisecond.
LatencyMonitor monitor_that_is_on() {
  LatencyMonitor monitor;
  monitor.set_threshold(1);
  return monitor;
}

TEST(LatencyMonitor, NotesWhatTookAsLongAsTheThreshold) {
  LatencyMonitor monitor;
  monitor.note("command", 100, 1'000'000);
  EXPECT_TRUE(monitor.events().empty()) << "it is off";
  monitor.set_threshold(5);
  monitor.note("command", 100, 4'999);
  EXPECT_TRUE(monitor.events().empty());
  monitor.note("command", 100, 5'000);
  EXPECT_EQ(monitor.find("command")->worst, 5);
}

TEST(LatencyMonitor, ATurnIsAnEventOnlyIfNoPartOfItWas) {
  LatencyMonitor monitor = monitor_that_is_on();
  monitor.note("command", 100, 9'000);
  monitor.end_turn(100, 9'500);
  EXPECT_EQ(monitor.find("turn"), nullptr);
  monitor.note("command", 101, 900);
  monitor.end_turn(101, 1'800);
  ASSERT_NE(monitor.find("turn"), nullptr);
  EXPECT_EQ(monitor.find("turn")->samples.back().unix_seconds, 101);
  monitor.note_elsewhere(1'500);
  monitor.end_turn(102, 1'800);
  EXPECT_EQ(monitor.find("turn")->samples.back().unix_seconds, 101);
}

TEST(LatencyMonitor, KeepsTheWorstOfEachSecond) {
  LatencyMonitor monitor = monitor_that_is_on();
  monitor.note("command", 100, 5'000);
  monitor.note("command", 100, 9'000);
  monitor.note("command", 100, 7'000);
  monitor.note("command", 101, 3'000);
  const LatencyEvent* event = monitor.find("command");
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(event->samples.size(), 2u);
  EXPECT_EQ(event->samples[0].latency, 9);
  EXPECT_EQ(event->worst, 9);
}

TEST(LatencyMonitor, KeepsABoundedHistoryButTheWorstOfAllTime) {
  LatencyMonitor monitor = monitor_that_is_on();
  monitor.note("turn", 0, 1'000'000);
  for (std::int64_t second = 1; second <= 500; ++second) monitor.note("turn", second, 1'000);
  EXPECT_EQ(monitor.find("turn")->samples.size(), LatencyMonitor::kSamples);
  EXPECT_EQ(monitor.find("turn")->samples.back().unix_seconds, 500);
  EXPECT_EQ(monitor.find("turn")->worst, 1'000);
}

TEST(LatencyMonitor, MergesTheCoresByTime) {
  LatencyMonitor one = monitor_that_is_on();
  LatencyMonitor other = monitor_that_is_on();
  one.note("command", 10, 1'000);
  one.note("command", 30, 1'000);
  other.note("command", 20, 8'000);
  other.note("command", 30, 4'000);
  other.note("turn", 5, 2'000);
  one.merge(other);
  const LatencyEvent* event = one.find("command");
  ASSERT_EQ(event->samples.size(), 3u);
  EXPECT_EQ(event->samples[1].unix_seconds, 20);
  EXPECT_EQ(event->samples[2].latency, 4);
  EXPECT_EQ(event->worst, 8);
  EXPECT_NE(one.find("turn"), nullptr);
}

TEST(LatencyMonitor, ForgetsOneEventOrAll) {
  LatencyMonitor monitor = monitor_that_is_on();
  monitor.note("command", 1, 1'000);
  monitor.note("turn", 1, 1'000);
  EXPECT_TRUE(monitor.reset("turn"));
  EXPECT_FALSE(monitor.reset("turn"));
  EXPECT_EQ(monitor.reset_all(), 1u);
  EXPECT_EQ(monitor.find("command"), nullptr);
}

// ---- Key counts

TEST(KeyCounts, WeighSampledDeadlinesWithTheKeysTheyStandFor) {
  KeyCounts counts;
  EXPECT_EQ(counts.average_ttl(), 0);
  counts.add({.keys = 10, .expiring = 9, .table_bytes = 64, .ttl_ms_sum = 9 * 1000, .ttl_weight = 9});
  counts.add({.keys = 5, .expiring = 1, .table_bytes = 32, .ttl_ms_sum = 5000, .ttl_weight = 1});
  EXPECT_EQ(counts.keys, 15u);
  EXPECT_EQ(counts.table_bytes, 96u);
  EXPECT_EQ(counts.average_ttl(), 1400);
}

}  // namespace
}  // namespace shoal::metrics
