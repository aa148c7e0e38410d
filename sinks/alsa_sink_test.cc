// Against libasound's own PCMs, in real time: the kernel may have none.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sinks/sink_factory.h"
#include "sinks/sound_server.h"
#include "sinks/tone_source.h"

// libasound's null PCM does not free the channel map of its configuration.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libasound.so";
}

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr int kRate = 48000;

// Plays a level of its own in each channel.
class LevelSource : public SoundSource {
 public:
  explicit LevelSource(std::vector<float> levels)
      : levels_(std::move(levels)) {}

  PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime) override {
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = levels_[i % levels_.size()];
    }
    return {0, static_cast<int64_t>(out.size() / levels_.size())};
  }

 private:
  const std::vector<float> levels_;
};

class AlsaSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "/" + test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/asound.conf")
        << "pcm.nowhere { type null }\n"
           "pcm.s16 { type file slave.pcm { type null } file \"" +
               folder_ +
               "/s16\" format raw }\n"
               "pcm.server { type pulse }\n" +
               Mapped("two", "FL,FR") + Mapped("six", "FL,FR,RL,RR,FC,LFE") +
               // It has two channels, whatever it is asked for.
               "pcm.pair { type multi\n"
               " slaves.a { pcm \"s16\" channels 2 }\n"
               " bindings.0 { slave a channel 0 }\n"
               " bindings.1 { slave a channel 1 } }\n";
    setenv("ALSA_CONFIG_PATH", (folder_ + "/asound.conf").c_str(), 1);
  }

  // A PCM with such a channel map that takes anything, and writes it to a file
  // of its name.
  std::string Mapped(const std::string& name, const std::string& map) const {
    return "pcm." + name + " { type file slave.pcm { type null chmap [ \"" +
           map + "\" ] } file \"" + folder_ + "/" + name + "\" format raw }\n";
  }

  void Start(const std::string& text) { Start(text, LayoutOf(2), &source_); }

  void Start(const std::string& text, const ChannelLayout& layout,
             SoundSource* source) {
    auto factory = SinkFactory::Create(text);
    ASSERT_TRUE(factory.ok()) << factory.status();
    SinkRequest request;
    request.layout = layout;
    sink_ = factory->Make(request);
    sink_->Start(source, std::chrono::steady_clock::now());
  }

  // What a source of such a layout, with each channel at its level, makes of a
  // frame of the PCM that writes a file; nothing if they are not all the same.
  std::vector<float> FrameOf(const std::string& pcm, const std::string& file,
                             const ChannelLayout& layout,
                             const std::vector<float>& levels,
                             size_t channels) {
    LevelSource source(levels);
    Start("alsa:" + pcm, layout, &source);
    Play(milliseconds(100));
    EXPECT_EQ(sink_->problem(), "");
    sink_->Stop();
    std::vector<float> frame(channels);
    std::vector<float> next(channels);
    const auto bytes = static_cast<std::streamsize>(channels * sizeof(float));
    std::ifstream stream(folder_ + "/" + file, std::ios::binary);
    stream.read(reinterpret_cast<char*>(frame.data()), bytes);
    int frames = 0;
    for (; stream.read(reinterpret_cast<char*>(next.data()), bytes); ++frames) {
      if (next != frame) return {};
    }
    EXPECT_GT(frames, 2000);
    return frame;
  }

  void Play(milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      sink_->Tick(std::chrono::steady_clock::now());
      std::this_thread::sleep_for(milliseconds(5));
    }
  }

  double Pace(milliseconds time) {
    const int64_t before = source_.pulled_frames;
    const auto start = std::chrono::steady_clock::now();
    Play(time);
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    return static_cast<double>(source_.pulled_frames - before) / kRate /
           took.count();
  }

  std::string folder_;
  ToneSource source_{kRate, 2};
  std::unique_ptr<AudioSink> sink_;
};

TEST_F(AlsaSinkTest, WritesToAPcmWhatIsPulledAndNothingElse) {
  Start("alsa:s16");
  Play(milliseconds(500));
  EXPECT_EQ(sink_->problem(), "");
  EXPECT_EQ(sink_->description(), "alsa:s16");
  sink_->Stop();
  std::ifstream file(folder_ + "/s16", std::ios::binary);
  std::vector<float> heard;
  for (float sample; file.read(reinterpret_cast<char*>(&sample), 4);) {
    heard.push_back(sample);
  }
  ASSERT_GT(heard.size(), 20000u);
  EXPECT_LE(heard.size(), static_cast<size_t>(source_.pulled_frames) * 2);
  for (size_t i = 0; i < heard.size(); ++i) {
    ASSERT_EQ(heard[i], ToneSource::Sample(static_cast<int64_t>(i / 2), kRate));
  }
}

