#include "server/target_margin.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TargetMarginTest : public testing::Test {
 protected:
  // Sound plays: an update every 5 ms.
  void Play(std::chrono::milliseconds duration) {
    for (milliseconds done(0); done < duration; done += milliseconds(5)) {
      now_ += milliseconds(5);
      target_.Update(now_);
    }
  }

  double TargetMs() const {
    return static_cast<double>(target_.target().count()) / 1e6;
  }

  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
  TargetMargin target_{MarginLimits()};
};

TEST_F(TargetMarginTest, BeginsAtTheStartValue) {
  target_.BeginEpoch(false);
  EXPECT_EQ(target_.target(), milliseconds(20));
  EXPECT_EQ(target_.Reason(now_), "start");
}

TEST_F(TargetMarginTest, LowLatencyBeginsAtHalfOfIt) {
  target_.BeginEpoch(true);
  EXPECT_EQ(target_.target(), milliseconds(10));
}

TEST_F(TargetMarginTest, SinksToTheFloorWithinSeconds) {
  target_.BeginEpoch(false);
  Play(seconds(2));
  EXPECT_NEAR(TargetMs(), 16, 0.1);
  EXPECT_EQ(target_.Reason(now_), "sinking: the network got better");
  Play(seconds(4));
  EXPECT_EQ(target_.target(), milliseconds(10));
  EXPECT_EQ(target_.Reason(now_), "floor");
}

TEST_F(TargetMarginTest, TheFloorIsLowerForLowLatency) {
  target_.BeginEpoch(true);
  Play(seconds(10));
  EXPECT_EQ(target_.target(), milliseconds(6));
  target_.BeginEpoch(false);
  EXPECT_EQ(target_.target(), milliseconds(10));
}

TEST_F(TargetMarginTest, GoesUpAtOnceAndSaysWhy) {
  target_.BeginEpoch(false);
  Play(seconds(10));
  target_.AddLateness(milliseconds(20), now_);
  EXPECT_EQ(target_.target(), milliseconds(29));  // 20 * 1.25 + 4
  Play(seconds(25));
  EXPECT_EQ(target_.target(), milliseconds(29));
  EXPECT_EQ(target_.Reason(now_), "a packet was 20.0 ms late 25 s ago");
}

TEST_F(TargetMarginTest, ForgetsAfterTwoMinutes) {
  target_.BeginEpoch(false);
  target_.AddLateness(milliseconds(20), now_);
  target_.AddLateness(milliseconds(19), now_ + seconds(10));
  Play(seconds(108));
  EXPECT_EQ(target_.target(), milliseconds(29));
  Play(seconds(35));
  EXPECT_EQ(target_.target(), milliseconds(10));
}

TEST_F(TargetMarginTest, WhatIsAlwaysTheSameNeedsLittleMore) {
  target_.BeginEpoch(false);
  for (int i = 0; i < 12; ++i) {
    target_.AddLateness(milliseconds(60), now_);
    Play(seconds(10));
  }
  EXPECT_NEAR(TargetMs(), 64, 0.1);
  // What is worse counts at once.
  target_.AddLateness(milliseconds(70), now_);
  EXPECT_EQ(target_.target(), milliseconds(74));
}

TEST_F(TargetMarginTest, WhatHappenedOnceIsNoHabit) {
  target_.BeginEpoch(false);
  target_.AddLateness(milliseconds(200), now_);
  EXPECT_EQ(target_.target(), milliseconds(79));  // of 60 ms
  Play(seconds(50));
  target_.AddLateness(milliseconds(210), now_);
  EXPECT_EQ(target_.target(), std::chrono::microseconds(266500));
}

TEST_F(TargetMarginTest, AHiccupThatStaysAloneFades) {
  target_.BeginEpoch(true);
  target_.AddLateness(milliseconds(1), now_);
  Play(seconds(20));
  target_.AddLateness(milliseconds(8), now_);
  EXPECT_EQ(target_.target(), milliseconds(14));
  Play(seconds(30));
  EXPECT_EQ(target_.target(), milliseconds(14));
  Play(seconds(5));
  EXPECT_NEAR(TargetMs(), 7.75, 0.1);  // of 3 ms
  // With a second one they are a habit, both of them.
  target_.AddLateness(milliseconds(5), now_);
  EXPECT_EQ(target_.target(), milliseconds(14));
}

TEST_F(TargetMarginTest, SinksOnlyWhileSoundPlays) {
  target_.BeginEpoch(false);
  target_.Update(now_);
  target_.Update(now_ + seconds(3600));
  EXPECT_GE(target_.target(), milliseconds(19));
  now_ += seconds(3600);
  target_.BeginEpoch(false);
  target_.Update(now_);
  EXPECT_GE(target_.target(), milliseconds(19));
}

TEST_F(TargetMarginTest, TheNextEpochInheritsWhatWasLearnt) {
  target_.BeginEpoch(false);
  target_.AddLateness(milliseconds(30), now_);
  now_ += seconds(20);
  target_.BeginEpoch(false);
  Play(seconds(10));
  EXPECT_EQ(target_.target(),
            milliseconds(41) + std::chrono::microseconds(500));
}

TEST_F(TargetMarginTest, NeverLeavesItsLimits) {
  target_.BeginEpoch(false);
  for (int i = 0; i < 20; ++i) {
    target_.AddLateness(seconds(100), now_);
    Play(seconds(1));
  }
  EXPECT_EQ(target_.target(), milliseconds(500));
  EXPECT_EQ(target_.Reason(now_).substr(0, 8), "ceiling:");
  target_.AddLateness(-seconds(100), now_);
  EXPECT_EQ(target_.target(), milliseconds(500));
}

TEST(TargetMarginLimitsTest, EqualLimitsFixIt) {
  const milliseconds fixed(40);
  TargetMargin target({fixed, fixed, fixed, fixed});
  const MonotonicTime now = MonotonicTime() + seconds(100);
  target.BeginEpoch(true);
  EXPECT_EQ(target.target(), fixed);
  target.AddLateness(milliseconds(100), now);
  target.Update(now + seconds(10));
  EXPECT_EQ(target.target(), fixed);
}

}  // namespace
}  // namespace earshot
