#include "codec/ogg_opus_writer.h"

#include <gtest/gtest.h>
#include <opus/opus_multistream.h>
#include <opus/opusfile.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "codec/opus_layout.h"
#include "codec/packet_decoder.h"

namespace earshot {
namespace {

constexpr int kPacketMs = 10;

// A tone on all channels, coded as clients do.
class ToneCoder {
 public:
  ToneCoder(int rate_hz, int channels) : rate_hz_(rate_hz) {
    OpusLayout layout = OpusLayoutOf(channels);
    int error = 0;
    encoder_ = opus_multistream_surround_encoder_create(
        rate_hz, channels, channels > 2 ? 1 : 0, &layout.streams,
        &layout.coupled_streams, layout.mapping.data(),
        OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
    opus_int32 lookahead = 0;
    opus_multistream_encoder_ctl(encoder_, OPUS_GET_LOOKAHEAD(&lookahead));
    format_.rate_hz = rate_hz;
    format_.channels = channels;
    format_.pre_skip_frames = lookahead;
  }
  ~ToneCoder() { opus_multistream_encoder_destroy(encoder_); }

  const CodedFormat& format() const { return format_; }
  int packet_frames() const { return rate_hz_ * kPacketMs / 1000; }

  std::string Next() {
    std::vector<float> pcm;
    for (int i = 0; i < packet_frames(); ++i, ++frame_) {
      const double t = static_cast<double>(frame_) / rate_hz_;
      const auto sample =
          static_cast<float>(0.5 * std::sin(2 * M_PI * 440 * t));
      pcm.insert(pcm.end(), static_cast<size_t>(format_.channels), sample);
    }
    unsigned char bytes[8000];
    const int size = opus_multistream_encode_float(
        encoder_, pcm.data(), packet_frames(), bytes, sizeof(bytes));
    return std::string(reinterpret_cast<char*>(bytes),
                       static_cast<size_t>(size));
  }
  void Restart() {
    opus_multistream_encoder_ctl(encoder_, OPUS_RESET_STATE);
    frame_ = 0;
  }

 private:
  const int rate_hz_;
  OpusMSEncoder* encoder_ = nullptr;
  CodedFormat format_;
  int64_t frame_ = 0;
};

// What opusfile, which knows nothing of Earshot, finds in a file.
struct Read {
  int links = 0;
  int64_t samples = 0;  // of 48 kHz, as it says
  int channels = 0;
  int input_rate = 0;
  int pre_skip = 0;
  std::string title;
  std::vector<float> pcm;
  int holes = 0;
};

Read ReadBack(const std::string& bytes) {
  Read read;
  int error = 0;
  OggOpusFile* file =
      op_open_memory(reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), &error);
  if (file == nullptr) {
    ADD_FAILURE() << "opusfile says " << error;
    return read;
  }
  read.links = op_link_count(file);
  read.samples = op_pcm_total(file, -1);
  read.channels = op_channel_count(file, 0);
  read.input_rate = static_cast<int>(op_head(file, 0)->input_sample_rate);
  read.pre_skip = static_cast<int>(op_head(file, 0)->pre_skip);
  const char* title = opus_tags_query(op_tags(file, 0), "TITLE", 0);
  read.title = title != nullptr ? title : "";
  float pcm[5760 * kMaxChannels];
  while (true) {
    const int samples =
        op_read_float(file, pcm, static_cast<int>(std::size(pcm)), nullptr);
    if (samples == OP_HOLE) ++read.holes;
    if (samples <= 0 && samples != OP_HOLE) {
      EXPECT_EQ(samples, 0);
      break;
    }
    read.pcm.insert(read.pcm.end(), pcm, pcm + samples * read.channels);
  }
  op_free(file);
  return read;
}

// An epoch that is recorded, and what the play-out's own decoder makes of it.
class Recording {
 public:
  explicit Recording(const CodedFormat& format, int64_t first_frame = 0)
      : format_(format),
        decoder_(*PacketDecoder::Create(format)),
        writer_(
            *OggOpusWriter::Create(format, first_frame, {{"TITLE", "vm-1"}}, 7,
                                   [this](absl::string_view bytes) {
                                     bytes_.append(bytes.data(), bytes.size());
                                     return absl::OkStatus();
                                   })),
        position_(first_frame) {}

