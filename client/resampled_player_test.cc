// RemotePlayer with sources whose rate the codec has not, and with more than
// two channels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opus/opus.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "client/channel_layout.h"
#include "client/fake_playback_server.h"
#include "client/remote_player.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using v1::PlayRequest;

constexpr int kRates[] = {11025, 22050, 32000,  44100, 64000,
                          88200, 96000, 176400, 192000};

int64_t InStream(int64_t frames, int rate_hz) {
  return (frames * 48000 + rate_hz - 1) / rate_hz;
}

// A player and a scripted server. The media's time is virtual; the loop only
// turns until something has come over the socket.
class ResampledPlayerTest : public testing::Test {
 protected:
  void MakePlayer(AudioCodec codec = AudioCodec::kOpus) {
    RemotePlayer::Options options;
    options.server = server_.address();
    options.stream = "vms/test/streams/0";
    options.client = "test/1";
    options.codec.codec = codec;
    options.clock = [this] { return now_; };
    auto player = RemotePlayer::Create(options, io_.get_executor());
    ASSERT_TRUE(player.ok()) << player.status();
    player_ = *std::move(player);
  }
  // A server that grants so much at once.
  void Connect(int initial_window_ms, AudioCodec codec = AudioCodec::kOpus) {
    v1::Opened opened;
    opened.set_resume_token("token");
    opened.mutable_limits()->set_initial_window_ms(initial_window_ms);
    server_.set_opened(opened);
    server_.Listen();
    MakePlayer(codec);
    ASSERT_TRUE(Until([this] { return player_->stats().connected; }));
  }

  [[nodiscard]] bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io_.run_one_for(milliseconds(5));
    }
    return true;
  }

  void Prepare(int rate_hz, int channels = 2) {
    rate_hz_ = rate_hz;
    channels_ = channels;
    phase_ = 0;
    PlayerFormat format;
    format.rate_hz = rate_hz;
    format.channels = channels;
    EXPECT_TRUE(player_->Prepare(format, now_).ok());
  }

  // A guest that keeps its queue filled, for so long.
  void Play(milliseconds time, float level = 0.5f) {
    const MonotonicTime end = now_ + time;
    std::minstd_rand random(1);
    while (true) {
      const int64_t produced = player_->stats().produced;
      const int64_t due =
          player_->DuePosition(produced + rate_hz_ / 10, now_) - produced;
      ASSERT_GE(due, 0);
      for (int64_t left = due; left > 0;) {
        const int64_t piece = std::min<int64_t>(left, 1 + random() % 700);
        WriteFrames(piece, level);
        left -= piece;
      }
      ++polls_;
      const int64_t period = rate_hz_ / 100;
      const MonotonicTime next =
          player_->NextDue(player_->stats().produced + period, now_);
      if (next > end) break;
      now_ = std::max(next, now_ + nanoseconds(1));
    }
    now_ = end;
    io_.poll();
  }

  static double ToneAt(double seconds, double level) {
    return level * std::sin(2 * M_PI * 1000 * seconds);
  }
  void WriteFrames(int64_t frames, float level = 0.5f) {
    std::vector<float> pcm;
    for (int64_t i = 0; i < frames; ++i, ++phase_) {
      pcm.insert(pcm.end(), channels_,
                 static_cast<float>(
                     ToneAt(static_cast<double>(phase_) / rate_hz_, level)));
    }
    player_->Write(pcm, now_);
  }

  [[nodiscard]] bool UntilHeard(PlayRequest::RequestCase what) {
    return Until([&] {
      for (const PlayRequest& request : server_.requests()) {
        if (request.request_case() == what) return true;
      }
      return false;
    });
  }
  // Whether the last of so many epochs has ended there.
  [[nodiscard]] bool UntilEnded(int64_t epochs, int64_t end) {
    return Until([&] {
      const auto heard = server_.requests();
      return epochs == std::count_if(heard.begin(), heard.end(),
                                     [](const PlayRequest& request) {
                                       return request.has_end();
                                     }) &&
             heard.back().has_end() && heard.back().end().end_frame() == end;
    });
  }
  PlayRequest Heard(PlayRequest::RequestCase what) {
    for (const PlayRequest& request : server_.requests()) {
      if (request.request_case() == what) return request;
    }
    ADD_FAILURE() << "not heard";
    return PlayRequest();
  }
  // How far packets, silence and skips go, if they follow on each other.
  int64_t HeardUpTo() {
    int64_t position = 0;
    bool silent = false;
    for (const PlayRequest& request : server_.requests()) {
      int64_t first = position;
      int64_t count = 0;
      if (request.has_packet()) {
        first = request.packet().first_frame();
        count = request.packet().frame_count();
      } else if (request.has_skip()) {
        first = request.skip().first_frame();
        count = request.skip().frame_count();
      } else if (request.has_end()) {
        first = request.end().end_frame();
      } else if (request.has_silence()) {
        first = request.silence().first_frame();
      } else {
        continue;
      }
      if (silent) {
        EXPECT_GE(first, position);
      } else {
        EXPECT_EQ(first, position);
      }
      silent = request.has_silence();
      position = first + count;
    }
    return position;
  }
  int64_t Skipped() {
    int64_t skipped = 0;
    for (const PlayRequest& request : server_.requests()) {
      if (request.has_skip()) skipped += request.skip().frame_count();
    }
    return skipped;
  }
  // What a server plays, of one channel.
  std::vector<float> Decoded(int64_t end, int channels) {
    int error = OPUS_OK;
    OpusDecoder* decoder = opus_decoder_create(48000, channels, &error);
    std::vector<float> out(end);
    std::vector<float> block(5760 * channels);
    int drop = Heard(PlayRequest::kBegin).begin().pre_skip_frames();
    for (const PlayRequest& request : server_.requests()) {
      if (!request.has_packet()) continue;
      const v1::Packet& packet = request.packet();
      const int decoded = opus_decode_float(
          decoder,
          reinterpret_cast<const unsigned char*>(packet.payload().data()),
          static_cast<int>(packet.payload().size()), block.data(), 5760, 0);
      EXPECT_GE(decoded, drop + packet.frame_count());
      for (int i = 0; i < packet.frame_count(); ++i) {
        out[packet.first_frame() + i] = block[(drop + i) * channels];
      }
      drop = 0;
    }
    opus_decoder_destroy(decoder);
    return out;
  }

  MonotonicTime now_ = MonotonicTime(std::chrono::hours(1));
  boost::asio::io_context io_;
  FakePlaybackServer server_;
  std::unique_ptr<RemotePlayer> player_;
  int rate_hz_ = 44100;
  int channels_ = 2;
  int64_t phase_ = 0;  // written
  int polls_ = 0;
};

