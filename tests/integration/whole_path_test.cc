// Fake driver → vhost-user → earshot-device → gRPC → earshot-server → WAV, for
// formats × channels × periods × codecs. In real time, for that is what the
// sound takes.
#include <cstdio>
#include <memory>
#include <string>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/sound_guest.h"
#include "tests/integration/test_sound.h"

namespace earshot {
namespace {

// 0.5 s and a part of a period and of a packet.
constexpr int kFrames = 24000 + 77;
// Opus at 128 kb/s; what is measured lies well above (see RESULT snr_db).
constexpr double kMinSnrDb = 15;

using Case = std::tuple<SndFormat, int /*channels*/, int /*period*/>;

std::string Name(const Case& of, const char* codec) {
  const auto [format, channels, period] = of;
  const char* name = format == kSndFormatS16   ? "S16"
                     : format == kSndFormatS32 ? "S32"
                                               : "FLOAT";
  return std::string(codec) + "_" + name + "_" + std::to_string(channels) +
         "ch_" + std::to_string(period);
}

std::string CaseName(const testing::TestParamInfo<Case>& info) {
  return Name(info.param, "Play");
}

class WholePathTest : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    rig_ = new PlaybackRig;
    rig_->StartServer();
  }
  static void TearDownTestSuite() {
    delete rig_;
    rig_ = nullptr;
  }

  // Plays the sound of the case, and returns what the server recorded.
  Recording Play(const char* codec) {
    const auto [format, channels, period] = GetParam();
    sound_ = MakeTestSound(format, channels, kFrames);
    const std::string vm = Name(GetParam(), codec);
    const auto device =
        rig_->StartDevice(vm, {"--codec=" + std::string(codec)});
    EXPECT_TRUE(rig_->WaitForOpen(vm).ok()) << device->log();
    auto guest = SoundGuest::Connect(rig_->SocketPath(vm));
    EXPECT_TRUE(guest.ok()) << guest.status();
    if (!guest.ok()) return {};
    const SoundGuest::Params params = {
        .format = format,
        .channels = static_cast<uint8_t>(channels),
        .period_frames = period,
        .buffer_frames = 4 * period};
    const absl::Status played = (*guest)->Play(params, sound_.bytes);
    EXPECT_TRUE(played.ok()) << played;
    const auto stream = rig_->WaitForDrained(vm);
    EXPECT_TRUE(stream.ok()) << stream.status() << "\n" << device->log();
    if (!stream.ok()) return {};
    EXPECT_EQ(stream->produced_frames(), kFrames);
    EXPECT_EQ(stream->played_frames(), kFrames);
    EXPECT_EQ(stream->skipped_frames(), 0);
    underruns_ = stream->underruns();
    auto recording = rig_->OnlyRecording(vm);
    EXPECT_TRUE(recording.ok()) << recording.status();
    return recording.ok() ? *std::move(recording) : Recording();
  }

  static PlaybackRig* rig_;
  TestSound sound_;
  // Reported, not judged: how a busy machine keeps time is no property of the
  // code, and an underrun loses nothing.
  int64_t underruns_ = 0;
};

PlaybackRig* WholePathTest::rig_ = nullptr;

TEST_P(WholePathTest, PcmArrivesByteExact) {
  const Recording recording = Play("pcm");
  EXPECT_EQ(recording.channels, std::get<1>(GetParam()));
  EXPECT_EQ(recording.rate_hz, 48000);
  EXPECT_EQ(recording.frames(), kFrames);
  EXPECT_TRUE(recording.samples == sound_.expected);
}

TEST_P(WholePathTest, OpusArrivesFrameExact) {
  const Recording recording = Play("opus");
  EXPECT_EQ(recording.frames(), kFrames);
  int lag = -1;
  const double snr_db =
      SignalToNoise(sound_.expected, recording.samples, std::get<1>(GetParam()),
                    /*max_lag=*/240, &lag);
  EXPECT_EQ(lag, 0);
  EXPECT_GT(snr_db, kMinSnrDb);
  std::printf(
      "RESULT integration.%s frames=%d lag=%d snr_db=%.1f "
      "underruns=%d\n",
      Name(GetParam(), "opus").c_str(), static_cast<int>(recording.frames()),
      lag, snr_db, static_cast<int>(underruns_));
}

INSTANTIATE_TEST_SUITE_P(, WholePathTest,
                         testing::Combine(testing::Values(kSndFormatS16,
                                                          kSndFormatS32,
                                                          kSndFormatFloat),
                                          testing::Values(1, 2),
                                          testing::Values(128, 240, 480, 960)),
                         CaseName);

}  // namespace
}  // namespace earshot
