#include "server/recording/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bazel/temporary_folder.h"
#include "server/recording/recorder.h"
#include "sinks/recording_name.h"

namespace earshot {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kRate = 8000;
constexpr int kPacket = 80;  // 10 ms

// An epoch that is played: PCM, of which each packet is full of its number, or
// Opus, of which each packet is silent.
class FakeEpoch {
 public:
  explicit FakeEpoch(MediaCodec codec) {
    params_.epoch = 3;
    params_.codec = codec;
    params_.rate_hz = kRate;
    params_.channels = 1;
  }

  RecordingRequest request() const {
    return {"vms/vm-1/streams/0", "vm-1", "0", params_,
            std::chrono::system_clock::time_point(hours(24 * 20000))};
  }
  Played Packet() {
    Played played{Played::Kind::kPacket, {}, frame_, kPacket};
    if (params_.codec == MediaCodec::kOpus) {
      played.payload = std::string("\xf0\xff\xfe", 3);
    } else {
      ++number_;
      for (int i = 0; i < kPacket; ++i) played.payload += {number_, 0};
    }
    frame_ += kPacket;
    return played;
  }
  Played Silence(int64_t frames) {
    Played played{Played::Kind::kSilence, {}, frame_};
    frame_ += frames;
    return played;
  }
  Played Skip(int64_t frames) {
    Played played{Played::Kind::kSkip, {}, frame_, frames};
    frame_ += frames;
    return played;
  }
  Played End() { return {Played::Kind::kEnd, {}, frame_}; }

 private:
  EpochParams params_;
  int64_t frame_ = 0;
  char number_ = 0;
};

struct Read {
  SF_INFO info = {};
  std::vector<int16_t> samples;
};

Read ReadBack(const std::string& path) {
  Read read;
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &read.info);
  if (file == nullptr) {
    ADD_FAILURE() << path << ": " << sf_strerror(nullptr);
    return read;
  }
  read.samples.resize(100000);
  read.samples.resize(
      static_cast<size_t>(sf_readf_short(file, read.samples.data(), 100000)));
  sf_close(file);
  return read;
}

class RecordingTest : public testing::Test {
 protected:
  RecordingTest() { options_.folder = temporary_ / "recordings"; }

  void SetUp() override { fs::create_directories(options_.folder); }

  // One that is written when the test says so.
  Recording& Begin(const FakeEpoch& epoch) {
    folder_ = std::make_unique<RecordingFolder>(options_);
    recording_ = std::make_unique<Recording>(folder_.get(), epoch.request());
    return *recording_;
  }
  bool Write() { return recording_->Write(now_ += seconds(1)); }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(options_.folder)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  TemporaryFolder temporary_;
  RecordOptions options_;
  MonotonicTime now_;
  std::unique_ptr<RecordingFolder> folder_;
  std::unique_ptr<Recording> recording_;
};

TEST_F(RecordingTest, HoldsWhatWasPlayedAndNothingElse) {
  FakeEpoch epoch(MediaCodec::kPcmS16le);
  Recording& recording = Begin(epoch);
  recording.OnPlayed({Played::Kind::kEpoch, {}});
  recording.OnPlayed(epoch.Packet());
  EXPECT_TRUE(Write());
  recording.OnPlayed({Played::Kind::kStandstill, {}});
  recording.OnPlayed(epoch.Silence(5));
  recording.OnPlayed(epoch.Packet());
  recording.OnPlayed(epoch.Skip(1000));
  recording.OnPlayed(epoch.Silence(7));
  recording.OnPlayed(epoch.End());
  recording.Close();
  EXPECT_FALSE(Write());
  EXPECT_EQ(recording.problem(), "");
  EXPECT_THAT(recording.path(), HasSubstr("/vm-1-0-20241004T000000Z-e3.flac"));
  std::vector<int16_t> expected(kPacket, 1);
  expected.insert(expected.end(), 5, 0);
  expected.insert(expected.end(), kPacket, 2);
  expected.insert(expected.end(), 7, 0);
  EXPECT_EQ(ReadBack(recording.path()).samples, expected);
}

TEST_F(RecordingTest, OpusIsKeptAsItIs) {
  FakeEpoch epoch(MediaCodec::kOpus);
  Recording& recording = Begin(epoch);
  for (int i = 0; i < 100; ++i) recording.OnPlayed(epoch.Packet());
  recording.OnPlayed(epoch.End());
  recording.Close();
  EXPECT_FALSE(Write());
  EXPECT_THAT(recording.path(), HasSubstr(".opus"));
  const Read read = ReadBack(recording.path());
  EXPECT_EQ(read.info.format & SF_FORMAT_SUBMASK, SF_FORMAT_OPUS);
  EXPECT_EQ(read.info.frames, kRate);
  std::ifstream file(recording.path());
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(bytes, HasSubstr("VM=vm-1"));
  EXPECT_THAT(bytes, HasSubstr("STREAM=vms/vm-1/streams/0"));
  EXPECT_THAT(bytes, HasSubstr("DATE=2024-10-04T00:00:00Z"));
}

