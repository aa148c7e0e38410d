#include "sinks/channel_mix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace earshot {
namespace {

using P = ChannelPosition;

const ChannelLayout& Surround() {  // in the order of Opus, 5.1
  static const auto* const kLayout =
      new ChannelLayout{P::kFrontLeft, P::kFrontCenter, P::kFrontRight,
                        P::kRearLeft,  P::kRearRight,   P::kLowFrequency};
  return *kLayout;
}

TEST(ChannelMixTest, ChannelsThatHaveTheirLoudspeakersAreOnlyReordered) {
  const ChannelMix mix(
      Surround(), {P::kFrontLeft, P::kFrontRight, P::kRearLeft, P::kRearRight,
                   P::kFrontCenter, P::kLowFrequency});
  std::vector<float> out;
  mix.Apply({.1f, .2f, .3f, .4f, .5f, .6f, 1, 2, 3, 4, 5, 6}, &out);
  EXPECT_EQ(out, (std::vector<float>{.1f, .3f, .4f, .5f, .2f, .6f, 1, 3, 4, 5,
                                     2, 6}));
}

// ITU-R BS.775-3, annex 4, table 2: L + 0.7071 C + 0.7071 Ls.
TEST(ChannelMixTest, SurroundOnTwoLoudspeakersHasTheCoefficientsOfBs775) {
  const ChannelMix mix(Surround(), LayoutOf(2));
  const float sum = 1 + 2 * 0.70710678f;
  EXPECT_FLOAT_EQ(mix.gain(0, 0), 1 / sum);
  EXPECT_FLOAT_EQ(mix.gain(1, 0), 0.70710678f / sum);
  EXPECT_FLOAT_EQ(mix.gain(1, 1), 0.70710678f / sum);
  EXPECT_FLOAT_EQ(mix.gain(2, 1), 1 / sum);
  EXPECT_FLOAT_EQ(mix.gain(3, 0), 0.70710678f / sum);
  EXPECT_FLOAT_EQ(mix.gain(4, 1), 0.70710678f / sum);
  EXPECT_EQ(mix.gain(2, 0), 0);
  EXPECT_EQ(mix.gain(3, 1), 0);
  EXPECT_EQ(mix.gain(5, 0), 0);
  EXPECT_EQ(mix.gain(5, 1), 0);
}

// The same: 0.7071 L + 0.7071 R + C + 0.5 Ls + 0.5 Rs.
TEST(ChannelMixTest, SurroundOnOneLoudspeakerHasTheCoefficientsOfBs775) {
  const ChannelMix mix(Surround(), LayoutOf(1));
  const float sum = 1 + 2 * 0.70710678f + 2 * 0.5f;
  EXPECT_FLOAT_EQ(mix.gain(0, 0), 0.70710678f / sum);
  EXPECT_FLOAT_EQ(mix.gain(1, 0), 1 / sum);
  EXPECT_FLOAT_EQ(mix.gain(3, 0), 0.5f / sum);
}

TEST(ChannelMixTest, WhatIsBesideComesFromBehindIfNothingElseIsThere) {
  const ChannelMix mix(
      {P::kFrontLeft, P::kFrontRight, P::kSideLeft, P::kSideRight},
      {P::kFrontLeft, P::kFrontRight, P::kRearLeft, P::kRearRight});
  EXPECT_EQ(mix.gain(2, 2), 1);
  EXPECT_EQ(mix.gain(3, 3), 1);
}

TEST(ChannelMixTest, MonoIsHeardOnBothSides) {
  const ChannelMix mix(LayoutOf(1), LayoutOf(2));
  std::vector<float> out;
  mix.Apply({0.25f, -1.0f}, &out);
  EXPECT_EQ(out, (std::vector<float>{0.25f, 0.25f, -1.0f, -1.0f}));
}

TEST(ChannelMixTest, StereoIsHeardInTheMiddleOfOneLoudspeaker) {
  const ChannelMix mix(LayoutOf(2), LayoutOf(1));
  std::vector<float> out;
  mix.Apply({0.5f, -0.25f}, &out);
  EXPECT_EQ(out, std::vector<float>{0.125f});
}

TEST(ChannelMixTest, ChannelsWithoutAPositionGoByTheirNumber) {
  const ChannelLayout unknown(4, P::kUnspecified);
  const ChannelMix two(unknown, LayoutOf(2));
  EXPECT_EQ(two.gain(0, 0), 1);
  EXPECT_EQ(two.gain(1, 1), 1);
  EXPECT_EQ(two.gain(2, 0), 0);
  // Not onto what another channel says that it is for.
  const ChannelMix mixed({P::kUnspecified, P::kFrontLeft}, LayoutOf(2));
  EXPECT_EQ(mixed.gain(0, 0), 0);
  EXPECT_EQ(mixed.gain(1, 0), 1);
}

// Full scale everywhere, for every layout of a stream and of a card.
TEST(ChannelMixTest, NothingClipsAndNothingButLowFrequenciesIsLost) {
  const std::vector<ChannelLayout> layouts = {
      LayoutOf(1),
      LayoutOf(2),
      {P::kFrontLeft, P::kFrontRight, P::kFrontCenter},
      {P::kFrontLeft, P::kFrontRight, P::kRearCenter},
      {P::kFrontLeft, P::kFrontRight, P::kRearLeft, P::kRearRight},
      Surround(),
      {P::kFrontLeft, P::kFrontCenter, P::kFrontRight, P::kSideLeft,
       P::kSideRight, P::kRearCenter, P::kLowFrequency},
      {P::kFrontLeft, P::kFrontCenter, P::kFrontRight, P::kSideLeft,
       P::kSideRight, P::kRearLeft, P::kRearRight, P::kLowFrequency}};
  for (const ChannelLayout& from : layouts) {
    for (const ChannelLayout& to : layouts) {
      const ChannelMix mix(from, to);
      std::vector<float> out;
      mix.Apply(std::vector<float>(from.size(), 1.0f), &out);
      ASSERT_EQ(out.size(), to.size());
      EXPECT_LE(*std::max_element(out.begin(), out.end()), 1.00001f);
      for (size_t i = 0; i < from.size(); ++i) {
        float heard = 0;
        for (size_t j = 0; j < to.size(); ++j) heard += mix.gain(i, j);
        if (from[i] != P::kLowFrequency) {
          EXPECT_GT(heard, 0)
              << i << " of " << from.size() << " on " << to.size();
        }
      }
    }
  }
}

}  // namespace
}  // namespace earshot
