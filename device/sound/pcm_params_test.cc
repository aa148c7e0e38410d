#include "device/sound/pcm_params.h"

#include "gtest/gtest.h"

namespace earshot {
namespace {

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

SndStatus Parse(const SndPcmSetParams& request) {
  PcmParams params;
  return ParseSetParams(request, &params);
}

TEST(PcmParamsTest, FillsInFrames) {
  PcmParams params;
  ASSERT_EQ(ParseSetParams(Good(), &params), SndStatus::kOk);
  EXPECT_EQ(params.format, SampleFormat::kS16);
  EXPECT_EQ(params.rate_hz, 48000);
  EXPECT_EQ(params.channels, 2);
  EXPECT_EQ(params.buffer_frames, 3840);
  EXPECT_EQ(params.period_frames, 960);
}

// Every value of a byte-sized field is answered by what PCM_INFO offered.
TEST(PcmParamsTest, EveryFormatIsTakenExactlyIfOffered) {
  for (int format = 0; format < 256; ++format) {
    SndPcmSetParams request = Good();
    request.format = static_cast<uint8_t>(format);
    const bool offered =
        format < 64 && (OfferedPcmInfo().formats >> format & 1) != 0;
    EXPECT_EQ(Parse(request), offered ? SndStatus::kOk : SndStatus::kNotSupp)
        << format;
  }
}

TEST(PcmParamsTest, EveryRateIsTakenExactlyIfOffered) {
  for (int rate = 0; rate < 256; ++rate) {
    SndPcmSetParams request = Good();
    request.rate = static_cast<uint8_t>(rate);
    const bool offered = rate < 64 && (OfferedPcmInfo().rates >> rate & 1) != 0;
    EXPECT_EQ(Parse(request), offered ? SndStatus::kOk : SndStatus::kNotSupp)
        << rate;
  }
}

TEST(PcmParamsTest, EveryChannelCountIsTakenExactlyIfOffered) {
  for (int channels = 0; channels < 256; ++channels) {
    SndPcmSetParams request = Good();
    request.channels = static_cast<uint8_t>(channels);
    const bool offered = channels >= OfferedPcmInfo().channels_min &&
                         channels <= OfferedPcmInfo().channels_max;
    EXPECT_EQ(Parse(request), offered ? SndStatus::kOk : SndStatus::kNotSupp)
        << channels;
  }
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
  EXPECT_NE(ParseSetParams(request, &params), SndStatus::kOk);
  EXPECT_EQ(params.channels, 7);
}

TEST(PcmParamsTest, FramesAreCountedInEveryFormat) {
  for (int channels : {1, 2}) {
    for (SndFormat format : {kSndFormatS16, kSndFormatS32, kSndFormatFloat}) {
      SndPcmSetParams request = Good();
      const uint32_t frame = (format == kSndFormatS16 ? 2u : 4u) * channels;
      request.format = format;
      request.channels = static_cast<uint8_t>(channels);
      request.period_bytes = 128 * frame;
      request.buffer_bytes = 512 * frame;
      PcmParams params;
      ASSERT_EQ(ParseSetParams(request, &params), SndStatus::kOk);
      EXPECT_EQ(FrameBytes(params), static_cast<int>(frame));
      EXPECT_EQ(params.period_frames, 128);
      EXPECT_EQ(params.buffer_frames, 512);
    }
  }
}

}  // namespace
}  // namespace earshot
