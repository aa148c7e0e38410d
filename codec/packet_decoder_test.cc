#include "codec/packet_decoder.h"

#include <gtest/gtest.h>
#include <opus/opus_multistream.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "codec/opus_layout.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kFrame = 480;
constexpr int kPreSkip = 120;

// A tone, coded as clients do: restricted low delay, 10 ms.
std::vector<std::string> EncodeTone(int packets) {
  int error = 0;
  OpusEncoder* encoder = opus_encoder_create(
      kRate, 2, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(128000));
  std::vector<std::string> coded;
  for (int p = 0; p < packets; ++p) {
    std::vector<float> pcm;
    for (int i = 0; i < kFrame; ++i) {
      const double t = (p * kFrame + i) / static_cast<double>(kRate);
      const auto sample =
          static_cast<float>(0.5 * std::sin(2 * M_PI * 440 * t));
      pcm.insert(pcm.end(), {sample, sample});
    }
    unsigned char bytes[1500];
    const int size =
        opus_encode_float(encoder, pcm.data(), kFrame, bytes, sizeof(bytes));
    coded.emplace_back(reinterpret_cast<char*>(bytes), size);
  }
  opus_encoder_destroy(encoder);
  return coded;
}

std::unique_ptr<PacketDecoder> Make(MediaCodec codec, int channels,
                                    int pre_skip, int pre_roll = 0) {
  CodedFormat params;
  params.codec = codec;
  params.rate_hz = kRate;
  params.channels = channels;
  params.pre_skip_frames = pre_skip;
  params.pre_roll_frames = pre_roll;
  return *PacketDecoder::Create(params);
}

TEST(PacketDecoderTest, DecodesPcmExactly) {
  auto decoder = Make(MediaCodec::kPcmS16le, 2, 0);
  std::vector<float> pcm;
  ASSERT_TRUE(
      decoder
          ->Decode(std::string("\x00\x80\xff\x7f\x01\x00\xff\xff", 8), 2, &pcm)
          .ok());
  EXPECT_EQ(pcm, (std::vector<float>{-1.0f, 32767 / 32768.0f, 1 / 32768.0f,
                                     -1 / 32768.0f}));
}

TEST(PacketDecoderTest, RefusesPcmThatIsNoWholeFrames) {
  EXPECT_FALSE(
      PacketDecoder::CountFrames(MediaCodec::kPcmS16le, kRate, 2, "abcde")
          .ok());
  EXPECT_FALSE(
      PacketDecoder::CountFrames(MediaCodec::kPcmS16le, kRate, 2, "").ok());
}

TEST(PacketDecoderTest, FrameCountHasToFit) {
  auto decoder = Make(MediaCodec::kPcmS16le, 1, 0);
  std::vector<float> pcm;
  EXPECT_FALSE(decoder->Decode("abcd", 3, &pcm).ok());
  EXPECT_FALSE(decoder->Decode("abcd", -1, &pcm).ok());
  EXPECT_TRUE(decoder->Decode("abcd", 1, &pcm).ok());
  EXPECT_EQ(pcm.size(), 1u);
}

TEST(PacketDecoderTest, CountsOpusFramesWithoutDecoding) {
  const std::string packet = EncodeTone(1)[0];
  const auto count =
      PacketDecoder::CountFrames(MediaCodec::kOpus, kRate, 2, packet);
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(*count, kFrame);
}

TEST(PacketDecoderTest, RefusesMalformedOpus) {
  // RFC 6716, 3.4: code 3 without a frame count; code 1 of odd size; code 3
  // with more than 120 ms.
  for (const std::string& bad : {std::string(), std::string("\xff"),
                                 std::string("\xfd"
                                             "abc"),
                                 std::string("\x1f\x30"
                                             "abc")}) {
    EXPECT_FALSE(
        PacketDecoder::CountFrames(MediaCodec::kOpus, kRate, 2, bad).ok());
  }
}