TEST_F(AlsaSinkTest, APcmWithoutAClockIsHeldToOurs) {
  Start("alsa:nowhere");
  Play(milliseconds(100));
  EXPECT_NEAR(Pace(milliseconds(1000)), 1.0, 0.05);
  EXPECT_EQ(sink_->problem(), "");
}

TEST_F(AlsaSinkTest, APcmThatIsNotThereIsAProblemAndNoMore) {
  Start("alsa:none");
  Play(milliseconds(100));
  EXPECT_NE(sink_->problem().find("ALSA's none: cannot open it: "),
            std::string::npos)
      << sink_->problem();
  EXPECT_NEAR(Pace(milliseconds(500)), 1.0, 0.1);
  const auto before = std::chrono::steady_clock::now();
  sink_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(200));
}

TEST_F(AlsaSinkTest, ChannelsComeInTheOrderOfTheCard) {
  using P = ChannelPosition;
  EXPECT_EQ(FrameOf("six", "six",
                    {P::kFrontLeft, P::kFrontCenter, P::kFrontRight,
                     P::kRearLeft, P::kRearRight, P::kLowFrequency},
                    {.1f, .2f, .3f, .4f, .5f, .6f}, 6),
            (std::vector<float>{.1f, .3f, .4f, .5f, .2f, .6f}));
}

TEST_F(AlsaSinkTest, ACardWithMoreLoudspeakersThanChannelsPlaysThem) {
  using P = ChannelPosition;
  EXPECT_EQ(
      FrameOf("six", "six", {P::kFrontLeft, P::kFrontCenter, P::kFrontRight},
              {.1f, .2f, .3f}, 6),
      (std::vector<float>{.1f, .3f, 0, 0, .2f, 0}));
}

// "two" takes any number of channels, as "default" does.
TEST_F(AlsaSinkTest, ACardOfTwoLoudspeakersGetsADownmix) {
  using P = ChannelPosition;
  const std::vector<float> frame =
      FrameOf("two", "two", {P::kFrontLeft, P::kFrontRight, P::kFrontCenter},
              {.5f, -.5f, .25f}, 2);
  ASSERT_EQ(frame.size(), 2u);
  const float third = std::sqrt(0.5f);
  EXPECT_NEAR(frame[0], (.5f + third * .25f) / (1 + third), 1e-6);
  EXPECT_NEAR(frame[1], (-.5f + third * .25f) / (1 + third), 1e-6);
}

TEST_F(AlsaSinkTest, MonoIsHeardOnBothSidesOfACardWithoutIt) {
  EXPECT_EQ(FrameOf("two", "two", LayoutOf(1), {.25f}, 2),
            (std::vector<float>{.25f, .25f}));
}

TEST_F(AlsaSinkTest, ACardWithoutAMapHasTheUsualOne) {
  EXPECT_EQ(FrameOf("pair", "s16", LayoutOf(1), {.25f}, 2),
            (std::vector<float>{.25f, .25f}));
}

TEST_F(AlsaSinkTest, PlaysThroughASoundServerAndOnWithoutIt) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  // Who listens wakes the null sink, which else is 2 s ahead of its time.
  const std::string file = server.folder() + "/heard";
  auto recorder = server.Record(file);
  Start("alsa:server");
  Play(milliseconds(2500));
  EXPECT_EQ(sink_->problem(), "");
  EXPECT_NEAR(Pace(milliseconds(1000)), 1.0, 0.1);
  recorder.reset();
  std::ifstream input(file, std::ios::binary);
  float loudest = 0;
  for (float sample; input.read(reinterpret_cast<char*>(&sample), 4);) {
    loudest = std::max(loudest, std::abs(sample));
  }
  EXPECT_NEAR(loudest, 0.5, 0.01);
  server.Kill();
  Play(milliseconds(300));
  EXPECT_NE(sink_->problem(), "");
  EXPECT_NEAR(Pace(milliseconds(500)), 1.0, 0.1);
  ASSERT_TRUE(server.Start());
  for (int i = 0; i < 60 && !sink_->problem().empty(); ++i) {
    Play(milliseconds(50));
  }
  EXPECT_EQ(sink_->problem(), "");
}

}  // namespace
}  // namespace earshot
