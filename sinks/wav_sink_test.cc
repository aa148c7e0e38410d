#include "sinks/wav_sink.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sndfile.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "sinks/fake_source.h"
#include "sinks/sink_factory.h"
#include "sinks/wav_writer.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kStart = MonotonicTime() + std::chrono::hours(1);

struct Recording {
  int rate_hz = 0;
  int channels = 0;
  int format = 0;
  std::vector<int16_t> samples;
  std::vector<int> map;  // where the channels stand, if the file says it
};

// By libsndfile, which did not write it.
Recording Read(const std::string& path) {
  SF_INFO info = {};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  EXPECT_NE(file, nullptr) << path << ": " << sf_strerror(nullptr);
  Recording recording;
  if (file == nullptr) return recording;
  recording = {
      info.samplerate, info.channels, info.format & SF_FORMAT_TYPEMASK, {}, {}};
  recording.samples.resize(static_cast<size_t>(info.frames * info.channels));
  EXPECT_EQ(sf_readf_short(file, recording.samples.data(), info.frames),
            info.frames);
  std::vector<int> map(static_cast<size_t>(info.channels));
  if (sf_command(file, SFC_GET_CHANNEL_MAP_INFO, map.data(),
                 static_cast<int>(map.size() * sizeof(int))) != 0) {
    recording.map = map;
  }
  sf_close(file);
  return recording;
}

class WavSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "/" + test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  std::string Stem() const { return folder_ + "/a"; }

  // Plays all that the source has.
  void Play(WavSink* sink, FakeSource* source) {
    sink->Start(source, kStart);
    MonotonicTime now = kStart;
    do {
      now += milliseconds(5);
      sink->Tick(now);
    } while (!source->media.empty());
  }

  std::string folder_;
};

TEST_F(WavSinkTest, KeepsEveryS16SampleBitByBit) {
  FakeSource source(1);
  std::vector<int16_t> want;
  for (int value = -32768; value <= 32767; ++value) {
    want.push_back(static_cast<int16_t>(value));
    source.media.push_back(static_cast<float>(value) / 32768.0f);
  }
  WavSink sink(WavFile::Create(Stem(), 48000, LayoutOf(1)), 48000, LayoutOf(1));
  Play(&sink, &source);
  sink.Stop();
  EXPECT_EQ(sink.description(), "wav:" + Stem() + ".wav");
  const Recording recording = Read(Stem() + ".wav");
  EXPECT_EQ(recording.rate_hz, 48000);
  EXPECT_EQ(recording.channels, 1);
  EXPECT_EQ(recording.format, SF_FORMAT_WAV);
  EXPECT_EQ(recording.samples, want);
}

TEST_F(WavSinkTest, ClipsWhatIsTooLoud) {
  FakeSource source(2);
  source.media = {1.5f, -1.5f, std::numeric_limits<float>::infinity(),
                  std::nanf("")};
  WavSink sink(WavFile::Create(Stem(), 48000, LayoutOf(2)), 48000, LayoutOf(2));
  Play(&sink, &source);
  sink.Stop();
  EXPECT_EQ(Read(Stem() + ".wav").samples,
            (std::vector<int16_t>{32767, -32768, 32767, 0}));
}

TEST_F(WavSinkTest, WritesSilenceThatIsOwedFirst) {
  FakeSource source(2);
  source.media = {0.5f, 0.5f};
  source.silence_frames = 10000;
  WavSink sink(WavFile::Create(Stem(), 48000, LayoutOf(2)), 48000, LayoutOf(2));
  Play(&sink, &source);
  sink.Stop();
  const std::vector<int16_t> samples = Read(Stem() + ".wav").samples;
  ASSERT_EQ(samples.size(), 20002u);
  EXPECT_EQ(samples[19999], 0);
  EXPECT_EQ(samples[20000], 16384);
}

TEST_F(WavSinkTest, WritesNothingButMedia) {
  FakeSource source(2);
  WavSink sink(WavFile::Create(Stem(), 48000, LayoutOf(2)), 48000, LayoutOf(2));
  sink.Start(&source, kStart);
  sink.Tick(kStart + milliseconds(50));
  sink.Stop();
  EXPECT_TRUE(Read(Stem() + ".wav").samples.empty());
}

TEST_F(WavSinkTest, AFileThatWasNeverClosedCanBeRead) {
  FakeSource source(1);
  source.media.assign(100000, 0.25f);
  WavSink sink(WavFile::Create(Stem(), 48000, LayoutOf(1)), 48000, LayoutOf(1));
  Play(&sink, &source);
  // As it is when the process is killed here.
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(20);
  size_t frames = 0;
  while (frames < 52000 && std::chrono::steady_clock::now() < deadline) {
    frames = Read(Stem() + ".wav").samples.size();
  }
  EXPECT_GE(frames, 52000u);
  EXPECT_LE(frames, 100000u);
}