  // Of what the packet holds, all but the last `tail` frames are heard.
  void Play(const std::string& payload, int64_t tail = 0,
            bool restart = false) {
    if (restart) decoder_->Restart();
    const int frames = *PacketDecoder::CountFrames(
        format_.codec, format_.rate_hz, format_.channels, payload);
    std::vector<float> pcm;
    EXPECT_TRUE(decoder_->Decode(payload, 0, &pcm).ok());
    const int drop = decoder_->dropped_frames();
    const int64_t heard = frames - drop - tail;
    EXPECT_TRUE(
        writer_->Packet({position_, heard, drop, restart, payload}).ok());
    position_ += heard;
    heard_ += heard;
  }
  void Silence(int64_t frames) {
    position_ += frames;
    heard_ += frames;
  }
  void Skip(int64_t frames) {
    EXPECT_TRUE(writer_->Skip(position_, frames).ok());
    position_ += frames;
  }
  Read End() {
    EXPECT_TRUE(writer_->End(position_).ok());
    return ReadBack(bytes_);
  }
  OggOpusWriter& writer() { return *writer_; }
  const std::string& bytes() const { return bytes_; }
  // What a file's decoder should put out, of 48 kHz.
  int64_t samples() const { return heard_ * 48000 / format_.rate_hz; }

