#include "server/margin_meter.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr milliseconds kPacket(10);

class MarginMeterTest : public testing::Test {
 protected:
  // Packets for `duration`; the first has `margin`, each later one `step` more.
  void Packets(seconds duration, nanoseconds margin,
               nanoseconds step = nanoseconds(0)) {
    for (milliseconds done(0); done < duration; done += kPacket) {
      now_ += kPacket;
      late_ = meter_.Add(margin, kPacket, now_);
      margin += step;
    }
  }

  MonotonicTime now_ = MonotonicTime() + seconds(100);
  MarginMeter meter_;
  nanoseconds late_{0};  // of the last packet
};

TEST_F(MarginMeterTest, KnowsNothingAtFirst) {
  EXPECT_FALSE(meter_.Mean(now_));
  EXPECT_EQ(meter_.Add(milliseconds(7), kPacket, now_), nanoseconds(0));
  EXPECT_FALSE(meter_.Mean(now_));
}

TEST_F(MarginMeterTest, TakesTheMean) {
  for (int i = 0; i < 50; ++i) {
    meter_.Add(milliseconds(i % 2 == 0 ? 4 : 16), kPacket, now_);
  }
  EXPECT_NEAR(meter_.Mean(now_)->count(), 10e6, 0.5e6);
}

TEST_F(MarginMeterTest, FollowsAChange) {
  Packets(seconds(20), milliseconds(10));
  Packets(seconds(2), milliseconds(20));
  EXPECT_LT(meter_.Mean(now_)->count(), 18e6);
  Packets(seconds(2), milliseconds(20));
  EXPECT_NEAR(meter_.Mean(now_)->count(), 20e6, 0.1e6);
  Packets(seconds(26), milliseconds(20));
  EXPECT_NEAR(meter_.Mean(now_)->count(), 20e6, 0.1e6);
}

TEST_F(MarginMeterTest, DoesNotLagBehindATrend) {
  Packets(seconds(10), milliseconds(100));
  Packets(seconds(30), milliseconds(100), -microseconds(20));
  EXPECT_NEAR(meter_.Mean(now_)->count(), 40e6, 0.2e6);
}

TEST_F(MarginMeterTest, LongPacketsWeighMore) {
  for (int i = 0; i < 50; ++i) {
    meter_.Add(milliseconds(10), milliseconds(5), now_);
    meter_.Add(milliseconds(40), milliseconds(10), now_);
  }
  EXPECT_NEAR(meter_.Mean(now_)->count(), 30e6, 0.5e6);
}

TEST_F(MarginMeterTest, SaysHowLateAPacketIs) {
  Packets(seconds(10), milliseconds(12));
  EXPECT_EQ(meter_.Lateness(-milliseconds(3)), milliseconds(15));
  EXPECT_EQ(meter_.Add(milliseconds(2), kPacket, now_), milliseconds(10));
}

TEST_F(MarginMeterTest, AMarginThatShrinksOnPurposeMakesNothingLate) {
  Packets(seconds(10), milliseconds(100));
  // By 2 ms a second.
  Packets(seconds(30), milliseconds(100), -microseconds(20));
  EXPECT_LT(late_, milliseconds(1));
}

TEST_F(MarginMeterTest, IsStaleWhenNothingComes) {
  Packets(seconds(10), milliseconds(12));
  EXPECT_TRUE(meter_.Mean(now_ + milliseconds(1900)));
  EXPECT_FALSE(meter_.Mean(now_ + milliseconds(2100)));
}

TEST_F(MarginMeterTest, StartsAnewAfterALongGap) {
  Packets(seconds(10), milliseconds(12));
  now_ += seconds(60);
  EXPECT_EQ(meter_.Add(milliseconds(40), kPacket, now_), nanoseconds(0));
  Packets(seconds(1), milliseconds(40));
  EXPECT_EQ(meter_.Mean(now_), milliseconds(40));
}

TEST_F(MarginMeterTest, ForgetsOnReset) {
  Packets(seconds(10), milliseconds(12));
  meter_.Reset();
  EXPECT_FALSE(meter_.Mean(now_));
}

}  // namespace
}  // namespace earshot