TEST_F(ResampledPlayerTest, BeginSaysBothRates) {
  Connect(2000);
  Prepare(44100);
  player_->Start(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kBegin));
  const v1::Begin begin = Heard(PlayRequest::kBegin).begin();
  EXPECT_EQ(begin.format().rate_hz(), 48000);
  EXPECT_EQ(begin.guest_rate_hz(), 44100);
  EXPECT_THAT(begin.format().positions(), IsEmpty());
}

TEST_F(ResampledPlayerTest, TheCodecsOwnRatesGoDirectly) {
  for (AudioCodec codec : {AudioCodec::kOpus, AudioCodec::kPcmS16Le}) {
    const int rate = codec == AudioCodec::kOpus ? 24000 : 44100;
    Connect(2000, codec);
    Prepare(rate);
    player_->Start(now_);
    ASSERT_TRUE(UntilHeard(PlayRequest::kBegin));
    const v1::Begin begin = Heard(PlayRequest::kBegin).begin();
    EXPECT_EQ(begin.format().rate_hz(), rate);
    EXPECT_EQ(begin.guest_rate_hz(), 0);
    EXPECT_EQ(player_->DuePosition(1000, now_), 0);
    player_.reset();
    server_.Shutdown();
  }
}

class ResampledRates : public ResampledPlayerTest,
                       public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Hz, ResampledRates, testing::ValuesIn(kRates));

TEST_P(ResampledRates, EveryFrameIsPlayedWhereItBelongs) {
  const int rate = GetParam();
  Connect(2000);
  Prepare(rate);
  player_->Start(now_);
  Play(milliseconds(1003));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const int64_t total = player_->stats().produced;
  EXPECT_EQ(total, phase_);
  const int64_t end = InStream(total, rate);
  EXPECT_EQ(Heard(PlayRequest::kEnd).end().end_frame(), end);
  EXPECT_EQ(HeardUpTo(), end);
  EXPECT_EQ(Skipped(), 0);
  EXPECT_EQ(player_->stats().skipped, 0);
  EXPECT_EQ(player_->stats().sent, total);

  const std::vector<float> out = Decoded(end, 2);
  double signal = 0;
  double noise = 0;
  for (int64_t i = 2400; i < end - 2400; ++i) {
    const double want = ToneAt(static_cast<double>(i) / 48000, 0.5);
    signal += want * want;
    noise += (out[i] - want) * (out[i] - want);
  }
  EXPECT_GT(10 * std::log10(signal / noise), 20);

  server_.SayDrained(1, end);
  ASSERT_TRUE(Until([&] { return player_->stats().drained; }));
  EXPECT_EQ(player_->stats().played, total);
}

