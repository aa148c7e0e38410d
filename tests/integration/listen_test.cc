// `earshot listen` and `--record`: what a VM plays is heard and kept, whole.
// Real processes.
#include <sndfile.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "bazel/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sinks/sound_server.h"
#include "tests/integration/child_process.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr int kRate = 48000;
constexpr int kSeconds = 3;
constexpr double kTone = 440;
constexpr double kLevel = 0.5;

struct Sound {
  int rate_hz = 0;
  std::vector<float> samples;  // of the first channel

  double seconds() const {
    return static_cast<double>(samples.size()) / rate_hz;
  }
};

Sound Read(const std::string& path) {
  Sound sound;
  SF_INFO info = {};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) {
    ADD_FAILURE() << path << ": " << sf_strerror(nullptr);
    return sound;
  }
  sound.rate_hz = info.samplerate;
  std::vector<float> frame(static_cast<size_t>(info.channels));
  while (sf_readf_float(file, frame.data(), 1) == 1) {
    sound.samples.push_back(frame[0]);
  }
  sf_close(file);
  return sound;
}

// That it is the tone and nothing else: its level, and how far its phase jumps
// from one 50 ms to the next, in frames, at most.
void ExpectTone(const Sound& sound) {
  ASSERT_EQ(sound.rate_hz, kRate);
  constexpr size_t kWindow = kRate / 20;  // 22 periods
  double phase_before = 0;
  for (size_t at = 0; at + kWindow <= sound.samples.size(); at += kWindow) {
    double re = 0;
    double im = 0;
    for (size_t i = at; i < at + kWindow; ++i) {
      const double angle = 2 * M_PI * kTone * static_cast<double>(i) / kRate;
      re += sound.samples[i] * std::cos(angle);
      im += sound.samples[i] * std::sin(angle);
    }
    const double level = 2 * std::hypot(re, im) / kWindow;
    const double phase = std::atan2(im, re);
    const double jump =
        at == 0 ? 0 : std::remainder(phase - phase_before, 2 * M_PI);
    ASSERT_NEAR(level, kLevel, 0.01) << "at " << at;
    ASSERT_LT(std::abs(jump) / (2 * M_PI * kTone) * kRate, 0.5) << "at " << at;
    phase_before = phase;
  }
}

class ListenTest : public testing::Test {
 protected:
  ListenTest() {
    SF_INFO info = {};
    info.samplerate = kRate;
    info.channels = 2;
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    SNDFILE* file = sf_open(tone_.c_str(), SFM_WRITE, &info);
    for (int i = 0; i < kRate * kSeconds; ++i) {
      const auto sample =
          static_cast<float>(kLevel * std::sin(2 * M_PI * kTone * i / kRate));
      const float frame[] = {sample, sample};
      sf_writef_float(file, frame, 1);
    }
    sf_close(file);
    StartServer();
  }

  void StartServer() {
    server_.reset();
    server_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        "server/earshot-server", "--listen=" + address_,
        "--record=" + recordings_, "--record-min-free=0"});
    ASSERT_TRUE(server_->WaitForLine("server started")) << server_->log();
  }
  std::unique_ptr<ChildProcess> Earshot(std::vector<std::string> words) const {
    words.insert(words.begin(), "client/cli/earshot");
    words.insert(words.begin() + 2, "--server=" + address_);
    return std::make_unique<ChildProcess>(words);
  }
  std::unique_ptr<ChildProcess> Play(const std::string& codec) {
    auto play = Earshot({"play", "--vm=demo", "--codec=" + codec, tone_});
    EXPECT_TRUE(server_->WaitForLine("epoch began")) << play->log();
    return play;
  }
  // The only file there.
  std::string Recorded() const {
    std::string path;
    for (const auto& entry : std::filesystem::directory_iterator(recordings_)) {
      EXPECT_EQ(path, "") << "another one: " << entry.path();
      path = entry.path();
    }
    return path;
  }

  TemporaryFolder folder_;
  const std::string tone_ = folder_ / "tone.wav";
  const std::string recordings_ = folder_ / "recordings";
  const std::string address_ = "unix:" + (folder_ / "server.sock");
  std::unique_ptr<ChildProcess> server_;
};

TEST_F(ListenTest, FilesHoldTheToneWithoutAGap) {
  const auto play = Play("opus");
  std::vector<std::string> files;
  std::vector<std::unique_ptr<ChildProcess>> listeners;
  for (const char* name : {"a.opus", "a.wav", "a.flac"}) {
    files.push_back(folder_ / name);
    listeners.push_back(
        Earshot({"listen", "demo", "--output=" + files.back()}));
  }
  EXPECT_EQ(play->Wait(), 0) << play->log();
  for (const auto& listener : listeners) {
    EXPECT_EQ(listener->Wait(), 0);  // with the stream
    EXPECT_THAT(listener->log(), HasSubstr("s written to"));
  }
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    const Sound heard = Read(file);
    EXPECT_GT(heard.seconds(), kSeconds - 2);
    ExpectTone(heard);
  }
  ASSERT_TRUE(server_->WaitForLine("recorded stream=")) << server_->log();
  EXPECT_THAT(Recorded(), HasSubstr("/demo-0-"));
  EXPECT_THAT(Recorded(), HasSubstr(".opus"));
  const Sound recorded = Read(Recorded());
  EXPECT_EQ(recorded.samples.size(), size_t{kRate * kSeconds});
  ExpectTone(recorded);
}