TEST_F(RecordingTest, OpusBecomesFlacIfThatWasAskedFor) {
  options_.format = RecordFormat::kFlac;
  FakeEpoch epoch(MediaCodec::kOpus);
  Recording& recording = Begin(epoch);
  for (int i = 0; i < 100; ++i) recording.OnPlayed(epoch.Packet());
  recording.Close();
  EXPECT_FALSE(Write());
  EXPECT_THAT(recording.path(), HasSubstr(".flac"));
  EXPECT_EQ(ReadBack(recording.path()).samples.size(), size_t{kRate});
}

TEST_F(RecordingTest, WithoutSoundThereIsNoFile) {
  FakeEpoch epoch(MediaCodec::kOpus);
  Recording& recording = Begin(epoch);
  recording.OnPlayed({Played::Kind::kEpoch, {}});
  recording.OnPlayed(epoch.Skip(100));
  recording.OnPlayed(epoch.End());
  recording.Close();
  EXPECT_FALSE(Write());
  EXPECT_EQ(recording.problem(), "");
  EXPECT_TRUE(Files().empty());
}

// The stream's last packets may be lost with the server; the file is whole.
TEST_F(RecordingTest, AnEpochThatIsAbandonedLeavesAFile) {
  FakeEpoch epoch(MediaCodec::kOpus);
  Recording& recording = Begin(epoch);
  recording.OnPlayed(epoch.Packet());
  recording.Close();
  EXPECT_FALSE(Write());
  EXPECT_EQ(ReadBack(recording.path()).info.frames, kPacket);
}

TEST_F(RecordingTest, AFolderThatIsGoneCostsTheRecording) {
  FakeEpoch epoch(MediaCodec::kOpus);
  Recording& recording = Begin(epoch);
  fs::remove_all(options_.folder);
  recording.OnPlayed(epoch.Packet());
  EXPECT_FALSE(Write());
  EXPECT_THAT(recording.problem(), HasSubstr("not recorded: "));
  EXPECT_THAT(recording.problem(), HasSubstr("No such file or directory"));
  recording.OnPlayed(epoch.Packet());
  EXPECT_FALSE(Write());
}

TEST_F(RecordingTest, AFileThatIsRemovedIsNotWrittenOn) {
  FakeEpoch epoch(MediaCodec::kOpus);
  Recording& recording = Begin(epoch);
  recording.OnPlayed(epoch.Packet());
  EXPECT_TRUE(Write());
  fs::remove(recording.path());
  recording.OnPlayed(epoch.Packet());
  EXPECT_FALSE(Write());
  EXPECT_THAT(recording.problem(), HasSubstr("was removed"));
}

TEST_F(RecordingTest, LeavesTheDiskWhatItIsToKeep) {
  options_.min_free.fraction = 1;
  FakeEpoch epoch(MediaCodec::kOpus);
  Recording& recording = Begin(epoch);
  recording.OnPlayed(epoch.Packet());
  EXPECT_FALSE(Write());
  EXPECT_THAT(recording.problem(), HasSubstr("left, and is to keep"));
  EXPECT_TRUE(Files().empty());
}

// Ten seconds wait for it, and no more.
TEST_F(RecordingTest, ADiskThatIsTooSlowCostsTheRecording) {
  FakeEpoch epoch(MediaCodec::kPcmS16le);
  Recording& recording = Begin(epoch);
  for (int i = 0; i < 1000; ++i) recording.OnPlayed(epoch.Packet());
  EXPECT_EQ(recording.problem(), "");
  recording.OnPlayed(epoch.Packet());
  EXPECT_THAT(recording.problem(), HasSubstr("the disk is too slow"));
  EXPECT_FALSE(Write());
}

TEST_F(RecordingTest, DeletesTheOldestOfTooMany) {
  options_.max_bytes = 250;
  const fs::file_time_type now = fs::file_time_type::clock::now();
  const auto add = [this, now](const std::string& name, hours age) {
    const std::string path = options_.folder + "/" + name;
    std::ofstream(path) << std::string(100, 'x');
    fs::last_write_time(path, now - age);
  };
  add("vm-1-0-20261123T093647Z-e1.opus", hours(4));
  add("vm-1-0-20261123T093647Z-e2.flac", hours(3));
  add("vm-1-0-20261123T093647Z-e3-2.opus", hours(2));
  add("vm-1-0-20261123T093647Z-e4.opus", hours(1));
  add("holiday.opus", hours(100));
  const RecordingFolder folder(options_);
  // The oldest one is still written.
  EXPECT_EQ(folder.DeleteOld(
                {options_.folder + "/vm-1-0-20261123T093647Z-e1.opus"}, now),
            2);
  EXPECT_THAT(Files(), testing::UnorderedElementsAre(
                           "vm-1-0-20261123T093647Z-e1.opus",
                           "vm-1-0-20261123T093647Z-e4.opus", "holiday.opus"));
  options_.max_bytes.reset();
  EXPECT_EQ(RecordingFolder(options_).DeleteOld({}, now), 0);
  options_.max_age = hours(3);
  EXPECT_EQ(RecordingFolder(options_).DeleteOld({}, now), 1);
  EXPECT_THAT(Files(), testing::UnorderedElementsAre(
                           "vm-1-0-20261123T093647Z-e4.opus", "holiday.opus"));
}