TEST_P(ResampledRates, TheClockRunsInTheSourcesFrames) {
  const int rate = GetParam();
  Connect(2000);
  Prepare(rate);
  player_->Start(now_);
  // What the resampler holds back leaves at once.
  const int64_t lead = player_->DuePosition(rate, now_);
  EXPECT_GT(lead, 0);
  EXPECT_LT(lead, rate < 20000 ? rate * 20 / 1000 : rate * 6 / 1000);
  EXPECT_EQ(player_->DuePosition(10, now_), 10);
  for (int part = 1; part <= 3; ++part) {
    Play(milliseconds(500));
    for (int again = 0; again < 5; ++again) {
      EXPECT_NEAR(player_->DuePosition(rate * 10, now_),
                  lead + int64_t{part} * rate / 2, 2 + rate / 48000);
      WriteFrames(player_->DuePosition(rate * 10, now_) -
                  player_->stats().produced);
    }
  }
  // A hundred periods a second, and as many packets: no busy loop.
  EXPECT_LT(polls_, 3 * 125);
}

TEST_F(ResampledPlayerTest, ASourcesBufferIsPassedWhenItIsSaid) {
  Connect(2000);
  for (int rate : kRates) {
    Prepare(rate);
    player_->Start(now_);
    for (int64_t head = 1; head < rate / 10; head += 97) {
      const MonotonicTime due = player_->NextDue(head, now_);
      now_ = std::max(now_, due);
      const int64_t position = player_->DuePosition(head, now_);
      if (position < head) {
        // A packet was full first.
        head -= 97;
      }
      WriteFrames(position - player_->stats().produced);
    }
  }
}

TEST_F(ResampledPlayerTest, SilenceIsDeclaredAndEnds) {
  Connect(2000);
  Prepare(44100);
  player_->Start(now_);
  Play(milliseconds(300));
  Play(milliseconds(1000), 0);
  ASSERT_TRUE(UntilHeard(PlayRequest::kSilence));
  EXPECT_LT(Heard(PlayRequest::kSilence).silence().first_frame(),
            14400 + 48 * 750);
  Play(milliseconds(300));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const int64_t end = InStream(player_->stats().produced, 44100);
  EXPECT_EQ(HeardUpTo(), end);
  const std::vector<float> out = Decoded(end, 2);
  EXPECT_GT(*std::max_element(out.end() - 9600, out.end()), 0.4f);
}

TEST_F(ResampledPlayerTest, StopKeepsThePosition) {
  Connect(2000);
  Prepare(44100);
  player_->Start(now_);
  Play(milliseconds(100));
  const int64_t produced = player_->stats().produced;
  player_->Stop(now_);
  now_ += seconds(10);
  EXPECT_EQ(player_->DuePosition(44100, now_), produced);
  EXPECT_EQ(player_->NextDue(44100, now_), MonotonicTime::max());
  player_->Start(now_);
  Play(milliseconds(100));
  EXPECT_NEAR(player_->stats().produced, produced + 4410, 480);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(HeardUpTo(), InStream(player_->stats().produced, 44100));
  EXPECT_EQ(player_->stats().skipped, 0);
}

TEST_F(ResampledPlayerTest, WaitsAtTheGrantWithoutLosingAFrame) {
  Connect(200);
  Prepare(44100);
  player_->Start(now_);
  Play(milliseconds(240));
  EXPECT_FALSE(player_->stats().free_run);
  EXPECT_NEAR(player_->stats().produced, 8820, 300);
  for (int64_t granted = 14400; granted <= 48000; granted += 4800) {
    server_.SayProgress(1, granted, granted - 9600, granted - 9600);
    ASSERT_TRUE(
        Until([&] { return player_->stats().granted == granted * 441 / 480; }));
    Play(milliseconds(110));
  }
  EXPECT_EQ(player_->stats().free_runs, 0);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(HeardUpTo(), InStream(player_->stats().produced, 44100));
}

TEST_F(ResampledPlayerTest, WhatAFlushHasBeyondTheGrantIsDeclared) {
  Connect(200);
  Prepare(44100);
  player_->Start(now_);
  Play(milliseconds(100));
  player_->Stop(now_);
  WriteFrames(100000);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const int64_t end = InStream(player_->stats().produced, 44100);
  EXPECT_EQ(player_->stats().produced, phase_);
  EXPECT_EQ(Heard(PlayRequest::kEnd).end().end_frame(), end);
  EXPECT_EQ(HeardUpTo(), end);
  // What was granted was sent, but for less than a frame of the source.
  EXPECT_NEAR(Skipped(), end - 9600, 2);
  EXPECT_NEAR(player_->stats().skipped, Skipped() * 441 / 480, 1);
}

