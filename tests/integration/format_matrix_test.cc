// Fake driver → vhost-user → earshot-device → gRPC → earshot-server → WAV, for
// the formats × rates × channel counts that a device can offer. In real time,
// several guests at once.
//
// Each format meets each rate, and each of them each channel count; with
// FORMAT_MATRIX=all in the environment, every one meets every other.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "device/sound/pcm_params.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/channel_sweeps.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/sound_guest.h"

namespace earshot {
namespace {

// Two cores do eight streams of eight channels easily.
constexpr int kGuests = 6;
constexpr int kOpusRateHz = 48000;
// Opus at 64 kb/s a channel: what is measured lies above (see RESULT). It gives
// few bits to low frequency effects.
constexpr double kMinSnrDb = 27;
constexpr double kMinLowSnrDb = 20;

struct Case {
  PcmFormat format;
  PcmRate rate;
  int channels = 0;

  std::string Name() const {
    return std::string(format.name) + "_" + std::to_string(rate.hz) + "_" +
           std::to_string(channels) + "ch";
  }
  // A quarter of a second, and a part of a period and of a packet.
  int frames() const { return rate.hz / 4 + 77; }
};

std::vector<Case> Cases() {
  const char* const which = std::getenv("FORMAT_MATRIX");
  const bool all = which != nullptr && std::string(which) == "all";
  std::vector<Case> cases;
  int number = 0;
  for (const PcmFormat& format : PcmFormats()) {
    ++number;
    for (const PcmRate& rate : PcmRates()) {
      ++number;
      for (int channels = 1; channels <= kMostChannels; ++channels) {
        if (!all && number % kMostChannels + 1 != channels) continue;
        cases.push_back({format, rate, channels});
      }
    }
  }
  return cases;
}

bool OpusHas(int rate_hz) {
  return rate_hz == 8000 || rate_hz == 12000 || rate_hz == 16000 ||
         rate_hz == 24000 || rate_hz == kOpusRateHz;
}

// A guest at a device that offers everything, which plays one case after the
// other.
class MatrixGuest {
 public:
  MatrixGuest(const PlaybackRig& rig, const std::string& codec, int number)
      : rig_(rig),
        vm_(codec + std::to_string(number)),
        device_(rig.StartDevice(vm_, {"--codec=" + codec, "--formats=all",
                                      "--rates=all", "--channels=8"})) {}

  // What was recorded. An error says what went wrong.
  absl::StatusOr<Recording> Play(const Case& one) {
    if (guest_ == nullptr) {
      if (absl::Status s = rig_.WaitForOpen(vm_); !s.ok()) return s;
      auto guest = SoundGuest::Connect(rig_.SocketPath(vm_));
      if (!guest.ok()) return guest.status();
      guest_ = *std::move(guest);
    }
    const int period = one.rate.hz / 100;
    const std::vector<uint8_t> sound =
        ChannelSweeps(one.channels)
            .Guest(one.format, one.rate.hz, one.frames());
    const absl::Status played =
        guest_->Play({.format = one.format.code,
                      .channels = static_cast<uint8_t>(one.channels),
                      .rate = one.rate.code,
                      .period_frames = period,
                      .buffer_frames = 8 * period},
                     sound);
    if (!played.ok()) return played;
    const auto stream =
        rig_.WaitForStream(vm_, [this](const v1::Stream& stream) {
          return stream.epoch() > last_epoch_ &&
                 stream.state() == v1::STREAM_STATE_IDLE;
        });
    if (!stream.ok()) return stream.status();
    stream_ = *stream;
    last_epoch_ = stream_.epoch();
    // wav:FILE
    const std::string file = stream_.sink().substr(4);
    Recording recording = ReadRecording(file);
    std::filesystem::remove(file);
    device_->Listen(std::chrono::milliseconds(0));
    return recording;
  }

  const std::string& log() const { return device_->log(); }
  // What the server says of the last one.
  const v1::Stream& stream() const { return stream_; }

