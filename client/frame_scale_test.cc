#include "client/frame_scale.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace earshot {
namespace {

constexpr int kRates[] = {8000,  11025, 22050, 32000,  44100, 47999,
                          64000, 88200, 96000, 176400, 192000};

TEST(FrameScaleTest, IsTheRatioRoundedUp) {
  EXPECT_EQ(FrameScale(44100, 48000).ToStream(0), 0);
  EXPECT_EQ(FrameScale(44100, 48000).ToStream(1), 2);
  EXPECT_EQ(FrameScale(44100, 48000).ToStream(147), 160);
  EXPECT_EQ(FrameScale(44100, 48000).ToStream(148), 162);
  EXPECT_EQ(FrameScale(44100, 48000).ToStream(44100), 48000);
  EXPECT_EQ(FrameScale(96000, 48000).ToStream(3), 2);
  EXPECT_EQ(FrameScale(96000, 48000).ToSource(2), 4);
  EXPECT_EQ(FrameScale(48000, 48000).ToStream(7), 7);
}

TEST(FrameScaleTest, TheWayBackIsTheMostThatFits) {
  for (int rate : kRates) {
    const FrameScale scale(rate, 48000);
    for (int64_t n = 0; n < 3000; ++n) {
      const int64_t source = scale.ToSource(n);
      EXPECT_LE(scale.ToStream(source), n) << rate;
      EXPECT_GT(scale.ToStream(source + 1), n) << rate;
      const int64_t back = scale.ToSource(scale.ToStream(n));
      EXPECT_GE(back, n);
      if (rate <= 48000) {
        EXPECT_EQ(back, n);
      }
    }
  }
}

TEST(FrameScaleTest, NothingIsLostInYears) {
  std::mt19937_64 random(7);
  const int64_t years = int64_t{192000} * 3600 * 24 * 365 * 30;
  for (int rate : kRates) {
    const FrameScale scale(rate, 48000);
    for (int i = 0; i < 1000; ++i) {
      const auto n = static_cast<int64_t>(random() % years);
      // The remainder of n * 48000 = stream * rate - rest tells.
      const int64_t stream = scale.ToStream(n);
      const uint64_t rest = static_cast<uint64_t>(stream) * rate -
                            static_cast<uint64_t>(n) * 48000;
      EXPECT_LT(rest, static_cast<uint64_t>(rate));
    }
  }
}

TEST(FrameScaleTest, WhatHasNoRoomIsTheHighestPosition) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(FrameScale(8000, 48000).ToStream(kMost), kMost);
  EXPECT_EQ(FrameScale(192000, 48000).ToSource(kMost), kMost);
  EXPECT_EQ(FrameScale(44100, 48000).ToSource(kMost),
            kMost / 160 * 147 + kMost % 160 * 147 / 160);
}

}  // namespace
}  // namespace earshot
