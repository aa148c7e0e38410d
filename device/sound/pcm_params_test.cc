#include "device/sound/pcm_params.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using ::testing::ElementsAre;

SndPcmSetParams Good() {
  SndPcmSetParams request{};
  request.header = {{kSndPcmSetParams}, 0};
  request.buffer_bytes = 4 * 3840;
  request.period_bytes = 4 * 960;
  request.channels = 2;
  request.format = kSndFormatS16;
  request.rate = kSndRate48000;
  return request;
}

SndStatus Parse(const SndPcmSetParams& request,
                const PcmOffer& offer = PcmOffer()) {
  PcmParams params;
  return ParseSetParams(request, offer, &params);
}

// All that there is.
PcmOffer Everything() {
  PcmOffer offer;
  offer.formats = offer.rates = 0;
  for (const PcmFormat& format : PcmFormats()) {
    offer.formats |= uint64_t{1} << format.code;
  }
  for (const PcmRate& rate : PcmRates()) {
    offer.rates |= uint64_t{1} << rate.code;
  }
  offer.channels_max = kMostChannels;
  return offer;
}

// Whatever a driver may be told.
std::vector<PcmOffer> Offers() {
  PcmOffer mono;
  mono.formats = uint64_t{1} << kSndFormatU8;
  mono.rates = uint64_t{1} << kSndRate8000 | uint64_t{1} << kSndRate24000;
  mono.channels_max = 1;
  return {PcmOffer(), Everything(), mono};
}

// Whole frames of every format and channel count.
SndPcmSetParams GoodForAll() {
  SndPcmSetParams request = Good();
  request.period_bytes = 3 * 5 * 7 * 64;
  request.buffer_bytes = 4 * request.period_bytes;
  return request;
}

TEST(PcmParamsTest, FillsInFrames) {
  PcmParams params;
  ASSERT_EQ(ParseSetParams(Good(), PcmOffer(), &params), SndStatus::kOk);
  EXPECT_EQ(params.format, SampleFormat::kS16);
  EXPECT_EQ(params.rate_hz, 48000);
  EXPECT_EQ(params.channels, 2);
  EXPECT_EQ(params.buffer_frames, 3840);
  EXPECT_EQ(params.period_frames, 960);
}

TEST(PcmParamsTest, LittleIsOfferedUnlessMoreIsAskedFor) {
  const SndPcmInfo info = OfferedPcmInfo(PcmOffer());
  EXPECT_EQ(info.formats, uint64_t{1} << 5 | 1 << 17 | 1 << 19);
  EXPECT_EQ(info.rates, uint64_t{1} << 7);
  EXPECT_EQ(info.channels_min, 1);
  EXPECT_EQ(info.channels_max, 2);
  EXPECT_EQ(info.features, 0u);
}

// Every value of a byte-sized field is answered by what PCM_INFO offered.
TEST(PcmParamsTest, EveryFormatIsTakenExactlyIfOffered) {
  for (const PcmOffer& offer : Offers()) {
    for (int format = 0; format < 256; ++format) {
      SndPcmSetParams request = GoodForAll();
      request.channels = 1;
      request.rate = offer.channels_max == 1 ? kSndRate8000 : kSndRate48000;
      request.format = static_cast<uint8_t>(format);
      const bool offered =
          format < 64 && (OfferedPcmInfo(offer).formats >> format & 1) != 0;
      EXPECT_EQ(Parse(request, offer),
                offered ? SndStatus::kOk : SndStatus::kNotSupp)
          << format;
    }
  }
}

TEST(PcmParamsTest, EveryRateIsTakenExactlyIfOffered) {
  for (const PcmOffer& offer : Offers()) {
    for (int rate = 0; rate < 256; ++rate) {
      SndPcmSetParams request = GoodForAll();
      request.channels = 1;
      request.format = offer.channels_max == 1 ? kSndFormatU8 : kSndFormatS16;
      request.rate = static_cast<uint8_t>(rate);
      const bool offered =
          rate < 64 && (OfferedPcmInfo(offer).rates >> rate & 1) != 0;
      EXPECT_EQ(Parse(request, offer),
                offered ? SndStatus::kOk : SndStatus::kNotSupp)
          << rate;
    }
  }
}