 private:
  const CodedFormat format_;
  std::unique_ptr<PacketDecoder> decoder_;
  std::string bytes_;
  std::unique_ptr<OggOpusWriter> writer_;
  int64_t position_;
  int64_t heard_ = 0;
};

float Peak(const std::vector<float>& pcm, size_t from, size_t count) {
  float peak = 0;
  for (size_t i = from; i < std::min(from + count, pcm.size()); ++i) {
    peak = std::max(peak, std::abs(pcm[i]));
  }
  return peak;
}

class EachFormat : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(EachFormat, PutsOutExactlyWhatWasPlayed) {
  const auto [rate, channels] = GetParam();
  ToneCoder coder(rate, channels);
  Recording recording(coder.format());
  for (int i = 0; i < 49; ++i) recording.Play(coder.Next());
  recording.Play(coder.Next(), /*tail=*/coder.packet_frames() / 2 + 1);
  const Read read = recording.End();
  EXPECT_EQ(read.links, 1);
  EXPECT_EQ(read.channels, channels);
  EXPECT_EQ(read.input_rate, rate);
  EXPECT_EQ(read.pre_skip, coder.format().pre_skip_frames * 48000 / rate);
  EXPECT_EQ(read.title, "vm-1");
  EXPECT_EQ(read.samples, recording.samples());
  EXPECT_EQ(static_cast<int64_t>(read.pcm.size()),
            recording.samples() * channels);
  EXPECT_EQ(read.holes, 0);
  EXPECT_GT(Peak(read.pcm, 0, read.pcm.size()), 0.4f);
}

INSTANTIATE_TEST_SUITE_P(OggOpusWriterTest, EachFormat,
                         testing::Combine(testing::Values(8000, 12000, 16000,
                                                          24000, 48000),
                                          testing::Values(1, 2, 6)));

// Of restricted low delay, the first frame that is heard is the tone's first.
TEST(OggOpusWriterTest, BeginsWithTheFirstFrame) {
  ToneCoder coder(48000, 1);
  Recording recording(coder.format());
  for (int i = 0; i < 20; ++i) recording.Play(coder.Next());
  const Read read = recording.End();
  for (const size_t frame : {4800u, 4830u, 4890u}) {
    EXPECT_NEAR(
        read.pcm[frame],
        0.5 * std::sin(2 * M_PI * 440 * static_cast<double>(frame) / 48000),
        0.05)
        << frame;
  }
}

TEST(OggOpusWriterTest, FillsSilenceExactly) {
  for (const int channels : {1, 2, 6}) {
    ToneCoder coder(48000, channels);
    Recording recording(coder.format());
    for (int i = 0; i < 10; ++i) recording.Play(coder.Next());
    recording.Silence(48000 + 480 + 120);
    for (int i = 0; i < 10; ++i) recording.Play(coder.Next());
    const Read read = recording.End();
    const auto wide = static_cast<size_t>(channels);
    EXPECT_EQ(read.links, 1);
    EXPECT_EQ(read.samples, recording.samples());
    EXPECT_GT(Peak(read.pcm, 0, 4000 * wide), 0.4f);
    EXPECT_LT(Peak(read.pcm, 6000 * wide, 40000 * wide), 1e-4f);
    EXPECT_GT(Peak(read.pcm, 54000 * wide, 3000 * wide), 0.3f);
  }
}

// No packet lasts so long: another logical stream begins.
TEST(OggOpusWriterTest, FillsSilenceOfAnyLength) {
  for (const int frames : {1, 119, 121, 1000}) {
    ToneCoder coder(48000, 2);
    Recording recording(coder.format());
    for (int i = 0; i < 5; ++i) recording.Play(coder.Next());
    recording.Silence(frames);
    for (int i = 0; i < 5; ++i) recording.Play(coder.Next());
    const Read read = recording.End();
    EXPECT_EQ(read.links, 2);
    EXPECT_EQ(read.samples, recording.samples()) << frames;
    EXPECT_EQ(static_cast<int64_t>(read.pcm.size()), 2 * recording.samples());
  }
}

TEST(OggOpusWriterTest, SilenceMayBeginAndEndAnEpoch) {
  ToneCoder coder(48000, 2);
  Recording recording(coder.format());
  recording.Silence(4800);
  recording.Play(coder.Next());
  recording.Silence(4800);
  EXPECT_EQ(recording.End().samples, recording.samples());
}

TEST(OggOpusWriterTest, LeavesOutWhatIsPassedOver) {
  ToneCoder coder(48000, 2);
  Recording recording(coder.format());
  for (int i = 0; i < 10; ++i) recording.Play(coder.Next());
  recording.Skip(100000);
  coder.Restart();
  recording.Play(coder.Next(), 0, /*restart=*/true);
  for (int i = 0; i < 9; ++i) recording.Play(coder.Next());
  const Read read = recording.End();
  EXPECT_EQ(read.links, 2);
  EXPECT_EQ(read.samples, recording.samples());
  EXPECT_EQ(read.samples, 20 * 480 - 2 * coder.format().pre_skip_frames);
  EXPECT_GT(Peak(read.pcm, 2 * 6000, 1000), 0.4f);
}

// The decoder converges on packets of which nothing is heard (RFC 7845, 4.6).
TEST(OggOpusWriterTest, JoinsInTheMiddle) {
  ToneCoder coder(48000, 2);
  for (int i = 0; i < 20; ++i) coder.Next();
  CodedFormat format = coder.format();
  format.pre_roll_frames = 8 * 480 + 100;
  Recording recording(format, /*first_frame=*/1000000);
  for (int i = 0; i < 30; ++i) recording.Play(coder.Next());
  const Read read = recording.End();
  EXPECT_EQ(read.links, 1);
  EXPECT_EQ(read.pre_skip, 8 * 480 + 100);
  EXPECT_EQ(read.samples, recording.samples());
  EXPECT_EQ(read.samples, 30 * 480 - 8 * 480 - 100);
}

TEST(OggOpusWriterTest, PreSkipIsNoLongerThanAHeaderCanSay) {
  ToneCoder coder(48000, 1);
  CodedFormat format = coder.format();
  format.pre_roll_frames = 300 * 480;
  Recording recording(format);
  for (int i = 0; i < 310; ++i) recording.Play(coder.Next());
  const Read read = recording.End();
  EXPECT_LE(read.pre_skip, 0xffff);
  EXPECT_GE(read.pre_skip, 3840);
  EXPECT_EQ(read.samples, 10 * 480);
}

TEST(OggOpusWriterTest, WhatIsNoPacketIsSilence) {
  ToneCoder coder(48000, 2);
  Recording recording(coder.format());
  for (int i = 0; i < 10; ++i) recording.Play(coder.Next());
  const int64_t position = recording.writer().position();
  EXPECT_TRUE(
      recording.writer().Packet({position, 480, 0, false, "\xff\xff"}).ok());
  EXPECT_TRUE(
      recording.writer().Packet({position + 480, 480, 0, false, ""}).ok());
  recording.Silence(960);
  EXPECT_EQ(recording.End().samples, recording.samples());
}

// A crash costs what came after the last page.
TEST(OggOpusWriterTest, ASecondAtMostIsNotOnAPage) {
  ToneCoder coder(48000, 1);
  Recording recording(coder.format());
  recording.Play(coder.Next());
  recording.Silence(10 * 48000);
  recording.Play(coder.Next());
  const Read read = ReadBack(recording.bytes());
  EXPECT_GE(read.samples, 9 * 48000 - 960);
  EXPECT_TRUE(recording.writer().Flush().ok());
  EXPECT_GE(ReadBack(recording.bytes()).samples, 10 * 48000 - 960);
  recording.End();
}

TEST(OggOpusWriterTest, SaysWhenItCannotBeWritten) {
  ToneCoder coder(48000, 2);
  auto writer = *OggOpusWriter::Create(
      coder.format(), 0, {}, 1,
      [](absl::string_view) { return absl::UnavailableError("full"); });
  EXPECT_EQ(writer->Packet({0, 360, 120, false, coder.Next()}).message(),
            "full");
}

TEST(OggOpusWriterTest, HoldsNothingButOpus) {
  const auto create = [](int rate_hz, int channels, MediaCodec codec) {
    CodedFormat format;
    format.rate_hz = rate_hz;
    format.channels = channels;
    format.codec = codec;
    return OggOpusWriter::Create(format, 0, {}, 1, nullptr).ok();
  };
  EXPECT_TRUE(create(48000, 2, MediaCodec::kOpus));
  EXPECT_FALSE(create(48000, 2, MediaCodec::kPcmS16le));
  EXPECT_FALSE(create(44100, 2, MediaCodec::kOpus));
  EXPECT_FALSE(create(0, 2, MediaCodec::kOpus));
  EXPECT_FALSE(create(48000, 9, MediaCodec::kOpus));
}

}  // namespace
}  // namespace earshot
