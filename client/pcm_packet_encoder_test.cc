#include "client/pcm_packet_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "client/packet_recorder.h"

namespace earshot {
namespace {

std::unique_ptr<PcmPacketEncoder> MakeEncoder(int packet_us, int channels) {
  CodecOptions options;
  options.packet_us = packet_us;
  auto encoder = PcmPacketEncoder::Create(options, 48000, channels);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  return *std::move(encoder);
}

std::vector<int16_t> Samples(const PacketRecorder& recorder, int64_t end,
                             int channels) {
  std::vector<int16_t> out(end * channels);
  for (const auto& item : recorder.items) {
    for (int i = 0; i < item.frame_count * channels; ++i) {
      out[item.first_frame * channels + i] = static_cast<int16_t>(
          item.payload[2 * i] | item.payload[2 * i + 1] << 8);
    }
  }
  return out;
}

TEST(PcmPacketEncoderTest, SixteenBitSamplesStayAsTheyAre) {
  for (int us : {2500, 5000, 10000, 20000}) {
    for (int channels : {1, 2}) {
      // Every value, then noise with stretches of silence.
      std::vector<int16_t> in;
      for (int x = -32768; x < 32768; ++x)
        in.push_back(static_cast<int16_t>(x));
      std::minstd_rand random(us);
      while (in.size() < 200000) {
        in.insert(in.end(), random() % 5000, 0);
        for (int i = 0; i < 1000; ++i) {
          in.push_back(static_cast<int16_t>(random()));
        }
      }
      in.resize(in.size() / 2 * 2);
      std::vector<float> pcm;
      for (int16_t x : in) pcm.push_back(static_cast<float>(x) / 32768.0f);

      auto encoder = MakeEncoder(us, channels);
      PacketRecorder recorder;
      absl::Span<const float> rest = pcm;
      while (!rest.empty()) {
        const auto piece = rest.subspan(0, random() % 2000 * channels);
        encoder->Encode(piece, recorder);
        rest.remove_prefix(piece.size());
      }
      encoder->Finish(recorder);
      const auto end = static_cast<int64_t>(in.size()) / channels;
      ASSERT_TRUE(Covers(recorder.items, 0, end));
      EXPECT_EQ(Samples(recorder, end, channels), in);
    }
  }
}

TEST(PcmPacketEncoderTest, ClipsAndDropsWhatIsNoNumber) {
  auto encoder = MakeEncoder(10000, 1);
  PacketRecorder recorder;
  encoder->Encode({2.0f, -2.0f, std::nanf(""), INFINITY, -INFINITY, 0.25f},
                  recorder);
  encoder->Finish(recorder);
  EXPECT_THAT(Samples(recorder, 6, 1),
              testing::ElementsAre(32767, -32768, 0, 32767, -32768, 8192));
}

TEST(PcmPacketEncoderTest, SilenceIsDeclaredAfterOnePacket) {
  auto encoder = MakeEncoder(10000, 2);
  PacketRecorder recorder;
  std::vector<float> in(480 * 2, 0.5f);
  in.resize(48000 * 2);
  in.push_back(0.5f);
  in.push_back(0.5f);
  encoder->Encode(in, recorder);
  EXPECT_TRUE(encoder->silent());
  encoder->Finish(recorder);
  ASSERT_EQ(recorder.items.size(), 4u);
  EXPECT_EQ(recorder.items[2].first_frame, 960);
  EXPECT_TRUE(recorder.items[2].silence);
  // It goes on at the grid.
  EXPECT_EQ(recorder.items[3].first_frame, 48000);
  EXPECT_EQ(recorder.items[3].frame_count, 1);
}

TEST(PcmPacketEncoderTest, RefusesAndSaysWhatIsAllowed) {
  CodecOptions options;
  EXPECT_THAT(PcmPacketEncoder::Create(options, 500, 2).status().ToString(),
              testing::HasSubstr("1000 to 192000 Hz, not 500"));
  EXPECT_THAT(PcmPacketEncoder::Create(options, 48000, 9).status().ToString(),
              testing::HasSubstr("1 to 8 channels, not 9"));
  options.packet_us = 15000;
  EXPECT_THAT(PcmPacketEncoder::Create(options, 48000, 2).status().ToString(),
              testing::HasSubstr("2.5, 5, 10 or 20 ms, not 15"));
}

}  // namespace
}  // namespace earshot
