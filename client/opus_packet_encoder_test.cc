#include "client/opus_packet_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opus/opus.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "client/packet_recorder.h"

namespace earshot {
namespace {

using ::testing::HasSubstr;

constexpr double kHalfStep = 0.5 / 32768;

CodecOptions Packets(int packet_us) {
  CodecOptions options;
  options.packet_us = packet_us;
  return options;
}

std::unique_ptr<OpusPacketEncoder> MakeEncoder(int packet_us,
                                               int rate_hz = 48000,
                                               int channels = 2) {
  auto encoder =
      OpusPacketEncoder::Create(Packets(packet_us), rate_hz, channels);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  return *std::move(encoder);
}

// A chord with a sweep in it; the channels differ.
std::vector<float> Music(int frames, int rate_hz, int channels) {
  std::vector<float> pcm(static_cast<size_t>(frames) * channels);
  for (int i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / rate_hz;
    for (int c = 0; c < channels; ++c) {
      pcm[i * channels + c] =
          static_cast<float>(0.3 * std::sin(2 * M_PI * (330 + 110 * c) * t) +
                             0.2 * std::sin(2 * M_PI * (200 + 300 * t) * t));
    }
  }
  return pcm;
}

void EncodeInPieces(PacketEncoder& encoder, const std::vector<float>& pcm,
                    uint32_t seed, PacketEncoder::Output& output) {
  std::minstd_rand random(seed);
  const int channels = encoder.channels();
  absl::Span<const float> rest = pcm;
  while (!rest.empty()) {
    const size_t frames = random() % 3000;
    const auto piece = rest.subspan(0, frames * channels);
    encoder.Encode(piece, output);
    rest.remove_prefix(piece.size());
  }
}

// As playback.proto says: pre-skip is dropped when the codec starts, each
// packet is cut at its frame_count, silence is zeros.
std::vector<float> Decode(const std::vector<PacketRecorder::Item>& items,
                          int64_t end, int rate_hz, int channels,
                          int pre_skip) {
  int error = OPUS_OK;
  OpusDecoder* decoder = opus_decoder_create(rate_hz, channels, &error);
  std::vector<float> out(static_cast<size_t>(end) * channels);
  std::vector<float> decoded(5760 * channels);
  for (const PacketRecorder::Item& item : items) {
    if (item.silence) continue;
    const int frames = opus_decode_float(decoder, item.payload.data(),
                                         static_cast<int>(item.payload.size()),
                                         decoded.data(), 5760, 0);
    EXPECT_GE(frames - pre_skip, item.frame_count);
    std::copy_n(decoded.begin() + pre_skip * channels,
                item.frame_count * channels,
                out.begin() + item.first_frame * channels);
    pre_skip = 0;
  }
  opus_decoder_destroy(decoder);
  return out;
}

double SnrDb(absl::Span<const float> in, absl::Span<const float> out) {
  double signal = 1e-30;
  double noise = 1e-30;
  for (size_t i = 0; i < in.size(); ++i) {
    signal += static_cast<double>(in[i]) * in[i];
    noise += static_cast<double>(in[i] - out[i]) * (in[i] - out[i]);
  }
  return 10 * std::log10(signal / noise);
}

// The shift of `out` against `in`, in frames, at which they are most alike.
int Alignment(const std::vector<float>& in, const std::vector<float>& out,
              int channels) {
  const int frames = static_cast<int>(in.size()) / channels;
  int best = -1000;
  double best_noise = 1e300;
  for (int shift = -150; shift <= 150; ++shift) {
    double noise = 0;
    for (int i = 200; i < frames - 200; ++i) {
      const double d = in[i * channels] - out[(i + shift) * channels];
      noise += d * d;
    }
    if (noise < best_noise) {
      best_noise = noise;
      best = shift;
    }
  }
  return best;
}

class OpusPacketSizes : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Us, OpusPacketSizes,
                         testing::Values(2500, 5000, 10000, 20000));

TEST_P(OpusPacketSizes, HoldsEveryFrameOfRandomWritesOnce) {
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    auto encoder = MakeEncoder(GetParam());
    const int frames = 20000 + static_cast<int>(seed) * 1013;
    const int64_t start = seed * 77777;
    encoder->StartAt(start);
    PacketRecorder recorder;
    EncodeInPieces(*encoder, Music(frames, 48000, 2), seed, recorder);
    encoder->Finish(recorder);
    EXPECT_TRUE(Covers(recorder.items, start, start + frames)) << seed;
    EXPECT_EQ(encoder->position(), start + frames);
  }
}