TEST_F(WavSinkTest, NeverOverwritesAFile) {
  auto first = WavFile::Create(Stem(), 48000, LayoutOf(1));
  auto second = WavFile::Create(Stem(), 48000, LayoutOf(1));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ((*first)->path(), Stem() + ".wav");
  EXPECT_EQ((*second)->path(), Stem() + "-2.wav");
}

TEST_F(WavSinkTest, AFileBeyondTheLimitOfRiffIsRf64) {
  auto file = WavFile::Create(Stem(), 48000, LayoutOf(2), /*riff_limit=*/1000);
  ASSERT_TRUE(file.ok());
  const std::vector<int16_t> half(400, 1);
  ASSERT_TRUE((*file)->Append(half).ok());
  ASSERT_TRUE((*file)->UpdateHeader().ok());
  EXPECT_EQ(Read(Stem() + ".wav").format, SF_FORMAT_WAV);
  ASSERT_TRUE((*file)->Append(half).ok());
  ASSERT_TRUE((*file)->UpdateHeader().ok());
  const Recording recording = Read(Stem() + ".wav");
  EXPECT_EQ(recording.format, SF_FORMAT_RF64);
  EXPECT_EQ(recording.samples, std::vector<int16_t>(800, 1));
}

TEST_F(WavSinkTest, ChannelsAreInTheOrderOfTheMaskThatSaysWhatTheyAre) {
  using P = ChannelPosition;
  const ChannelLayout vorbis = {
      P::kFrontLeft, P::kFrontCenter, P::kFrontRight,  P::kSideLeft,
      P::kSideRight, P::kRearCenter,  P::kLowFrequency};
  FakeSource source(7);
  for (int frame = 0; frame < 100; ++frame) {
    for (const P position : vorbis) {
      source.media.push_back(
          static_cast<float>(100 * static_cast<int>(position) + frame) /
          32768.0f);
    }
  }
  WavSink sink(WavFile::Create(Stem(), 48000, vorbis), 48000, vorbis);
  Play(&sink, &source);
  sink.Stop();
  const Recording recording = Read(Stem() + ".wav");
  EXPECT_EQ(recording.format, SF_FORMAT_WAVEX);
  EXPECT_EQ(
      recording.map,
      (std::vector<int>{SF_CHANNEL_MAP_LEFT, SF_CHANNEL_MAP_RIGHT,
                        SF_CHANNEL_MAP_CENTER, SF_CHANNEL_MAP_LFE,
                        SF_CHANNEL_MAP_REAR_CENTER, SF_CHANNEL_MAP_SIDE_LEFT,
                        SF_CHANNEL_MAP_SIDE_RIGHT}));
  const ChannelLayout order = {
      P::kFrontLeft,  P::kFrontRight, P::kFrontCenter, P::kLowFrequency,
      P::kRearCenter, P::kSideLeft,   P::kSideRight};
  ASSERT_EQ(recording.samples.size(), 700u);
  for (size_t i = 0; i < recording.samples.size(); ++i) {
    ASSERT_EQ(recording.samples[i],
              100 * static_cast<int>(order[i % 7]) + static_cast<int>(i / 7));
  }
}

TEST_F(WavSinkTest, ChannelsWithoutAPositionComeLast) {
  using P = ChannelPosition;
  const ChannelLayout layout = {P::kUnspecified, P::kFrontRight,
                                P::kUnspecified, P::kFrontLeft};
  FakeSource source(4);
  source.media = {0.25f, 0.5f, -0.25f, -0.5f};
  WavSink sink(WavFile::Create(Stem(), 8000, layout), 8000, layout);
  Play(&sink, &source);
  sink.Stop();
  EXPECT_EQ(Read(Stem() + ".wav").samples,
            (std::vector<int16_t>{-16384, 16384, 8192, -8192}));
}

TEST_F(WavSinkTest, ASurroundFileBeyondTheLimitOfRiffIsRf64) {
  auto file = WavFile::Create(Stem(), 48000, ChannelLayout(4),
                              /*riff_limit=*/1000);
  ASSERT_TRUE(file.ok());
  const std::vector<int16_t> samples(800, 1);
  ASSERT_TRUE((*file)->Append(samples).ok());
  ASSERT_TRUE((*file)->UpdateHeader().ok());
  const Recording recording = Read(Stem() + ".wav");
  EXPECT_EQ(recording.format, SF_FORMAT_RF64);
  EXPECT_EQ(recording.channels, 4);
  EXPECT_EQ(recording.samples, samples);
}

