#include "client/played_position.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;

class PlayedPositionTest : public testing::Test {
 protected:
  PlayedPositionTest() { played_.Reset(48000); }

  const MonotonicTime start_ = MonotonicTime(std::chrono::hours(1));
  PlayedPosition played_;
};

TEST_F(PlayedPositionTest, StandsStillUntilItWasSeenToMove) {
  played_.OnSaid(0, milliseconds(0), start_, false);
  EXPECT_EQ(played_.At(start_ + milliseconds(50)), 0);
  played_.OnSaid(480, milliseconds(0), start_ + milliseconds(50), false);
  EXPECT_EQ(played_.At(start_ + milliseconds(60)), 960);
  EXPECT_EQ(played_.said(), 480);
}

TEST_F(PlayedPositionTest, WhatWasSaidIsOldWhenItComes) {
  played_.OnSaid(480, milliseconds(20), start_, false);
  EXPECT_EQ(played_.At(start_), 480 + 960);
}

TEST_F(PlayedPositionTest, IsCarriedForwardForAFewReportsOnly) {
  played_.OnSaid(480, milliseconds(0), start_, false);
  EXPECT_EQ(played_.At(start_ + std::chrono::hours(1)), 480 + 9600);
  EXPECT_EQ(played_.At(start_ - milliseconds(1)), 480);
}

// Then reports are rare, and a server never runs dry.
TEST_F(PlayedPositionTest, InSilenceItIsCarriedForwardForLonger) {
  played_.OnSaid(480, milliseconds(0), start_, true);
  EXPECT_EQ(played_.At(start_ + milliseconds(1500)), 480 + 72000);
  EXPECT_EQ(played_.At(start_ + std::chrono::hours(1)), 480 + 144000);
  played_.OnSaid(960, milliseconds(0), start_ + milliseconds(1500), false);
  EXPECT_EQ(played_.At(start_ + std::chrono::hours(1)), 960 + 9600);
}

TEST_F(PlayedPositionTest, FreezesWhereItIs) {
  played_.OnSaid(480, milliseconds(0), start_, false);
  played_.Freeze(start_ + milliseconds(10));
  EXPECT_EQ(played_.At(start_ + milliseconds(100)), 960);
}

TEST_F(PlayedPositionTest, GoesBackWhereSilenceEnds) {
  played_.OnSaid(4800, milliseconds(0), start_, false);
  played_.OnSaid(4000, milliseconds(0), start_ + milliseconds(50), false);
  EXPECT_EQ(played_.At(start_ + milliseconds(60)), 4000);
}

}  // namespace
}  // namespace earshot