 private:
  const PlaybackRig& rig_;
  const std::string vm_;
  const std::unique_ptr<ChildProcess> device_;
  std::unique_ptr<SoundGuest> guest_;
  v1::Stream stream_;
  uint64_t last_epoch_ = 0;
};

// Plays one of the guests' share of the cases.
template <typename Judge>
void PlaySome(const PlaybackRig& rig, const std::string& codec,
              const std::vector<Case>& cases, size_t number, Judge judge) {
  MatrixGuest guest(rig, codec, static_cast<int>(number));
  for (size_t i = number; i < cases.size(); i += kGuests) {
    SCOPED_TRACE(cases[i].Name());
    const absl::StatusOr<Recording> recording = guest.Play(cases[i]);
    ASSERT_TRUE(recording.ok()) << recording.status() << "\n" << guest.log();
    ASSERT_EQ(recording->channels, cases[i].channels);
    EXPECT_EQ(guest.stream().skipped_frames(), 0);
    EXPECT_EQ(guest.stream().format().channels(), cases[i].channels);
    judge(cases[i], *recording, guest.stream());
  }
}

// Plays all cases, some at a time; `judge` is called in any thread.
template <typename Judge>
void PlayAll(const std::string& codec, Judge judge) {
  PlaybackRig rig;
  rig.StartServer();
  const std::vector<Case> cases = Cases();
  std::vector<std::thread> threads;
  std::atomic<int> playing = kGuests;
  for (int i = 0; i < kGuests; ++i) {
    threads.emplace_back([&, i] {
      PlaySome(rig, codec, cases, i, judge);
      --playing;
    });
  }
  while (playing > 0 && rig.server().Listen(std::chrono::milliseconds(100))) {
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("RESULT format_matrix.%s cases=%d\n", codec.c_str(),
              static_cast<int>(cases.size()));
}

// The worst of each kind of case.
class Worst {
 public:
  void Add(const std::string& kind, double snr_db) {
    const std::lock_guard lock(mutex_);
    const auto [at, is_new] = snr_db_.insert({kind, snr_db});
    if (!is_new) at->second = std::min(at->second, snr_db);
  }
  void Print() const {
    for (const auto& [kind, snr_db] : snr_db_) {
      std::printf("RESULT format_matrix.opus_%s worst_snr_db=%.1f\n",
                  kind.c_str(), snr_db);
    }
  }

 private:
  std::mutex mutex_;
  std::map<std::string, double> snr_db_;
};

TEST(FormatMatrixTest, PcmArrivesByteExact) {
  PlayAll("pcm", [](const Case& one, const Recording& recording,
                    const v1::Stream& stream) {
    EXPECT_EQ(recording.rate_hz, one.rate.hz);
    EXPECT_EQ(recording.frames(), one.frames());
    EXPECT_EQ(stream.guest_rate_hz(), 0);
    EXPECT_TRUE(recording.samples ==
                ChannelSweeps(one.channels)
                    .Lossless(one.format, one.rate.hz, one.frames()));
  });
}

TEST(FormatMatrixTest, OpusArrivesFrameExactOnTheRightChannels) {
  Worst worst;
  PlayAll("opus", [&worst](const Case& one, const Recording& recording,
                           const v1::Stream& stream) {
    const bool direct = OpusHas(one.rate.hz);
    const int rate_hz = direct ? one.rate.hz : kOpusRateHz;
    EXPECT_EQ(recording.rate_hz, rate_hz);
    EXPECT_EQ(stream.guest_rate_hz(), direct ? 0 : one.rate.hz);
    // Rounded up.
    EXPECT_EQ(
        recording.frames(),
        (int64_t{one.frames()} * rate_hz + one.rate.hz - 1) / one.rate.hz);
    const ChannelSweeps::Heard heard =
        ChannelSweeps(one.channels).Compare(recording);
    EXPECT_EQ(heard.channels_ok, one.channels);
    EXPECT_EQ(heard.lag_frames, 0);
    EXPECT_GT(heard.snr_db, kMinSnrDb);
    EXPECT_GT(heard.low_snr_db, kMinLowSnrDb);
    worst.Add("at_" + std::to_string(one.rate.hz), heard.snr_db);
    worst.Add(std::string("of_") + one.format.name, heard.snr_db);
    worst.Add("in_" + std::to_string(one.channels) + "ch", heard.snr_db);
    if (one.channels > 5) worst.Add("of_lfe", heard.low_snr_db);
  });
  worst.Print();
}

}  // namespace
}  // namespace earshot