TEST_P(OpusPacketSizes, EndsExactlyWhereverTheEndLies) {
  auto encoder = MakeEncoder(GetParam());
  const std::vector<float> music = Music(3000, 48000, 2);
  for (int frames = 0; frames < 3000; frames += 7) {
    encoder->StartAt(0);
    PacketRecorder recorder;
    encoder->Encode(absl::MakeConstSpan(music).subspan(0, frames * 2),
                    recorder);
    encoder->Finish(recorder);
    ASSERT_TRUE(Covers(recorder.items, 0, frames)) << frames;
  }
}

TEST_P(OpusPacketSizes, DecodesAlignedToTheFrame) {
  for (int channels : {1, 2}) {
    auto encoder = MakeEncoder(GetParam(), 48000, channels);
    const std::vector<float> in = Music(96000, 48000, channels);
    PacketRecorder recorder;
    EncodeInPieces(*encoder, in, 5, recorder);
    encoder->Finish(recorder);
    const std::vector<float> out = Decode(recorder.items, 96000, 48000,
                                          channels, encoder->pre_skip_frames());
    EXPECT_EQ(Alignment(in, out, channels), 0);
    const double snr = SnrDb(in, out);
    RecordProperty("snr_db", std::to_string(snr));
    std::cout << "packet_us=" << GetParam() << " channels=" << channels
              << " snr_db=" << snr << "\n";
    EXPECT_GT(snr, GetParam() == 2500 ? 12 : 20);
  }
}

TEST_P(OpusPacketSizes, SilenceBeginsAndEndsWithoutAClick) {
  const int packet = GetParam() * 48 / 1000;
  // Sound is cut off at full level at many places of the grid.
  for (int offset = 0; offset < packet; offset += packet / 5 + 1) {
    auto encoder = MakeEncoder(GetParam());
    const int sound = 24000 + offset;
    const int gap = 96000 + 3 * offset;
    std::vector<float> in = Music(sound, 48000, 2);
    const std::vector<float> music = in;
    in.resize(in.size() + gap * 2);
    in.insert(in.end(), music.begin(), music.end());
    const int64_t end = static_cast<int64_t>(in.size()) / 2;
    PacketRecorder recorder;
    EncodeInPieces(*encoder, in, 3, recorder);
    encoder->Finish(recorder);
    ASSERT_TRUE(Covers(recorder.items, 0, end));
    ASSERT_EQ(std::count_if(recorder.items.begin(), recorder.items.end(),
                            [](const auto& item) { return item.silence; }),
              1);
    const auto silence =
        std::find_if(recorder.items.begin(), recorder.items.end(),
                     [](const auto& item) { return item.silence; });
    // Nothing is said while it lasts.
    const int64_t silent_from = silence->first_frame;
    const int64_t silent_to = (silence + 1)->first_frame;
    EXPECT_LT(silent_from, sound + 48 * 650);
    EXPECT_GT(silent_to, sound + gap - 2 * packet - 240);

    const std::vector<float> out =
        Decode(recorder.items, end, 48000, 2, encoder->pre_skip_frames());
    // Where it begins, the decoder was at rest.
    float before = 0;
    for (int64_t i = silent_from - packet; i < silent_from; ++i) {
      before = std::max(before, std::abs(out[i * 2]));
    }
    EXPECT_LT(before, 2 * kHalfStep) << offset;
    // Where it ends, it sounds as good as at first.
    const auto at = [](const std::vector<float>& pcm, int64_t from, int n) {
      return absl::MakeConstSpan(pcm).subspan(from * 2, n * 2);
    };
    const double first = SnrDb(at(in, 0, 2400), at(out, 0, 2400));
    const double again =
        SnrDb(at(in, sound + gap, 2400), at(out, sound + gap, 2400));
    EXPECT_GT(again, std::min(20.0, first - 3)) << offset;
  }
}