TEST_F(RecordingTest, TheRecorderWritesAllAndSaysWhatCameOfIt) {
  auto recorder = *Recorder::Create(options_);
  FakeEpoch first(MediaCodec::kOpus);
  FakeEpoch second(MediaCodec::kPcmS16le);
  std::vector<std::shared_ptr<Recording>> recordings = {
      recorder->Begin(first.request()), recorder->Begin(second.request())};
  EXPECT_EQ(recorder->counts().active, 2);
  for (int i = 0; i < 50; ++i) {
    recordings[0]->OnPlayed(first.Packet());
    recordings[1]->OnPlayed(second.Packet());
  }
  recordings[0]->OnPlayed(first.End());
  recordings[0]->Close();
  recorder.reset();  // a server that ends: the second one is cut
  for (const auto& recording : recordings) {
    EXPECT_EQ(recording->problem(), "");
    EXPECT_EQ(ReadBack(recording->path()).info.frames, 50 * kPacket);
  }
}

TEST_F(RecordingTest, TheNextEpochTriesAgain) {
  fs::remove_all(options_.folder);
  auto recorder = *Recorder::Create(options_);
  fs::remove_all(options_.folder);
  FakeEpoch epoch(MediaCodec::kOpus);
  auto recording = recorder->Begin(epoch.request());
  recording->OnPlayed(epoch.Packet());
  while (recorder->counts().failed == 0) std::this_thread::yield();
  EXPECT_NE(recording->problem(), "");
  EXPECT_EQ(recorder->counts().stopped, 1);
  recording.reset();  // its epoch is over
  while (recorder->counts().stopped > 0) std::this_thread::yield();
  fs::create_directories(options_.folder);
  FakeEpoch next(MediaCodec::kOpus);
  recording = recorder->Begin(next.request());
  recording->OnPlayed(next.Packet());
  recording->Close();
  while (recorder->counts().complete == 0) std::this_thread::yield();
  EXPECT_EQ(recorder->counts().active, 0);
  EXPECT_EQ(Files().size(), 1u);
}

TEST_F(RecordingTest, AFolderThatCannotBeIsSaidAtOnce) {
  options_.folder = "/proc/none";
  EXPECT_THAT(std::string(Recorder::Create(options_).status().message()),
              HasSubstr("no folder /proc/none"));
}

TEST(RecordOptionsTest, KnowsSizesAndTimes) {
  EXPECT_EQ(ParseSize("17"), 17);
  EXPECT_EQ(ParseSize("2K"), 2048);
  EXPECT_EQ(ParseSize("3G"), int64_t{3} << 30);
  EXPECT_EQ(ParseReserve("5%")->fraction, 0.05);
  EXPECT_EQ(ParseReserve("1M")->bytes, 1 << 20);
  EXPECT_EQ(ParseAge("30d"), hours(24 * 30));
  for (const char* wrong : {"", "M", "-1", "1.5G", "99999999999T", "1 G"}) {
    EXPECT_FALSE(ParseSize(wrong).has_value()) << wrong;
    EXPECT_FALSE(ParseReserve(wrong).has_value()) << wrong;
    EXPECT_FALSE(ParseAge(wrong).has_value()) << wrong;
  }
  EXPECT_FALSE(ParseReserve("101%").has_value());
  EXPECT_FALSE(ParseReserve("nan%").has_value());
  EXPECT_EQ(SizeText(1000), "1000 B");
  EXPECT_EQ(SizeText(3 << 19), "1.5 MiB");
}

TEST(RecordingNameTest, KnowsItsOwn) {
  EXPECT_TRUE(IsRecordingName("a.b-1-0-20261123T093647Z-e12.opus"));
  EXPECT_TRUE(IsRecordingName("a-0-20261123T093647Z-e12-3.flac"));
  for (const char* other :
       {"a.opus", "a-0-20261123T093647Z-e12.wav",
        "a-0-20261123T093647Z-e1.opusx", "a-0-2026112T093647Z-e12.opus",
        "../a-0-20261123T093647Z-e12.opus"}) {
    EXPECT_FALSE(IsRecordingName(other)) << other;
  }
}

}  // namespace
}  // namespace earshot
