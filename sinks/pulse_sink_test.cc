// Against real sound servers, in real time.
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sinks/sink_factory.h"
#include "sinks/sound_server.h"
#include "sinks/tone_source.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr int kRate = 48000;

// What a recorder has heard on the left.
std::vector<float> Heard(const std::string& file) {
  std::ifstream input(file, std::ios::binary);
  std::vector<float> left;
  float frame[2];
  while (input.read(reinterpret_cast<char*>(frame), sizeof(frame))) {
    left.push_back(frame[0]);
  }
  return left;
}

struct Tone {
  double level = 0;         // root mean square
  double frequency_hz = 0;  // by its passages through zero
  int64_t silent = 0;       // frames of silence within it
  int64_t frames = 0;       // from its start to its end
};

Tone ToneIn(const std::vector<float>& heard) {
  Tone tone;
  size_t first = 0;
  size_t end = heard.size();
  while (first < end && std::abs(heard[first]) < 1e-3f) ++first;
  while (end > first && std::abs(heard[end - 1]) < 1e-3f) --end;
  tone.frames = static_cast<int64_t>(end - first);
  double power = 0;
  int64_t passages = 0;
  for (size_t i = first; i + 1 < end; ++i) {
    power += heard[i] * heard[i];
    if (heard[i] < 0 && heard[i + 1] >= 0) ++passages;
    if (heard[i] == 0 && heard[i + 1] == 0) ++tone.silent;
  }
  const double sounding = static_cast<double>(tone.frames - tone.silent);
  tone.level = std::sqrt(power / std::max(1.0, sounding));
  tone.frequency_hz =
      static_cast<double>(passages) * kRate / std::max(1.0, sounding);
  return tone;
}

// A source that holds its card up when it is told to.
class SlowSource : public ToneSource {
 public:
  using ToneSource::ToneSource;

  PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime now) override {
    std::this_thread::sleep_for(milliseconds(hold_up_ms.exchange(0)));
    return ToneSource::PlayOut(out, now);
  }

  std::atomic<int> hold_up_ms{0};
};

class PulseSinkTest : public testing::Test {
 protected:
  void Make(const std::string& text,
            CardLatency latency = CardLatency::kUsual) {
    if (factory_ == nullptr) {
      auto factory = SinkFactory::Create(text);
      ASSERT_TRUE(factory.ok()) << factory.status();
      factory_ = std::make_unique<SinkFactory>(*factory);
    }
    SinkRequest request;
    request.vm = "demo";
    request.stream = "0";
    request.latency = latency;
    sink_ = factory_->Make(request);
    sink_->Start(&source_, std::chrono::steady_clock::now());
  }

  // As a play-out thread does.
  void Play(milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      sink_->Tick(std::chrono::steady_clock::now());
      std::this_thread::sleep_for(milliseconds(5));
    }
  }

  // Whether the sink has, or has no, problem within some seconds.
  bool PlayUntilProblem(bool wanted) {
    for (int i = 0; i < 100 && sink_->problem().empty() == wanted; ++i) {
      Play(milliseconds(50));
    }
    return sink_->problem().empty() != wanted;
  }

  // The pace, as a part of what it should be.
  double Pace(milliseconds time) {
    const int64_t before = source_.pulled_frames;
    const auto start = std::chrono::steady_clock::now();
    Play(time);
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    return static_cast<double>(source_.pulled_frames - before) / kRate /
           took.count();
  }

  // Gaps of a machine with other things to do are allowed, few of them.
  void ExpectTone(SoundServer* server) {
    const std::string file = server->folder() + "/heard";
    auto recorder = server->Record(file);
    Play(milliseconds(2500));
    recorder.reset();
    const Tone tone = ToneIn(Heard(file));
    EXPECT_GT(tone.frames, 2 * kRate);
    EXPECT_NEAR(tone.level, 0.5 / std::sqrt(2.0), 0.01);
    EXPECT_NEAR(tone.frequency_hz, 1000, 10);
    EXPECT_LE(static_cast<double>(tone.silent),
              0.05 * static_cast<double>(tone.frames));
  }

  SlowSource source_{kRate, 2};
  std::unique_ptr<SinkFactory> factory_;
  std::unique_ptr<AudioSink> sink_;
};

TEST_F(PulseSinkTest, AToneIsHeardWithoutAGap) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  Make("pulse:test");
  Play(milliseconds(300));
  ExpectTone(&server);
  EXPECT_EQ(sink_->problem(), "");
  EXPECT_EQ(sink_->description(), "pulse:test");
  EXPECT_GT(sink_->latency(), milliseconds(2));
  EXPECT_LT(sink_->latency(), milliseconds(15));
  sink_->Stop();
}

TEST_F(PulseSinkTest, LowLatencyIsLower) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  Make("pulse", CardLatency::kLow);
  // Other load on the machine may disturb it for a while.
  auto low = [this] {
    return sink_->latency() > milliseconds(1) &&
           sink_->latency() < milliseconds(7);
  };
  for (int i = 0; i < 50 && !low(); ++i) Play(milliseconds(100));
  EXPECT_TRUE(low());
}

TEST_F(PulseSinkTest, KnowsItsLatencyThoughTheSoundServerRanDry) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  // Who listens wakes the null sink, which else is 2 s ahead of its time.
  const auto listener = server.Record(server.folder() + "/heard");
  Make("pulse", CardLatency::kLow);
  Play(milliseconds(300));
  for (int ms = 5; ms <= 50; ms += 5) {
    source_.hold_up_ms = ms;
    Play(milliseconds(100));
    EXPECT_GT(sink_->latency(), milliseconds(3));
    EXPECT_LT(sink_->latency(), milliseconds(8));
  }
}

