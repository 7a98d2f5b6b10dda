#include "server/core/monitor_feed.h"

#include <gtest/gtest.h>

#include <map>

namespace shoal::core {
namespace {

/// What leaves now, by core.
std::map<CoreId, MonitorFeed::Parcel> leaving(MonitorFeed& feed) {
  std::map<CoreId, MonitorFeed::Parcel> parcels;
  feed.send_off([&](CoreId core, MonitorFeed::Parcel&& parcel) { parcels[core] = std::move(parcel); });
  return parcels;
}

TEST(MonitorFeed, SendsOnlyToCoresWithMonitors) {
  MonitorFeed feed(4);
  EXPECT_TRUE(feed.empty());
  feed.add({1, 10});
  feed.add({1, 11});
  feed.add({3, 12});
  feed.show("one\r\n");
  feed.show("two\r\n");
  const auto parcels = leaving(feed);
  ASSERT_EQ(parcels.size(), 2u);
  EXPECT_EQ(parcels.at(1).lines, "one\r\ntwo\r\n") << "once for both";
  EXPECT_EQ(parcels.at(3).lines, "one\r\ntwo\r\n");
  EXPECT_TRUE(leaving(feed).empty());
}

TEST(MonitorFeed, GathersLinesWhileAParcelIsUnderWay) {
  MonitorFeed feed(2);
  feed.add({1, 10});
  feed.show("one\r\n");
  leaving(feed);
  feed.show("two\r\n");
  feed.show("three\r\n");
  EXPECT_TRUE(leaving(feed).empty());
  feed.taken(1);
  EXPECT_EQ(leaving(feed)[1].lines, "two\r\nthree\r\n");
}

TEST(MonitorFeed, ACoreThatTakesNothingGetsAGapInsteadOfLinesWithoutBound) {
  MonitorFeed feed(2);
  feed.add({0, 10});
  feed.add({1, 11});
  feed.show("first\r\n");
  leaving(feed);
  feed.taken(0);
  const std::string line(1000, 'x');
  for (std::size_t bytes = 0; bytes <= MonitorFeed::kParcelBytesMax; bytes += line.size()) {
    feed.show(line);
    for (const auto& [core, parcel] : leaving(feed)) {
      EXPECT_EQ(core, 0);
      EXPECT_EQ(parcel.lines, line);
      feed.taken(core);
    }
  }
  feed.taken(1);
  const MonitorFeed::Parcel late = leaving(feed)[1];
  EXPECT_TRUE(late.has_gap);
  EXPECT_EQ(late.lines, "");
}

TEST(MonitorFeed, ForgetsTheLinesOfMonitorsThatWent) {
  MonitorFeed feed(2);
  feed.add({1, 10});
  feed.show("one\r\n");
  feed.remove(10);
  feed.remove(99);
  EXPECT_TRUE(feed.empty());
  feed.add({1, 11});
  EXPECT_TRUE(leaving(feed).empty());
}

}  // namespace
}  // namespace shoal::core
