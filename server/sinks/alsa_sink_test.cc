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
#include <vector>

#include "server/sinks/sink_factory.h"
#include "server/sinks/sound_server.h"
#include "server/sinks/tone_source.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr int kRate = 48000;

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
               "pcm.server { type pulse }\n";
    setenv("ALSA_CONFIG_PATH", (folder_ + "/asound.conf").c_str(), 1);
  }

  void Start(const std::string& text) {
    auto factory = SinkFactory::Create(text);
    ASSERT_TRUE(factory.ok()) << factory.status();
    sink_ = factory->Make(SinkRequest());
    sink_->Start(&source_, std::chrono::steady_clock::now());
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