// A header of plain PCM, as ever, byte by byte.
TEST_F(WavSinkTest, AStereoFileIsNotExtensible) {
  auto file = WavFile::Create(Stem(), 44100, LayoutOf(2));
  ASSERT_TRUE(file.ok());
  const std::vector<int16_t> samples = {1, 2};
  ASSERT_TRUE((*file)->Append(samples).ok());
  ASSERT_TRUE((*file)->UpdateHeader().ok());
  std::ifstream stream(Stem() + ".wav", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)),
                          std::istreambuf_iterator<char>());
  const std::string want =
      std::string("RIFF\x4c\0\0\0WAVEJUNK\x1c\0\0\0", 20) +
      std::string(28, '\0') +
      std::string("fmt \x10\0\0\0\1\0\2\0\x44\xac\0\0\x10\xb1\2\0\4\0\x10\0",
                  24) +
      std::string("data\4\0\0\0\1\0\2\0", 12);
  EXPECT_EQ(bytes, want);
}

TEST_F(WavSinkTest, AWriteErrorEndsTheRecordingAndNotTheClock) {
  // The file may not grow beyond 10 kB; the signal would end the process.
  signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {10000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  FakeSource source(1);
  source.media.assign(20000, 0.25f);
  WavSink sink(WavFile::Create(Stem(), 48000, LayoutOf(1)), 48000, LayoutOf(1));
  Play(&sink, &source);
  sink.Stop();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_NE(sink.problem(), "");
  EXPECT_GE(source.pulled_frames, 20000);
  const std::vector<int16_t> samples = Read(Stem() + ".wav").samples;
  EXPECT_EQ(samples, std::vector<int16_t>(4960, 8192));
}

TEST_F(WavSinkTest, ADiskThatIsTooSlowEndsTheRecording) {
  constexpr int kRate = 100;
  auto file = WavFile::Create(Stem(), kRate, LayoutOf(1));
  ASSERT_TRUE(file.ok());
  WavWriter writer(*std::move(file), kRate, 1);
  // More at once than waits for the fastest disk.
  writer.Write(0, std::vector<int16_t>(10 * kRate + 1, 1));
  EXPECT_NE(writer.problem().find("too slow"), std::string::npos);
  writer.Write(0, std::vector<int16_t>(1, 1));
  writer.Close();
  EXPECT_TRUE(Read(Stem() + ".wav").samples.empty());
}

TEST_F(WavSinkTest, AFolderThatIsNotThereIsAProblemAndNoMore) {
  WavSink sink(WavFile::Create(folder_ + "/nothing/a", 48000, LayoutOf(1)),
               48000, LayoutOf(1));
  FakeSource source(1);
  source.media.assign(1000, 0.25f);
  Play(&sink, &source);
  EXPECT_NE(sink.problem().find("No such file"), std::string::npos);
}

TEST_F(WavSinkTest, AFileWithoutRoomForItsHeaderIsNotLeftBehind) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {40, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto file = WavFile::Create(Stem(), 48000, LayoutOf(1));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(file.ok());
  EXPECT_EQ(file.status().message().find("Success"), std::string::npos)
      << file.status();
  EXPECT_FALSE(std::filesystem::exists(Stem() + ".wav"));
}

TEST_F(WavSinkTest, FactoryNamesFilesByStreamTimeAndEpoch) {
  const auto factory = SinkFactory::Create("wav:" + folder_ + "/new/folder");
  ASSERT_TRUE(factory.ok());
  const auto sink =
      factory->Make({"vm.1", "0", 7, 48000, LayoutOf(2),
                     std::chrono::system_clock::from_time_t(1700000000)});
  EXPECT_EQ(sink->description(), "wav:" + folder_ +
                                     "/new/folder/"
                                     "vm.1-0-20231114T221320Z-e7.wav");
}

TEST_F(WavSinkTest, FactoryRefusesWhatIsNoSink) {
  for (const char* text :
       {"", "wav", "wav:", "mp3:/tmp", "null:", "WAV:/tmp"}) {
    EXPECT_FALSE(SinkFactory::Create(text).ok()) << text;
  }
  std::ofstream(folder_ + "/file").put('x');
  EXPECT_FALSE(SinkFactory::Create("wav:" + folder_ + "/file/a").ok());
  EXPECT_FALSE(
      SinkFactory::Create("wav:" + folder_ + "/" + std::string(300, 'x')).ok());
  EXPECT_TRUE(SinkFactory::Create("null").ok());
}

}  // namespace
}  // namespace earshot
