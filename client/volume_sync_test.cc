#include "client/volume_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

constexpr PlayerVolume kLoud{0, false};
constexpr PlayerVolume kLow{-20, false};
constexpr PlayerVolume kMute{-20, true};

class VolumeSyncTest : public testing::Test {
 protected:
  // What is due is said; whether the volume was part of it.
  bool Say() {
    EXPECT_TRUE(sync_.due());
    const bool said = sync_.TakeUnsaid();
    sync_.OnAsked(++ping_);
    EXPECT_FALSE(sync_.due());
    return said;
  }

  VolumeSync sync_;
  uint64_t ping_ = 0;
};

TEST_F(VolumeSyncTest, BeginsLoudAndHasNothingToSay) {
  EXPECT_EQ(sync_.volume(), kLoud);
  sync_.OnOpened(false);
  EXPECT_FALSE(sync_.due());
  sync_.OnOpened(true);
  EXPECT_FALSE(sync_.due());
}

TEST_F(VolumeSyncTest, WhatTheServerSaysCounts) {
  sync_.OnOpened(false);
  EXPECT_TRUE(sync_.OnVolume(kLow));
  EXPECT_EQ(sync_.volume(), kLow);
  EXPECT_FALSE(sync_.OnVolume(kLow));
  EXPECT_FALSE(sync_.due());
}

TEST_F(VolumeSyncTest, WhatTheSourceSetsCountsAtOnceAndIsSaidOnce) {
  sync_.OnOpened(false);
  sync_.Set(kLow);
  EXPECT_EQ(sync_.volume(), kLow);
  EXPECT_TRUE(Say());
  EXPECT_FALSE(sync_.OnVolume(kLow));
  EXPECT_FALSE(sync_.OnEcho(1));
  EXPECT_EQ(sync_.volume(), kLow);
  EXPECT_FALSE(sync_.due());
  sync_.Set(kLow);
  EXPECT_FALSE(sync_.due());
}

TEST_F(VolumeSyncTest, ASliderDoesNotJumpBack) {
  sync_.OnOpened(false);
  sync_.Set({-1, false});
  EXPECT_TRUE(Say());
  sync_.Set({-2, false});
  sync_.Set({-3, false});
  EXPECT_FALSE(sync_.due()) << "one at a time";
  EXPECT_FALSE(sync_.OnVolume({-1, false}));
  EXPECT_FALSE(sync_.OnEcho(1));
  EXPECT_EQ(sync_.volume(), (PlayerVolume{-3, false}));
  EXPECT_TRUE(Say());
  EXPECT_FALSE(sync_.OnVolume({-3, false}));
  EXPECT_FALSE(sync_.OnEcho(2));
  EXPECT_FALSE(sync_.due());
}

TEST_F(VolumeSyncTest, OfTwoAtOnceTheServersLastCounts) {
  sync_.OnOpened(false);
  sync_.Set(kLow);
  EXPECT_TRUE(Say());
  // Another one was first: the server says it, and then ours.
  EXPECT_FALSE(sync_.OnVolume(kMute));
  EXPECT_FALSE(sync_.OnVolume(kLow));
  EXPECT_FALSE(sync_.OnEcho(1));
  EXPECT_EQ(sync_.volume(), kLow);
  // Another one was last, and of the two only that is said.
  sync_.Set(kLoud);
  EXPECT_TRUE(Say());
  EXPECT_FALSE(sync_.OnVolume(kMute));
  EXPECT_EQ(sync_.volume(), kLoud);
  EXPECT_TRUE(sync_.OnEcho(2));
  EXPECT_EQ(sync_.volume(), kMute);
}

TEST_F(VolumeSyncTest, TheEchoOfAnOlderPingTellsNothing) {
  sync_.OnOpened(false);
  ping_ = 4;
  sync_.Set(kLow);
  EXPECT_TRUE(Say());
  EXPECT_FALSE(sync_.OnEcho(4));
  EXPECT_FALSE(sync_.OnVolume(kMute));
  EXPECT_EQ(sync_.volume(), kLow);
  EXPECT_TRUE(sync_.OnEcho(6));
  EXPECT_EQ(sync_.volume(), kMute);
}

TEST_F(VolumeSyncTest, AServerThatKnowsNothingIsToldAgain) {
  sync_.OnOpened(false);
  sync_.OnVolume(kMute);
  sync_.OnOpened(false);
  EXPECT_TRUE(Say());
  EXPECT_EQ(sync_.volume(), kMute);
}

TEST_F(VolumeSyncTest, WhatWasSetWithoutACallIsSaidOnTheNext) {
  sync_.Set(kLow);
  sync_.Set(kLoud);
  sync_.OnOpened(true);
  EXPECT_TRUE(Say());
}

TEST_F(VolumeSyncTest, WhatWasNotConfirmedIsSaidAgain) {
  sync_.OnOpened(false);
  sync_.Set(kLow);
  EXPECT_TRUE(Say());
  sync_.OnOpened(true);
  EXPECT_FALSE(sync_.OnVolume(kMute));
  EXPECT_TRUE(Say());
  EXPECT_EQ(sync_.volume(), kLow);
}

TEST_F(VolumeSyncTest, AServerThatGoesOnMayHaveGotAnother) {
  sync_.OnOpened(false);
  sync_.OnVolume(kMute);
  sync_.OnOpened(true);
  // It says nothing of 0 dB, so it has to be asked.
  EXPECT_FALSE(Say());
  EXPECT_EQ(sync_.volume(), kMute);
  EXPECT_TRUE(sync_.OnEcho(1));
  EXPECT_EQ(sync_.volume(), kLoud);
}

TEST_F(VolumeSyncTest, AServerThatGoesOnAndHasTheSameChangesNothing) {
  sync_.OnOpened(false);
  sync_.OnVolume(kMute);
  sync_.OnOpened(true);
  EXPECT_FALSE(Say());
  EXPECT_FALSE(sync_.OnVolume(kMute));
  EXPECT_FALSE(sync_.OnEcho(1));
  EXPECT_EQ(sync_.volume(), kMute);
}

}  // namespace
}  // namespace earshot