TEST(PcmParamsTest, EveryChannelCountIsTakenExactlyIfOffered) {
  for (const PcmOffer& offer : {PcmOffer(), Everything()}) {
    for (int channels = 0; channels < 256; ++channels) {
      SndPcmSetParams request = GoodForAll();
      request.channels = static_cast<uint8_t>(channels);
      const bool offered =
          channels >= 1 && channels <= OfferedPcmInfo(offer).channels_max;
      EXPECT_EQ(Parse(request, offer),
                offered ? SndStatus::kOk : SndStatus::kNotSupp)
          << channels;
    }
  }
}

TEST(PcmParamsTest, WhatIsOfferedThoughThereIsNoSuchThingIsRefused) {
  PcmOffer offer;
  offer.formats = offer.rates = ~uint64_t{0};
  SndPcmSetParams request = Good();
  request.format = 0;  // ADPCM
  EXPECT_EQ(Parse(request, offer), SndStatus::kNotSupp);
  request = Good();
  request.rate = kSndRate384000;
  EXPECT_EQ(Parse(request, offer), SndStatus::kNotSupp);
}

TEST(PcmParamsTest, EveryRateIsItself) {
  for (const PcmRate& rate : PcmRates()) {
    SndPcmSetParams request = Good();
    request.rate = rate.code;
    PcmParams params;
    ASSERT_EQ(ParseSetParams(request, Everything(), &params), SndStatus::kOk);
    EXPECT_EQ(params.rate_hz, rate.hz);
  }
}

TEST(PcmParamsTest, EveryChannelCountHasItsMap) {
  const std::vector<SndChmapInfo> maps = OfferedChmapInfos(Everything());
  ASSERT_EQ(maps.size(), 8u);
  for (size_t i = 0; i < maps.size(); ++i) {
    EXPECT_EQ(maps[i].direction, kSndOutput);
    EXPECT_EQ(maps[i].channels, i + 1);
    // 5.14.6.9.1: each position once, and none behind them.
    std::set<int> positions;
    for (int c = 0; c < kSndChmapMaxChannels; ++c) {
      if (c < maps[i].channels) {
        EXPECT_GE(maps[i].positions[c], kSndMono);
        EXPECT_TRUE(positions.insert(maps[i].positions[c]).second) << i;
      } else {
        EXPECT_EQ(maps[i].positions[c], 0);
      }
    }
  }
  EXPECT_EQ(OfferedChmapInfos(PcmOffer()).size(), 2u);
}

TEST(PcmParamsTest, PositionsAreInAlsasOrder) {
  const auto usual = [](int channels) {
    const auto span = UsualPositions(channels);
    return std::vector<SndChannelPosition>(span.begin(), span.end());
  };
  EXPECT_THAT(usual(1), ElementsAre(kSndMono));
  EXPECT_THAT(usual(2), ElementsAre(kSndFrontLeft, kSndFrontRight));
  EXPECT_THAT(usual(4), ElementsAre(kSndFrontLeft, kSndFrontRight, kSndRearLeft,
                                    kSndRearRight));
  EXPECT_THAT(usual(6),
              ElementsAre(kSndFrontLeft, kSndFrontRight, kSndRearLeft,
                          kSndRearRight, kSndFrontCenter, kSndLowFrequency));
  EXPECT_THAT(usual(8),
              ElementsAre(kSndFrontLeft, kSndFrontRight, kSndRearLeft,
                          kSndRearRight, kSndFrontCenter, kSndLowFrequency,
                          kSndSideLeft, kSndSideRight));
  EXPECT_TRUE(usual(0).empty());
  EXPECT_TRUE(usual(9).empty());
}

TEST(PcmParamsTest, AFeatureIsTakenExactlyIfOffered) {
  PcmOffer offer;
  offer.features = 1 << 3;
  SndPcmSetParams request = Good();
  request.features = 1 << 3;
  EXPECT_EQ(Parse(request, offer), SndStatus::kOk);
  request.features |= 1 << 2;
  EXPECT_EQ(Parse(request, offer), SndStatus::kNotSupp);
}

TEST(PcmParamsTest, NoFeatureIsOffered) {
  for (int bit = 0; bit < 32; ++bit) {
    SndPcmSetParams request = Good();
    request.features = uint32_t{1} << bit;
    EXPECT_EQ(Parse(request), SndStatus::kNotSupp) << bit;
  }
}

