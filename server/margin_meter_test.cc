#include "server/margin_meter.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;

TEST(MarginMeterTest, KnowsNothingAtFirst) {
  EXPECT_FALSE(MarginMeter().Mean(MonotonicTime() + milliseconds(1)));
}

TEST(MarginMeterTest, TakesTheMean) {
  MarginMeter meter;
  const MonotonicTime now = MonotonicTime() + milliseconds(100000);
  meter.Add(milliseconds(10), now);
  meter.Add(milliseconds(-4), now + milliseconds(900));
  EXPECT_EQ(meter.Mean(now + milliseconds(1000)), milliseconds(3));
}

TEST(MarginMeterTest, ForgetsAfterFourSeconds) {
  MarginMeter meter;
  const MonotonicTime now = MonotonicTime() + milliseconds(100000);
  meter.Add(milliseconds(10), now);
  meter.Add(milliseconds(20), now + milliseconds(3000));
  EXPECT_EQ(meter.Mean(now + milliseconds(4100)), milliseconds(20));
  EXPECT_FALSE(meter.Mean(now + milliseconds(8000)));
}

TEST(MarginMeterTest, ForgetsOnReset) {
  MarginMeter meter;
  const MonotonicTime now = MonotonicTime() + milliseconds(100000);
  meter.Add(milliseconds(10), now);
  meter.Reset();
  EXPECT_FALSE(meter.Mean(now));
}

}  // namespace
}  // namespace earshot