TEST_P(OpusPacketSizes, SaysNothingOfAnEpochOfSilence) {
  auto encoder = MakeEncoder(GetParam());
  PacketRecorder recorder;
  encoder->Encode(std::vector<float>(48000 * 2), recorder);
  encoder->Finish(recorder);
  EXPECT_TRUE(Covers(recorder.items, 0, 48000));
  // The codec's first packet takes its pre-skip along.
  ASSERT_EQ(recorder.items.size(), 2u);
  EXPECT_FALSE(recorder.items[0].silence);
  EXPECT_TRUE(recorder.items[1].silence);
}

TEST(OpusPacketEncoderTest, LastFramesOfSoundAfterSilenceAreSent) {
  auto encoder = MakeEncoder(10000);
  PacketRecorder recorder;
  std::vector<float> in(48000 * 2);
  in.insert(in.end(), 100 * 2, 0.5f);
  encoder->Encode(in, recorder);
  encoder->Finish(recorder);
  EXPECT_TRUE(Covers(recorder.items, 0, 48100));
  EXPECT_FALSE(recorder.items.back().silence);
  const std::vector<float> out =
      Decode(recorder.items, 48100, 48000, 2, encoder->pre_skip_frames());
  EXPECT_GT(out[48050 * 2], 0.2f);
}

TEST(OpusPacketEncoderTest, EveryRateHasItsPreSkip) {
  for (int rate : {8000, 12000, 16000, 24000, 48000}) {
    for (int us : {2500, 5000, 10000, 20000}) {
      auto encoder = MakeEncoder(us, rate, 1);
      EXPECT_EQ(encoder->pre_skip_frames(), rate / 400);
      PacketRecorder recorder;
      const std::vector<float> in = Music(rate, rate, 1);
      EncodeInPieces(*encoder, in, 9, recorder);
      encoder->Finish(recorder);
      ASSERT_TRUE(Covers(recorder.items, 0, rate)) << rate << " " << us;
      const std::vector<float> out =
          Decode(recorder.items, rate, rate, 1, encoder->pre_skip_frames());
      EXPECT_EQ(Alignment(in, out, 1), 0) << rate << " " << us;
    }
  }
}

TEST(OpusPacketEncoderTest, SaysWhenTheNextPacketIsFull) {
  auto encoder = MakeEncoder(10000);
  encoder->StartAt(1000);
  EXPECT_EQ(encoder->next_packet_input(), 1480);
  PacketRecorder recorder;
  encoder->Encode(std::vector<float>(479 * 2, 0.1f), recorder);
  EXPECT_TRUE(recorder.items.empty());
  encoder->Encode(std::vector<float>(1 * 2, 0.1f), recorder);
  ASSERT_EQ(recorder.items.size(), 1u);
  EXPECT_EQ(recorder.items[0].first_frame, 1000);
  EXPECT_EQ(recorder.items[0].frame_count, 360);
  EXPECT_EQ(encoder->next_packet_input(), 1960);
}

TEST(OpusPacketEncoderTest, SurvivesWhatIsNoSound) {
  auto encoder = MakeEncoder(10000);
  PacketRecorder recorder;
  std::vector<float> in(4800 * 2, std::nanf(""));
  in[100] = INFINITY;
  in[101] = -1e30f;
  encoder->Encode(in, recorder);
  encoder->Finish(recorder);
  EXPECT_TRUE(Covers(recorder.items, 0, 4800));
}

TEST(OpusPacketEncoderTest, RefusesAndSaysWhatIsAllowed) {
  EXPECT_THAT(
      OpusPacketEncoder::Create(Packets(10000), 44100, 2).status().ToString(),
      HasSubstr("48000 Hz, not 44100"));
  EXPECT_THAT(
      OpusPacketEncoder::Create(Packets(10000), 48000, 3).status().ToString(),
      HasSubstr("1 or 2 channels"));
  EXPECT_THAT(
      OpusPacketEncoder::Create(Packets(7000), 48000, 2).status().ToString(),
      HasSubstr("2.5, 5, 10 or 20 ms, not 7"));
  CodecOptions options;
  options.bitrate_bps = 100;
  EXPECT_THAT(OpusPacketEncoder::Create(options, 48000, 2).status().ToString(),
              HasSubstr("6000 to 510000"));
  options = CodecOptions();
  options.complexity = 11;
  EXPECT_THAT(OpusPacketEncoder::Create(options, 48000, 2).status().ToString(),
              HasSubstr("0 to 10, not 11"));
}

}  // namespace
}  // namespace earshot