TEST(PcmParamsTest, BadSetParamsPeriodZero) {
  SndPcmSetParams request = Good();
  request.period_bytes = 0;
  EXPECT_EQ(Parse(request), SndStatus::kBadMsg);
}

TEST(PcmParamsTest, BadSetParamsBufferZero) {
  SndPcmSetParams request = Good();
  request.buffer_bytes = 0;
  EXPECT_EQ(Parse(request), SndStatus::kBadMsg);
}

TEST(PcmParamsTest, BadSetParamsBufferIsNoMultipleOfThePeriod) {
  SndPcmSetParams request = Good();
  request.buffer_bytes += 4;
  EXPECT_EQ(Parse(request), SndStatus::kBadMsg);
  request.buffer_bytes = request.period_bytes - 4;
  EXPECT_EQ(Parse(request), SndStatus::kBadMsg);
}

TEST(PcmParamsTest, APeriodIsWholeFrames) {
  SndPcmSetParams request = Good();
  request.period_bytes = 6;
  request.buffer_bytes = 60;
  EXPECT_EQ(Parse(request), SndStatus::kNotSupp);
  request.period_bytes = 1;
  EXPECT_EQ(Parse(request), SndStatus::kNotSupp);
}

TEST(PcmParamsTest, ABufferIsNotBeyondWhatMayBeQueued) {
  SndPcmSetParams request = Good();
  request.period_bytes = 4;
  request.buffer_bytes = 4 * kMaxQueuedFrames;
  EXPECT_EQ(Parse(request), SndStatus::kOk);
  request.buffer_bytes += 4;
  EXPECT_EQ(Parse(request), SndStatus::kNotSupp);
  request.buffer_bytes = 0xfffffffc;
  EXPECT_EQ(Parse(request), SndStatus::kNotSupp);
}

TEST(PcmParamsTest, PaddingIsIgnored) {
  SndPcmSetParams request = Good();
  request.padding = 0xff;
  EXPECT_EQ(Parse(request), SndStatus::kOk);
}

TEST(PcmParamsTest, RefusedParamsLeaveTheOldOnes) {
  PcmParams params;
  params.channels = 7;
  SndPcmSetParams request = Good();
  request.rate = 0;
  EXPECT_NE(ParseSetParams(request, PcmOffer(), &params), SndStatus::kOk);
  EXPECT_EQ(params.channels, 7);
}

TEST(PcmParamsTest, FramesAreCountedInEveryFormat) {
  const std::map<std::string, int> sizes = {
      {"S8", 1},    {"U8", 1},    {"S16", 2},    {"U16", 2},   {"S18_3", 3},
      {"U18_3", 3}, {"S20_3", 3}, {"U20_3", 3},  {"S24_3", 3}, {"U24_3", 3},
      {"S20", 4},   {"U20", 4},   {"S24", 4},    {"U24", 4},   {"S32", 4},
      {"U32", 4},   {"FLOAT", 4}, {"FLOAT64", 8}};
  ASSERT_EQ(PcmFormats().size(), sizes.size());
  for (const PcmFormat& format : PcmFormats()) {
    for (uint32_t channels = 1; channels <= kMostChannels; ++channels) {
      SndPcmSetParams request = Good();
      const uint32_t frame = sizes.at(format.name) * channels;
      request.format = format.code;
      request.channels = static_cast<uint8_t>(channels);
      request.period_bytes = 128 * frame;
      request.buffer_bytes = 512 * frame;
      PcmParams params;
      ASSERT_EQ(ParseSetParams(request, Everything(), &params), SndStatus::kOk);
      EXPECT_EQ(params.format, format.format);
      EXPECT_EQ(FrameBytes(params), static_cast<int>(frame)) << format.name;
      EXPECT_EQ(params.period_frames, 128);
      EXPECT_EQ(params.buffer_frames, 512);
    }
  }
}

// Linux lets an application have the ring that the largest format needs,
// 160 ms of it, also for the smallest.
TEST(PcmParamsTest, TheRingOfTheLargestFormatMayHoldTheSmallest) {
  SndPcmSetParams request = Good();
  request.format = kSndFormatU8;
  request.rate = kSndRate8000;
  request.channels = 1;
  request.buffer_bytes = 8 * 8 * 192000 * 160 / 1000;
  request.period_bytes = request.buffer_bytes / 2;
  EXPECT_EQ(Parse(request, Everything()), SndStatus::kOk);
}

}  // namespace
}  // namespace earshot
