#include "client/pacing_clock.h"

#include <gtest/gtest.h>

#include <random>

namespace earshot {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class PacingClockTest : public testing::Test {
 protected:
  PacingClockTest() { clock_.Reset(48000); }

  PacingClock clock_;
  const MonotonicTime t0_ = MonotonicTime(hours(1000));
};

TEST_F(PacingClockTest, StandsStillUntilStarted) {
  EXPECT_EQ(clock_.Position(t0_ + hours(1)), 0);
  EXPECT_EQ(clock_.TimeOf(1), MonotonicTime::max());
}

TEST_F(PacingClockTest, RunsAtTheNominalRate) {
  clock_.Start(t0_);
  EXPECT_EQ(clock_.Position(t0_ + milliseconds(10)), 480);
  EXPECT_EQ(clock_.Position(t0_ + hours(24)), int64_t{48000} * 86400);
}

TEST_F(PacingClockTest, StopKeepsThePosition) {
  clock_.Start(t0_);
  clock_.Stop(t0_ + milliseconds(10));
  EXPECT_EQ(clock_.Position(t0_ + hours(1)), 480);
  EXPECT_EQ(clock_.TimeOf(481), MonotonicTime::max());
  clock_.Start(t0_ + seconds(5));
  EXPECT_EQ(clock_.Position(t0_ + seconds(5) + milliseconds(10)), 960);
}

TEST_F(PacingClockTest, SayingItTwiceChangesNothing) {
  clock_.Start(t0_);
  clock_.Start(t0_ + milliseconds(10));
  EXPECT_EQ(clock_.Position(t0_ + milliseconds(20)), 960);
  clock_.Stop(t0_ + milliseconds(20));
  clock_.Stop(t0_ + milliseconds(30));
  EXPECT_EQ(clock_.Position(t0_ + milliseconds(30)), 960);
}

TEST_F(PacingClockTest, SteeringChangesWhatComesAfterOnly) {
  clock_.Start(t0_);
  clock_.SetPpm(500, t0_ + seconds(1));
  EXPECT_EQ(clock_.Position(t0_ + seconds(1)), 48000);
  EXPECT_EQ(clock_.Position(t0_ + seconds(2)), 48000 + 48024);
  clock_.SetPpm(-500, t0_ + seconds(2));
  EXPECT_EQ(clock_.Position(t0_ + seconds(3)), 48000 + 48024 + 47976);
}

TEST_F(PacingClockTest, AHoldIsNotMadeUpFor) {
  clock_.Start(t0_);
  EXPECT_FALSE(clock_.HoldAt(480, t0_ + milliseconds(10)));
  EXPECT_TRUE(clock_.HoldAt(480, t0_ + milliseconds(30)));
  EXPECT_EQ(clock_.Position(t0_ + milliseconds(30)), 480);
  EXPECT_EQ(clock_.Position(t0_ + milliseconds(40)), 960);
}

TEST_F(PacingClockTest, TimeOfIsTheFirstInstantThatPasses) {
  std::minstd_rand random(1);
  for (int rate : {8000, 44100, 48000, 192000}) {
    clock_.Reset(rate);
    clock_.Start(t0_);
    clock_.SetPpm(static_cast<double>(random() % 1000) - 500,
                  t0_ + microseconds(random() % 1000));
    for (int i = 0; i < 1000; ++i) {
      const int64_t position = 1000 + random();
      const MonotonicTime time = clock_.TimeOf(position);
      ASSERT_GE(clock_.Position(time), position);
      ASSERT_LT(clock_.Position(time - nanoseconds(2)), position);
    }
  }
}

TEST_F(PacingClockTest, TimeOfThePastIsNotLaterThanNow) {
  clock_.Start(t0_);
  clock_.HoldAt(100, t0_ + seconds(1));
  EXPECT_LE(clock_.TimeOf(50), t0_ + seconds(1));
}

TEST_F(PacingClockTest, FarPositionsDoNotOverflow) {
  clock_.Start(t0_);
  EXPECT_EQ(clock_.TimeOf(int64_t{1} << 62), MonotonicTime::max());
}

TEST_F(PacingClockTest, TimeThatGoesBackMovesNothing) {
  clock_.Start(t0_);
  EXPECT_EQ(clock_.Position(t0_ - seconds(1)), 0);
}

}  // namespace
}  // namespace earshot