TEST_F(ResampledPlayerTest, WhatIsDiscardedIsDeclaredExactly) {
  Connect(2000);
  Prepare(44100);
  player_->Start(now_);
  Play(milliseconds(100));
  player_->Stop(now_);
  const int64_t before = InStream(player_->stats().produced, 44100);
  player_->Discard(12345, now_);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const int64_t end = InStream(phase_ + 12345, 44100);
  EXPECT_EQ(player_->stats().produced, phase_ + 12345);
  EXPECT_EQ(HeardUpTo(), end);
  EXPECT_EQ(Skipped(), end - before);
}

TEST_F(ResampledPlayerTest, RunsFreeAndGoesOnInTime) {
  MakePlayer();
  ASSERT_TRUE(Until([&] { return !player_->last_error().ok(); }));
  Prepare(44100);
  player_->Start(now_);
  Play(seconds(3));
  EXPECT_TRUE(player_->stats().free_run);
  EXPECT_NEAR(player_->stats().produced, 3 * 44100, 600);
  v1::Opened opened;
  opened.set_resume_token("token");
  opened.mutable_limits()->set_initial_window_ms(1000);
  server_.set_opened(opened);
  server_.Listen();
  ASSERT_TRUE(Until([this] { return player_->stats().connected; }));
  Play(milliseconds(500));
  EXPECT_FALSE(player_->stats().free_run);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const int64_t end = InStream(player_->stats().produced, 44100);
  EXPECT_EQ(player_->stats().produced, phase_);
  EXPECT_EQ(HeardUpTo(), end);
  EXPECT_NEAR(Skipped(), 3 * 48000, 1000);
}

TEST_F(ResampledPlayerTest, TheDelayHoldsWhatTheResamplerHolds) {
  Connect(2000);
  Prepare(44100);
  player_->Start(now_);
  Play(milliseconds(200));
  // Nothing was said of the play-out: all that was written is still to be
  // heard.
  EXPECT_NEAR(player_->DelayFrames(now_), player_->stats().produced, 1);
}

TEST_F(ResampledPlayerTest, OneEpochAfterAnotherAtAnyRate) {
  Connect(2000);
  int64_t epoch = 0;
  for (int rate : {44100, 48000, 44100, 96000, 44100}) {
    Prepare(rate);
    player_->Start(now_);
    Play(milliseconds(50));
    player_->Release(now_);
    ++epoch;
    const int64_t end = InStream(player_->stats().produced, rate);
    ASSERT_TRUE(UntilEnded(epoch, end));
    server_.SayDrained(static_cast<uint64_t>(epoch), end);
    ASSERT_TRUE(Until([&] { return player_->stats().drained; }));
  }
}

TEST_F(ResampledPlayerTest, AShortSoundIsPlayedWhole) {
  Connect(2000);
  Prepare(44100);
  player_->Start(now_);
  WriteFrames(player_->DuePosition(7, now_));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(HeardUpTo(), 8);
}

TEST_F(ResampledPlayerTest, EveryNumberOfChannelsSaysItsPositions) {
  for (AudioCodec codec : {AudioCodec::kOpus, AudioCodec::kPcmS16Le}) {
    Connect(2000, codec);
    for (int channels = 1; channels <= 8; ++channels) {
      Prepare(44100, channels);
      player_->Start(now_);
      Play(milliseconds(50));
      player_->Release(now_);
      const int64_t end = codec == AudioCodec::kOpus
                              ? InStream(player_->stats().produced, 44100)
                              : player_->stats().produced;
      ASSERT_TRUE(UntilEnded(channels, end));
      v1::Begin begin;
      for (const PlayRequest& request : server_.requests()) {
        if (request.has_begin()) begin = request.begin();
      }
      EXPECT_EQ(begin.format().channels(), channels);
      ChannelPositions said;
      for (int position : begin.format().positions()) {
        said.push_back(static_cast<v1::ChannelPosition>(position));
      }
      EXPECT_EQ(said, channels <= 2                ? ChannelPositions()
                      : codec == AudioCodec::kOpus ? VorbisPositions(channels)
                                                   : AlsaPositions(channels));
      server_.SayDrained(static_cast<uint64_t>(channels), end);
      ASSERT_TRUE(Until([&] { return player_->stats().drained; }));
    }
    player_.reset();
    server_.Shutdown();
  }
}

}  // namespace
}  // namespace earshot