TEST_F(PulseSinkTest, OneStreamIsNamedAfterTheVmAndOutlivesAnEpoch) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  // Who listens wakes the null sink, which else is 2 s ahead of its time.
  const auto listener = server.Record(server.folder() + "/heard");
  Make("pulse");
  Play(milliseconds(200));
  const std::string before = SoundServer::Ask("list short sink-inputs");
  const std::string inputs = SoundServer::Ask("list sink-inputs");
  for (const char* property :
       {"application.name = \"Earshot\"", "media.name = \"vms/demo/streams/0\"",
        "application.id = "
        "\"earshot/vms/demo/streams/0\""}) {
    EXPECT_NE(inputs.find(property), std::string::npos) << inputs;
  }
  SoundServer::Ask("set-sink-input-volume " +
                   before.substr(0, before.find('\t')) + " 50%");
  for (int epoch = 0; epoch < 3; ++epoch) {
    sink_->Stop();
    Make("pulse");
    const int64_t pulled = source_.pulled_frames;
    Play(milliseconds(100));
    EXPECT_GT(source_.pulled_frames, pulled);
    EXPECT_EQ(SoundServer::Ask("list short sink-inputs"), before);
  }
  EXPECT_NE(SoundServer::Ask("list sink-inputs").find(" 50% "),
            std::string::npos);
}

TEST_F(PulseSinkTest, TheSoundServerKnowsWhereChannelsStandAndRemixesThem) {
  using P = ChannelPosition;
  SoundServer server;
  ASSERT_TRUE(server.Start());
  const auto factory = SinkFactory::Create("pulse:test");
  ASSERT_TRUE(factory.ok());
  SinkRequest request;
  request.vm = "demo";
  request.stream = "0";
  request.layout = {P::kFrontLeft,   P::kFrontCenter, P::kFrontRight,
                    P::kSideLeft,    P::kSideRight,   P::kRearCenter,
                    P::kLowFrequency};
  ToneSource source(kRate, 7);
  sink_ = factory->Make(request);
  sink_->Start(&source, std::chrono::steady_clock::now());
  Play(milliseconds(300));
  EXPECT_NE(SoundServer::Ask("list sink-inputs")
                .find("Channel Map: front-left,front-center,front-right,"
                      "side-left,side-right,rear-center,lfe"),
            std::string::npos)
      << SoundServer::Ask("list sink-inputs");
  const std::string file = server.folder() + "/heard";
  auto recorder = server.Record(file);
  Play(milliseconds(1500));
  recorder.reset();
  // How much of each the server mixes is its affair.
  EXPECT_GT(ToneIn(Heard(file)).level, 0.1);
  EXPECT_EQ(sink_->problem(), "");
  sink_->Stop();
}

TEST_F(PulseSinkTest, PlaysOnWhenTheSoundServerRestarts) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  Make("pulse");
  Play(milliseconds(300));
  server.Kill();
  EXPECT_NEAR(Pace(milliseconds(500)), 1.0, 0.1);
  EXPECT_NE(sink_->problem().find("PulseAudio at unix:" + server.socket()),
            std::string::npos)
      << sink_->problem();
  EXPECT_NE(sink_->problem().find("; trying again"), std::string::npos);
  ASSERT_TRUE(server.Start());
  ASSERT_TRUE(PlayUntilProblem(false)) << sink_->problem();
  Play(milliseconds(300));
  ExpectTone(&server);
}

TEST_F(PulseSinkTest, PlaysOnWhileTheSoundServerHangs) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  Make("pulse");
  Play(milliseconds(300));
  server.program().Signal(SIGSTOP);
  EXPECT_TRUE(PlayUntilProblem(true));
  EXPECT_NEAR(Pace(milliseconds(500)), 1.0, 0.1);
  server.program().Signal(SIGCONT);
  EXPECT_TRUE(PlayUntilProblem(false)) << sink_->problem();
}

TEST_F(PulseSinkTest, PlaysToNobodyWithoutASoundServer) {
  SoundServer server;  // never started
  Make("pulse");
  EXPECT_NEAR(Pace(milliseconds(500)), 1.0, 0.1);
  EXPECT_EQ(sink_->problem(), "PulseAudio at unix:" + server.socket() +
                                  ": Connection refused; trying again");
  sink_->Stop();
}

TEST_F(PulseSinkTest, AnUnknownDeviceIsAProblemUntilItIsThere) {
  SoundServer server;
  ASSERT_TRUE(server.Start());
  Make("pulse:other");
  ASSERT_TRUE(PlayUntilProblem(true));
  EXPECT_NE(sink_->problem().find("sink other: No such entity"),
            std::string::npos)
      << sink_->problem();
  EXPECT_NEAR(Pace(milliseconds(300)), 1.0, 0.15);
  SoundServer::Ask("load-module module-null-sink sink_name=other");
  EXPECT_TRUE(PlayUntilProblem(false)) << sink_->problem();
}

TEST_F(PulseSinkTest, PlaysOnPipeWireToo) {
  SoundServer server(SoundServer::Kind::kPipeWire);
  ASSERT_TRUE(server.Start());
  Make("pulse:test");
  Play(milliseconds(500));
  ExpectTone(&server);
  EXPECT_EQ(sink_->problem(), "");
  EXPECT_GT(sink_->latency(), milliseconds(2));
  EXPECT_LT(sink_->latency(), milliseconds(60));
}

}  // namespace
}  // namespace earshot