// The same packets through libopus itself, with the pre-skip cut by hand.
TEST(PacketDecoderTest, GivesWhatLibopusGivesBehindThePreSkip) {
  const std::vector<std::string> packets = EncodeTone(5);
  int error = 0;
  OpusDecoder* reference = opus_decoder_create(kRate, 2, &error);
  std::vector<float> want;
  for (const std::string& packet : packets) {
    std::vector<float> pcm(kFrame * 2);
    ASSERT_EQ(
        opus_decode_float(
            reference, reinterpret_cast<const unsigned char*>(packet.data()),
            static_cast<int>(packet.size()), pcm.data(), kFrame, 0),
        kFrame);
    want.insert(want.end(), pcm.begin(), pcm.end());
  }
  opus_decoder_destroy(reference);
  want.erase(want.begin(), want.begin() + kPreSkip * 2);
  want.resize(want.size() - 100 * 2);

  auto decoder = Make(MediaCodec::kOpus, 2, kPreSkip);
  std::vector<float> got;
  for (size_t i = 0; i < packets.size(); ++i) {
    int frames = i == 0 ? kFrame - kPreSkip : kFrame;
    if (i + 1 == packets.size()) frames -= 100;  // the padding of the last
    std::vector<float> pcm;
    ASSERT_TRUE(decoder->Decode(packets[i], frames, &pcm).ok());
    got.insert(got.end(), pcm.begin(), pcm.end());
  }
  EXPECT_EQ(got, want);
}

TEST(PacketDecoderTest, ThePreSkipIsDroppedAtEachRestart) {
  const std::vector<std::string> packets = EncodeTone(2);
  auto decoder = Make(MediaCodec::kOpus, 2, kPreSkip);
  std::vector<float> first;
  ASSERT_TRUE(decoder->Decode(packets[0], kFrame - kPreSkip, &first).ok());
  std::vector<float> pcm;
  ASSERT_TRUE(decoder->Decode(packets[1], kFrame, &pcm).ok());
  decoder->Restart();
  EXPECT_FALSE(decoder->Decode(packets[0], kFrame, &pcm).ok());
  decoder->Restart();
  ASSERT_TRUE(decoder->Decode(packets[0], kFrame - kPreSkip, &pcm).ok());
  EXPECT_EQ(pcm, first);
}

TEST(PacketDecoderTest, DropsThePreRollAtFirstAndThePreSkipFromThenOn) {
  const std::vector<std::string> packets = EncodeTone(3);
  auto decoder = Make(MediaCodec::kOpus, 2, kPreSkip, 2 * kFrame);
  std::vector<float> pcm;
  ASSERT_TRUE(decoder->Decode(packets[0], 0, &pcm).ok());
  EXPECT_TRUE(pcm.empty());
  ASSERT_TRUE(decoder->Decode(packets[1], 0, &pcm).ok());
  ASSERT_TRUE(decoder->Decode(packets[2], kFrame, &pcm).ok());
  decoder->Restart();
  ASSERT_TRUE(decoder->Decode(packets[0], kFrame - kPreSkip, &pcm).ok());
}

TEST(PacketDecoderTest, RefusesARateThatOpusDoesNotHave) {
  CodedFormat params;
  params.rate_hz = 44100;
  EXPECT_FALSE(PacketDecoder::Create(params).ok());
}

// A tone for each channel; low frequency effects, the last of six and more,
// have only low ones.
double ToneHz(int channels, int channel) {
  return channels > 5 && channel == channels - 1 ? 60 : 300 + 200 * channel;
}