TEST_F(ListenTest, PcmIsKeptExactly) {
  const auto play = Play("pcm");
  const std::string ogg = folder_ / "a.opus";
  const auto refused = Earshot({"listen", "demo", "--output=" + ogg});
  const std::string flac = folder_ / "a.flac";
  const auto listener = Earshot({"listen", "demo", "--output=" + flac});
  EXPECT_EQ(refused->Wait(), 1);
  EXPECT_THAT(refused->log(), HasSubstr("the stream is PCM"));
  EXPECT_EQ(play->Wait(), 0);
  EXPECT_EQ(listener->Wait(), 0) << listener->log();
  ASSERT_TRUE(server_->WaitForLine("recorded stream=")) << server_->log();
  EXPECT_THAT(Recorded(), HasSubstr(".flac"));
  const Sound played = Read(tone_);
  EXPECT_EQ(Read(Recorded()).samples, played.samples);
  // A listener has the end of it.
  const Sound heard = Read(flac);
  ASSERT_LE(heard.samples.size(), played.samples.size());
  EXPECT_TRUE(std::equal(heard.samples.rbegin(), heard.samples.rend(),
                         played.samples.rbegin()));
}

TEST_F(ListenTest, ASinkPlaysItUntilItIsStopped) {
  const auto play = Play("opus");
  const auto listener = Earshot({"listen", "demo", "--sink=null"});
  EXPECT_EQ(play->Wait(), 0);
  EXPECT_TRUE(listener->WaitForLine("waits for the stream"));
  listener->Signal(SIGINT);
  EXPECT_EQ(listener->Wait(), 0);
  EXPECT_THAT(listener->log(),
              ContainsRegex("[234]\\.[0-9] s heard on null, [01] gap"));
}

TEST_F(ListenTest, ComesBackWithTheServer) {
  const auto play = Play("opus");
  const auto listener = Earshot({"listen", "demo", "--sink=null"});
  const auto once = Earshot({"listen", "demo", "--sink=null", "--once"});
  EXPECT_TRUE(play->Listen(milliseconds(700)));
  server_->Signal(SIGKILL);
  server_->Wait();
  StartServer();
  EXPECT_EQ(once->Wait(), 1);
  play->Wait();
  EXPECT_TRUE(listener->WaitForLine("the stream"));
  listener->Signal(SIGTERM);
  EXPECT_EQ(listener->Wait(), 0);
  EXPECT_THAT(listener->log(), HasSubstr("1 reconnects"));
}

TEST_F(ListenTest, SaysWhatIsWrong) {
  const auto unknown = Earshot({"listen", "nobody"});
  EXPECT_EQ(unknown->Wait(), 1);
  EXPECT_THAT(unknown->log(), HasSubstr("STREAM_NOT_FOUND"));
  const auto mp3 = Earshot({"listen", "demo", "--output=a.mp3"});
  EXPECT_EQ(mp3->Wait(), 2);
  EXPECT_THAT(mp3->log(), HasSubstr("must end in .opus, .wav or .flac"));
  const auto sink = Earshot({"listen", "demo", "--sink=wav:/tmp"});
  EXPECT_EQ(sink->Wait(), 2);
  const auto folder = Earshot({"listen", "demo", "--output=/nothing/a.wav"});
  EXPECT_EQ(folder->Wait(), 1);
  EXPECT_THAT(folder->log(), HasSubstr("cannot create /nothing/a.wav"));
}

// A folder that is gone costs the recording, and is said; the stream goes on.
TEST_F(ListenTest, ARecordingInTroubleIsShown) {
  std::filesystem::remove_all(recordings_);
  const auto play = Play("opus");
  EXPECT_TRUE(server_->WaitForLine("recording failed stream="));
  EXPECT_EQ(play->Wait(), 0) << play->log();  // all was played
}

// Real PulseAudio, whose null sink's monitor is what would be heard.
TEST_F(ListenTest, ASoundServerPlaysTheTone) {
  SoundServer sound;
  ASSERT_TRUE(sound.Start());
  const std::string monitor = folder_ / "monitor.f32";
  auto recorder = sound.Record(monitor);
  const auto play = Play("opus");
  const auto listener = Earshot({"listen", "demo", "--once"});
  EXPECT_EQ(play->Wait(), 0);
  EXPECT_EQ(listener->Wait(), 0);
  EXPECT_THAT(listener->log(), HasSubstr("s heard on pulse, "));
  recorder.reset();
  std::ifstream file(monitor, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  std::vector<float> stereo(bytes.size() / sizeof(float));
  std::memcpy(stereo.data(), bytes.data(), stereo.size() * sizeof(float));
  // How long the tone was there at its level.
  size_t there = 0;
  constexpr size_t kWindow = 2 * kRate / 100;
  for (size_t at = 0; at + kWindow <= stereo.size(); at += kWindow) {
    const float peak = *std::max_element(
        stereo.begin() + static_cast<ptrdiff_t>(at),
        stereo.begin() + static_cast<ptrdiff_t>(at + kWindow));
    if (std::abs(peak - kLevel) < 0.01) ++there;
  }
  EXPECT_GT(there, size_t{100 * kSeconds / 2});
}

}  // namespace
}  // namespace earshot
