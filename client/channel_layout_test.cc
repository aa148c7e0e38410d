#include "client/channel_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace earshot {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

TEST(ChannelLayoutTest, OpusCarriesWhatAlsaHas) {
  for (int channels = 1; channels <= 8; ++channels) {
    const ChannelPositions alsa = AlsaPositions(channels);
    ASSERT_EQ(alsa.size(), static_cast<size_t>(channels));
    EXPECT_EQ(std::set(alsa.begin(), alsa.end()).size(), alsa.size());
    EXPECT_TRUE(ChannelOrder(alsa, VorbisPositions(channels)).has_value())
        << channels;
  }
  EXPECT_TRUE(AlsaPositions(0).empty());
  EXPECT_TRUE(AlsaPositions(9).empty());
  EXPECT_TRUE(VorbisPositions(9).empty());
}

TEST(ChannelLayoutTest, EachChannelIsFoundWhereItStands) {
  // FL FR RL RR FC LFE SL SR -> FL FC FR SL SR RL RR LFE.
  EXPECT_THAT(ChannelOrder(AlsaPositions(8), VorbisPositions(8)),
              Optional(ElementsAre(0, 4, 1, 6, 7, 2, 3, 5)));
  // FL FR RL RR FC LFE -> FL FC FR RL RR LFE.
  EXPECT_THAT(ChannelOrder(AlsaPositions(6), VorbisPositions(6)),
              Optional(ElementsAre(0, 4, 1, 2, 3, 5)));
  // FL FR SL SR FC LFE RC -> FL FC FR SL SR RC LFE.
  EXPECT_THAT(ChannelOrder(AlsaPositions(7), VorbisPositions(7)),
              Optional(ElementsAre(0, 4, 1, 2, 3, 6, 5)));
}

TEST(ChannelLayoutTest, OtherPositionsHaveNoOrder) {
  EXPECT_FALSE(ChannelOrder(AlsaPositions(6), VorbisPositions(5)).has_value());
  const ChannelPositions twice = {v1::CHANNEL_POSITION_FRONT_LEFT,
                                  v1::CHANNEL_POSITION_FRONT_LEFT};
  EXPECT_FALSE(ChannelOrder(twice, VorbisPositions(2)).has_value());
}

}  // namespace
}  // namespace earshot