// The tones, coded as clients do, by libopus's surround encoder.
std::vector<std::string> EncodeSurround(int rate_hz, int channels,
                                        int packets) {
  int streams = 0;
  int coupled = 0;
  unsigned char mapping[8] = {};
  int error = 0;
  OpusMSEncoder* encoder = opus_multistream_surround_encoder_create(
      rate_hz, channels, 1, &streams, &coupled, mapping,
      OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  EXPECT_EQ(error, OPUS_OK);
  const OpusLayout layout = OpusLayoutOf(channels);
  EXPECT_EQ(layout.streams, streams);
  EXPECT_EQ(layout.coupled_streams, coupled);
  EXPECT_TRUE(std::equal(mapping, mapping + channels, layout.mapping.begin()));
  opus_multistream_encoder_ctl(encoder, OPUS_SET_BITRATE(64000 * channels));
  const int frame = rate_hz / 100;
  std::vector<std::string> coded;
  for (int p = 0; p < packets; ++p) {
    std::vector<float> pcm;
    for (int i = 0; i < frame; ++i) {
      const double t = (p * frame + i) / static_cast<double>(rate_hz);
      for (int c = 0; c < channels; ++c) {
        pcm.push_back(static_cast<float>(
            0.4 * std::sin(2 * M_PI * ToneHz(channels, c) * t)));
      }
    }
    unsigned char bytes[8 * 1500];
    const int size = opus_multistream_encode_float(encoder, pcm.data(), frame,
                                                   bytes, sizeof(bytes));
    coded.emplace_back(reinterpret_cast<char*>(bytes), size);
  }
  opus_multistream_encoder_destroy(encoder);
  return coded;
}

class SurroundDecoderTest : public testing::TestWithParam<
                                std::tuple<int /*rate*/, int /*channels*/>> {};

TEST_P(SurroundDecoderTest, EachChannelHasItsTone) {
  const auto [rate, channels] = GetParam();
  CodedFormat params;
  params.rate_hz = rate;
  params.channels = channels;
  const auto decoder = PacketDecoder::Create(params);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  std::vector<float> heard;
  for (const std::string& packet : EncodeSurround(rate, channels, 30)) {
    std::vector<float> pcm;
    ASSERT_TRUE((*decoder)->Decode(packet, rate / 100, &pcm).ok());
    heard.insert(heard.end(), pcm.begin(), pcm.end());
  }
  for (int c = 0; c < channels; ++c) {
    int loudest = -1;
    double most = 0;
    for (int tone = 0; tone < channels; ++tone) {
      std::complex<double> sum = 0;
      for (size_t i = rate / 10; i * channels < heard.size(); ++i) {
        const double turns = ToneHz(channels, tone) * static_cast<double>(i) /
                             static_cast<double>(rate);
        sum += static_cast<double>(heard[i * channels + c]) *
               std::polar(1.0, 2 * M_PI * turns);
      }
      if (std::abs(sum) <= most) continue;
      most = std::abs(sum);
      loudest = tone;
    }
    EXPECT_EQ(loudest, c);
    // Of 0.2 s.
    EXPECT_NEAR(most / (rate / 5), 0.2, 0.02);
  }
}

TEST_P(SurroundDecoderTest, CountsFramesOfStreamsWithoutDecoding) {
  const auto [rate, channels] = GetParam();
  for (const std::string& packet : EncodeSurround(rate, channels, 3)) {
    const auto count =
        PacketDecoder::CountFrames(MediaCodec::kOpus, rate, channels, packet);
    ASSERT_TRUE(count.ok()) << count.status();
    EXPECT_EQ(*count, rate / 100);
  }
}

// What is cut off, and what has a byte changed, is refused when it comes, or it
// decodes to what was counted.
TEST_P(SurroundDecoderTest, WhatIsCountedIsWhatIsDecoded) {
  const int rate = std::get<0>(GetParam());
  const int channels = std::get<1>(GetParam());
  CodedFormat params;
  params.rate_hz = rate;
  params.channels = channels;
  const auto decoder = PacketDecoder::Create(params);
  const std::string good = EncodeSurround(rate, channels, 2)[1];
  int refused = 0;
  auto check = [&](const std::string& packet) {
    const auto count =
        PacketDecoder::CountFrames(MediaCodec::kOpus, rate, channels, packet);
    refused += count.ok() ? 0 : 1;
    std::vector<float> pcm;
    EXPECT_EQ((*decoder)->Decode(packet, count.value_or(1), &pcm).ok(),
              count.ok());
  };
  for (size_t size = 0; size < good.size(); ++size) check(good.substr(0, size));
  EXPECT_GT(refused, 0);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    check(bad);
  }
}

std::string SurroundName(
    const testing::TestParamInfo<std::tuple<int, int>>& info) {
  return std::to_string(std::get<0>(info.param)) + "Hz" +
         std::to_string(std::get<1>(info.param)) + "ch";
}

INSTANTIATE_TEST_SUITE_P(, SurroundDecoderTest,
                         testing::Combine(testing::Values(8000, 48000),
                                          testing::Range(1, 9)),
                         SurroundName);

TEST(PacketDecoderTest, RefusesNineChannels) {
  CodedFormat params;
  params.channels = 9;
  EXPECT_FALSE(PacketDecoder::Create(params).ok());
}

}  // namespace
}  // namespace earshot
