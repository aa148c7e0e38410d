#include "client/margin_steering.h"

#include <gtest/gtest.h>

#include <cmath>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class MarginSteeringTest : public testing::Test {
 protected:
  // The service plays faster by `drift_ppm`; reports every 50 ms.
  void RunLoop(double drift_ppm, seconds duration) {
    for (milliseconds done(0); done < duration; done += milliseconds(50)) {
      now_ += milliseconds(50);
      error_us_ += (steering_.ppm() - drift_ppm) * 0.050;
      steering_.OnError(microseconds(std::llround(error_us_)), now_);
      worst_us_ = std::max(worst_us_, std::abs(error_us_));
    }
  }

  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
  MarginSteering steering_;
  double error_us_ = 0;
  double worst_us_ = 0;
};

TEST_F(MarginSteeringTest, StartsAtTheNominalRate) {
  EXPECT_EQ(steering_.ppm(), 0);
}

TEST_F(MarginSteeringTest, SlowsDownIfPacketsAreEarly) {
  EXPECT_LT(steering_.OnError(milliseconds(2), now_), 0);
  EXPECT_GT(steering_.OnError(milliseconds(-2), now_), 0);
}

TEST_F(MarginSteeringTest, LearnsTheDriftAndKeepsTheMargin) {
  for (const double drift : {200.0, -200.0, 450.0}) {
    steering_.Reset();
    error_us_ = worst_us_ = 0;
    RunLoop(drift, seconds(300));
    EXPECT_NEAR(steering_.ppm(), drift, 1);
    EXPECT_NEAR(steering_.drift_ppm(), drift, 1);
    EXPECT_LT(std::abs(error_us_), 20);
    EXPECT_LT(worst_us_, 3000);
  }
}

TEST_F(MarginSteeringTest, WorksOffALargeErrorWithinSecondsWithoutOvershoot) {
  error_us_ = 100000;
  RunLoop(0, seconds(40));
  EXPECT_LT(std::abs(error_us_), 1500);
  double least = error_us_;
  for (int i = 0; i < 100; ++i) {
    RunLoop(0, seconds(1));
    least = std::min(least, error_us_);
  }
  EXPECT_GT(least, -1000);
}

TEST_F(MarginSteeringTest, NeverLeavesItsLimits) {
  for (const int64_t error_ms : {-100000, -10, -4, 4, 10, 100000}) {
    for (int i = 0; i < 10000; ++i) {
      now_ += milliseconds(50);
      const double ppm = steering_.OnError(milliseconds(error_ms), now_);
      ASSERT_LE(std::abs(ppm), 20500);
    }
    EXPECT_LE(std::abs(steering_.drift_ppm()), 500);
  }
}

TEST_F(MarginSteeringTest, WhatIsLargeDependsOnHowMuchTheNetworkShakes) {
  EXPECT_LT(steering_.OnError(milliseconds(10), now_), -1000);
  EXPECT_EQ(steering_.OnError(milliseconds(10), now_, milliseconds(100)), -500);
  EXPECT_LT(steering_.OnError(milliseconds(20), now_, milliseconds(100)),
            -1000);
}

TEST_F(MarginSteeringTest, ALargeErrorTeachesNoDrift) {
  for (int i = 0; i < 1000; ++i) {
    now_ += milliseconds(50);
    steering_.OnError(milliseconds(50), now_);
  }
  EXPECT_EQ(steering_.drift_ppm(), 0);
}

TEST_F(MarginSteeringTest, HoldKeepsTheDriftAlone) {
  RunLoop(200, seconds(300));
  steering_.OnError(milliseconds(50), now_);
  EXPECT_LT(steering_.ppm(), -1000);
  steering_.Hold();
  EXPECT_NEAR(steering_.ppm(), 200, 1);
}

TEST_F(MarginSteeringTest, TheTimeOfAHoldDoesNotCount) {
  steering_.OnError(milliseconds(3), now_);
  steering_.Hold();
  now_ += seconds(1000);
  steering_.OnError(milliseconds(3), now_);
  EXPECT_EQ(steering_.drift_ppm(), 0);
}

TEST_F(MarginSteeringTest, AGapOrAStepOfTheClockCountsForLittle) {
  steering_.OnError(milliseconds(3), now_);
  steering_.OnError(milliseconds(3), now_ + seconds(1000));
  EXPECT_NEAR(steering_.drift_ppm(), 0, 4);
  const double before = steering_.drift_ppm();
  steering_.OnError(milliseconds(3), now_);
  EXPECT_EQ(steering_.drift_ppm(), before);
}

}  // namespace
}  // namespace earshot
