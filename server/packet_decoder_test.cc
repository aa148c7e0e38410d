#include "server/packet_decoder.h"

#include <gtest/gtest.h>
#include <opus/opus.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

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
  EpochParams params;
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
  EpochParams params;
  params.rate_hz = 44100;
  EXPECT_FALSE(PacketDecoder::Create(params).ok());
}

}  // namespace
}  // namespace earshot
