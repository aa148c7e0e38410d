#include "sinks/pcm_track_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bazel/temporary_folder.h"
#include "sinks/flac_file.h"
#include "sinks/new_file.h"
#include "sinks/wav_file.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;

CodedFormat Pcm(int channels) {
  CodedFormat format;
  format.rate_hz = kRate;
  format.channels = channels;
  format.codec = MediaCodec::kPcmS16le;
  return format;
}

std::string Payload(const std::vector<int16_t>& samples) {
  return std::string(reinterpret_cast<const char*>(samples.data()),
                     samples.size() * sizeof(int16_t));
}

struct Read {
  SF_INFO info = {};
  std::vector<int16_t> samples;
  std::string title;
  std::string comment;
};

Read ReadBack(const std::string& path) {
  Read read;
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &read.info);
  if (file == nullptr) {
    ADD_FAILURE() << sf_strerror(nullptr);
    return read;
  }
  read.samples.resize(
      static_cast<size_t>(read.info.frames * read.info.channels));
  EXPECT_EQ(sf_readf_short(file, read.samples.data(), read.info.frames),
            read.info.frames);
  for (const auto& [type, text] : {std::pair{SF_STR_TITLE, &read.title},
                                   std::pair{SF_STR_COMMENT, &read.comment}}) {
    const char* found = sf_get_string(file, type);
    if (found != nullptr) *text = found;
  }
  sf_close(file);
  return read;
}

class PcmTrackWriterTest : public testing::Test {
 protected:
  std::unique_ptr<PcmTrackWriter> Flac(const CodedFormat& format,
                                       int64_t first_frame = 0) {
    return *PcmTrackWriter::Create(
        format, first_frame,
        *FlacFile::Create(*NewFile::Replace(path_), format.rate_hz,
                          format.channels,
                          {{"TITLE", "vm-1"}, {"EPOCH", "3"}, {"X", "y"}}));
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "a.flac";
};

TEST_F(PcmTrackWriterTest, FlacHoldsExactlyWhatWasPlayed) {
  auto writer = Flac(Pcm(2), /*first_frame=*/100);
  EXPECT_TRUE(
      writer->Packet({100, 2, 0, false, Payload({1, -1, 32767, -32768})}).ok());
  // Silence, something passed over, the front of a packet, silence.
  EXPECT_TRUE(writer->Skip(104, 1000).ok());
  EXPECT_TRUE(writer->Packet({1105, 1, 0, true, Payload({5, 6, 7, 8})}).ok());
  EXPECT_TRUE(writer->End(1107).ok());
  writer.reset();
  const Read read = ReadBack(path_);
  EXPECT_EQ(read.info.samplerate, kRate);
  EXPECT_EQ(read.info.channels, 2);
  EXPECT_EQ(read.samples, (std::vector<int16_t>{1, -1, 32767, -32768, 0, 0, 0,
                                                0, 0, 0, 5, 6, 0, 0}));
  EXPECT_EQ(read.title, "vm-1");
  EXPECT_EQ(read.comment, "EPOCH=3 X=y");
}

TEST_F(PcmTrackWriterTest, ChannelsAreInTheOrderOfTheFile) {
  CodedFormat format = Pcm(3);
  format.positions = {ChannelPosition::kFrontCenter,
                      ChannelPosition::kFrontLeft,
                      ChannelPosition::kFrontRight};
  auto writer = Flac(format);
  EXPECT_TRUE(writer->Packet({0, 1, 0, false, Payload({1, 2, 3})}).ok());
  EXPECT_TRUE(writer->End(1).ok());
  writer.reset();
  EXPECT_EQ(ReadBack(path_).samples, (std::vector<int16_t>{2, 3, 1}));
}

TEST_F(PcmTrackWriterTest, WavIsCompleteEachSecond) {
  auto writer = *PcmTrackWriter::Create(
      Pcm(1), 0, *WavFile::Begin(*NewFile::Replace(path_), kRate, LayoutOf(1)));
  EXPECT_TRUE(writer->Skip(kRate + 10, 1).ok());
  EXPECT_GE(ReadBack(path_).samples.size(), 48000u);
  EXPECT_TRUE(writer->End(kRate + 21).ok());
  EXPECT_EQ(ReadBack(path_).samples.size(), 48020u);
}

TEST_F(PcmTrackWriterTest, WhatIsNoPacketIsSilence) {
  auto writer = Flac(Pcm(1));
  EXPECT_TRUE(writer->Packet({0, 3, 0, false, "x"}).ok());
  EXPECT_TRUE(writer->Packet({3, 1, 0, false, Payload({9})}).ok());
  EXPECT_TRUE(writer->End(4).ok());
  writer.reset();
  EXPECT_EQ(ReadBack(path_).samples, (std::vector<int16_t>{0, 0, 0, 9}));
}

TEST_F(PcmTrackWriterTest, SaysThatTheDiskIsFull) {
  auto file = std::make_unique<NewFile>(open("/dev/full", O_WRONLY | O_CLOEXEC),
                                        "/dev/full");
  const CodedFormat format = Pcm(1);
  auto flac = FlacFile::Create(std::move(file), kRate, 1, {});
  if (!flac.ok()) return;  // it may say so at once
  auto writer = *PcmTrackWriter::Create(format, 0, *std::move(flac));
  absl::Status status;
  std::vector<int16_t> noise(4800);
  for (int i = 0; i < 100 && status.ok(); ++i) {
    for (int16_t& sample : noise) sample = static_cast<int16_t>(rand());
    status = writer->Packet({i * 4800, 4800, 0, false, Payload(noise)});
  }
  EXPECT_FALSE(status.ok());
}

TEST(NewFileTest, NeverOverwritesUnlessAsked) {
  TemporaryFolder folder;
  const std::string stem = folder / "a";
  EXPECT_EQ((*NewFile::Create(stem, ".x"))->path(), stem + ".x");
  EXPECT_EQ((*NewFile::Create(stem, ".x"))->path(), stem + "-2.x");
  EXPECT_TRUE((*NewFile::Replace(stem + ".x"))->Append("12").ok());
  EXPECT_FALSE(NewFile::Create(folder / "nothing/a", ".x").ok());
}

}  // namespace
}  // namespace earshot
