#include "client/opus_surround_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opus/opus_multistream.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "client/packet_recorder.h"

namespace earshot {
namespace {

using ::testing::HasSubstr;

constexpr int kRate = 48000;

CodecOptions Packets(int packet_us) {
  CodecOptions options;
  options.packet_us = packet_us;
  return options;
}

std::unique_ptr<OpusSurroundEncoder> MakeEncoder(
    int packet_us, const ChannelPositions& positions) {
  auto encoder =
      OpusSurroundEncoder::Create(Packets(packet_us), kRate, positions);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  return *std::move(encoder);
}

// A tone for each loudspeaker: low ones, for that of the low frequencies has no
// others.
double ToneOf(v1::ChannelPosition position) {
  return 40.0 + 8 * static_cast<int>(position);
}

std::vector<float> Tones(int frames, const ChannelPositions& positions) {
  std::vector<float> pcm;
  for (int i = 0; i < frames; ++i) {
    for (v1::ChannelPosition position : positions) {
      pcm.push_back(static_cast<float>(
          0.4 * std::sin(2 * M_PI * ToneOf(position) * i / kRate)));
    }
  }
  return pcm;
}

// What a server knows: the number of channels, and RFC 7845's table of streams.
OpusMSDecoder* MakeDecoder(int channels) {
  struct Mapping {
    int streams, coupled;
    unsigned char of[8];
  };
  static constexpr Mapping kMappings[] = {
      {2, 1, {0, 2, 1}},
      {2, 2, {0, 1, 2, 3}},
      {3, 2, {0, 4, 1, 2, 3}},
      {4, 2, {0, 4, 1, 2, 3, 5}},
      {4, 3, {0, 4, 1, 2, 3, 5, 6}},
      {5, 3, {0, 6, 1, 2, 3, 4, 5, 7}},
  };
  const Mapping& mapping = kMappings[channels - 3];
  int error = OPUS_OK;
  OpusMSDecoder* decoder = opus_multistream_decoder_create(
      kRate, channels, mapping.streams, mapping.coupled, mapping.of, &error);
  EXPECT_EQ(error, OPUS_OK);
  return decoder;
}

std::vector<float> Decode(const std::vector<PacketRecorder::Item>& items,
                          int64_t end, int channels, int pre_skip) {
  OpusMSDecoder* decoder = MakeDecoder(channels);
  std::vector<float> out(static_cast<size_t>(end) * channels);
  std::vector<float> decoded(5760 * channels);
  for (const PacketRecorder::Item& item : items) {
    if (item.silence) continue;
    const int frames = opus_multistream_decode_float(
        decoder, item.payload.data(), static_cast<int>(item.payload.size()),
        decoded.data(), 5760, 0);
    EXPECT_GE(frames - pre_skip, item.frame_count);
    std::copy_n(decoded.begin() + pre_skip * channels,
                item.frame_count * channels,
                out.begin() + item.first_frame * channels);
    pre_skip = 0;
  }
  opus_multistream_decoder_destroy(decoder);
  return out;
}

// How much of a tone is in a channel: 1 if it is there as loud as it went in.
double Level(const std::vector<float>& pcm, int channels, int channel,
             double hz) {
  double re = 0;
  double im = 0;
  int count = 0;
  // A second: whole periods.
  for (int i = 0; i < kRate; ++i, ++count) {
    const double x = pcm[i * channels + channel];
    re += x * std::cos(2 * M_PI * hz * i / kRate);
    im += x * std::sin(2 * M_PI * hz * i / kRate);
  }
  return std::hypot(re, im) * 2 / count / 0.4;
}

class SurroundChannels : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Count, SurroundChannels, testing::Range(3, 9));

TEST_P(SurroundChannels, EveryChannelComesOutWhereItStands) {
  const int channels = GetParam();
  const ChannelPositions out_positions = VorbisPositions(channels);
  ChannelPositions backwards = AlsaPositions(channels);
  std::reverse(backwards.begin(), backwards.end());
  for (const ChannelPositions& positions :
       {AlsaPositions(channels), VorbisPositions(channels), backwards}) {
    auto encoder = MakeEncoder(10000, positions);
    PacketRecorder recorder;
    encoder->Encode(Tones(kRate, positions), recorder);
    encoder->Finish(recorder);
    ASSERT_TRUE(Covers(recorder.items, 0, kRate));
    const std::vector<float> out =
        Decode(recorder.items, kRate, channels, encoder->pre_skip_frames());
    for (int c = 0; c < channels; ++c) {
      for (v1::ChannelPosition position : out_positions) {
        const double level = Level(out, channels, c, ToneOf(position));
        if (position == out_positions[c]) {
          EXPECT_GT(level, 0.8) << c;
        } else {
          EXPECT_LT(level, 0.15) << c << " " << position;
        }
      }
    }
  }
}

TEST_P(SurroundChannels, EveryPacketSizeEndsExactly) {
  const ChannelPositions positions = AlsaPositions(GetParam());
  for (int us : {2500, 5000, 10000, 20000}) {
    auto encoder = MakeEncoder(us, positions);
    EXPECT_EQ(encoder->pre_skip_frames(), kRate / 400);
    for (int frames : {1, 119, 120, 480, 481, 4801}) {
      encoder->StartAt(1000);
      PacketRecorder recorder;
      encoder->Encode(Tones(frames, positions), recorder);
      encoder->Finish(recorder);
      ASSERT_TRUE(Covers(recorder.items, 1000, 1000 + frames))
          << us << " " << frames;
    }
  }
}

TEST_P(SurroundChannels, SilenceIsDeclaredOnceTheDecoderIsAtRest) {
  const int channels = GetParam();
  const ChannelPositions positions = AlsaPositions(channels);
  auto encoder = MakeEncoder(10000, positions);
  std::vector<float> in = Tones(24100, positions);
  in.resize(static_cast<size_t>(96000) * channels);
  PacketRecorder recorder;
  encoder->Encode(in, recorder);
  EXPECT_TRUE(encoder->silent());
  encoder->Finish(recorder);
  ASSERT_TRUE(recorder.items.back().silence);
  const int64_t silent_from = recorder.items.back().first_frame;
  EXPECT_LT(silent_from, 24100 + 48 * 650);
  const std::vector<float> out =
      Decode(recorder.items, 96000, channels, encoder->pre_skip_frames());
  float before = 0;
  for (int64_t i = (silent_from - 480) * channels; i < silent_from * channels;
       ++i) {
    before = std::max(before, std::abs(out[i]));
  }
  EXPECT_LT(before, 1.0 / 32768);
}

TEST(OpusSurroundEncoderTest, MoreChannelsHaveMoreBits) {
  size_t last = 0;
  for (int channels = 3; channels <= 8; ++channels) {
    const ChannelPositions positions = AlsaPositions(channels);
    auto encoder = MakeEncoder(10000, positions);
    PacketRecorder recorder;
    encoder->Encode(Tones(kRate, positions), recorder);
    size_t bytes = 0;
    for (const auto& item : recorder.items) bytes += item.payload.size();
    EXPECT_LT(bytes, 64000u * channels / 8 * 3 / 2);
    EXPECT_GT(bytes, last * 9 / 10);
    last = bytes;
  }
}

TEST(OpusSurroundEncoderTest, SurvivesWhatIsNoSound) {
  auto encoder = MakeEncoder(10000, AlsaPositions(6));
  PacketRecorder recorder;
  std::vector<float> in(4800 * 6, std::nanf(""));
  in[100] = INFINITY;
  in[101] = -1e30f;
  encoder->Encode(in, recorder);
  encoder->Finish(recorder);
  EXPECT_TRUE(Covers(recorder.items, 0, 4800));
  Decode(recorder.items, 4800, 6, encoder->pre_skip_frames());
}

TEST(OpusSurroundEncoderTest, RefusesAndSaysWhatIsAllowed) {
  const auto complaint = [](const CodecOptions& options, int rate_hz,
                            const ChannelPositions& positions) {
    return OpusSurroundEncoder::Create(options, rate_hz, positions)
        .status()
        .ToString();
  };
  EXPECT_THAT(complaint(Packets(10000), 44100, AlsaPositions(6)),
              HasSubstr("48000 Hz, not 44100"));
  EXPECT_THAT(complaint(Packets(7000), kRate, AlsaPositions(6)),
              HasSubstr("2.5, 5, 10 or 20 ms, not 7"));
  // 2.1 is none of Vorbis's.
  EXPECT_THAT(complaint(Packets(10000), kRate,
                        {v1::CHANNEL_POSITION_FRONT_LEFT,
                         v1::CHANNEL_POSITION_FRONT_RIGHT,
                         v1::CHANNEL_POSITION_LOW_FREQUENCY}),
              HasSubstr("RFC 7845"));
}

}  // namespace
}  // namespace earshot
