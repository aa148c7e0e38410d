#include "client/remote_player.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/fake_playback_server.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using v1::PlayRequest;

// A player and a scripted server. The media's time is virtual; the loop only
// turns until something has come over the socket.
class RemotePlayerTest : public testing::Test {
 protected:
  void MakePlayer(AudioCodec codec = AudioCodec::kPcmS16Le,
                  bool low_latency = false) {
    RemotePlayer::Options options;
    options.server = server_.address();
    options.stream = "vms/test/streams/0";
    options.client = "test/1";
    options.codec.codec = codec;
    options.low_latency = low_latency;
    if (low_latency) options.codec.packet_us = 5000;
    options.clock = [this] { return now_; };
    auto player = RemotePlayer::Create(options, io_.get_executor());
    ASSERT_TRUE(player.ok()) << player.status();
    player_ = *std::move(player);
  }

  // Turns the loop until the condition holds.
  [[nodiscard]] bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io_.run_one_for(milliseconds(5));
    }
    return true;
  }
  [[nodiscard]] bool UntilConnected() {
    return Until([this] { return player_->stats().connected; });
  }

  // Without a known ring there is no FIFO: positions are those of the clock.
  void Prepare(int buffer_frames = 0) {
    PlayerFormat format;
    format.buffer_frames = buffer_frames;
    format.period_frames = 480;
    EXPECT_TRUE(player_->Prepare(format, now_).ok());
    queued_end_ = 0;
  }

  // A guest that keeps its queue filled, for so long.
  void Play(milliseconds time) {
    const MonotonicTime end = now_ + time;
    while (true) {
      const int64_t produced = player_->stats().produced;
      queued_end_ = produced + 4800;
      const int64_t due = player_->DuePosition(queued_end_, now_);
      WriteFrames(due - produced);
      const MonotonicTime next =
          player_->NextDue(player_->stats().produced + 480, now_);
      if (next > end) break;
      now_ = std::max(next, now_ + nanoseconds(1));
    }
    now_ = end;
    io_.poll();
  }
  // A Progress of the first epoch, after 50 ms of sound.
  void PlayWithError(int64_t error_us) {
    Play(milliseconds(50));
    const int64_t produced = player_->stats().produced;
    v1::PlayResponse response;
    v1::Progress& progress = *response.mutable_progress();
    progress.set_epoch(1);
    progress.set_granted_frame(produced + 14400);
    progress.set_received_frame(std::max<int64_t>(produced - 960, 0));
    progress.set_played_frame(progress.received_frame());
    progress.set_margin_error_us(error_us);
    progress.set_sink_latency_us(10000);
    server_.Say(response);
    ASSERT_TRUE(Until(
        [&] { return player_->stats().played == progress.played_frame(); }));
  }
  void WriteFrames(int64_t frames) {
    player_->Write(std::vector<float>(frames * 2, 0.25f), now_);
  }

  std::vector<PlayRequest> Heard(PlayRequest::RequestCase what) {
    std::vector<PlayRequest> result;
    for (const PlayRequest& request : server_.requests()) {
      if (request.request_case() == what) result.push_back(request);
    }
    return result;
  }
  [[nodiscard]] bool UntilHeard(PlayRequest::RequestCase what,
                                size_t count = 1) {
    return Until([&] { return Heard(what).size() >= count; });
  }
  // How far packets and skips go, if they follow on each other.
  int64_t HeardUpTo(int64_t from = 0) {
    int64_t position = from;
    for (const PlayRequest& request : server_.requests()) {
      if (request.has_packet()) {
        EXPECT_EQ(request.packet().first_frame(), position);
        position += request.packet().frame_count();
      } else if (request.has_skip()) {
        EXPECT_EQ(request.skip().first_frame(), position);
        position += request.skip().frame_count();
      }
    }
    return position;
  }

  MonotonicTime now_ = MonotonicTime(std::chrono::hours(1));
  boost::asio::io_context io_;
  FakePlaybackServer server_;
  std::unique_ptr<RemotePlayer> player_;
  int64_t queued_end_ = 0;
};

TEST_F(RemotePlayerTest, SaysWhatTheContractAsksForInItsOrder) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare(9600);
  player_->Start(now_);
  Play(milliseconds(100));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const auto heard = server_.requests();
  ASSERT_TRUE(heard[0].has_open());
  EXPECT_EQ(heard[0].open().stream(), "vms/test/streams/0");
  EXPECT_EQ(heard[0].open().client(), "test/1");
  ASSERT_TRUE(heard[1].has_begin());
  EXPECT_EQ(heard[1].begin().epoch(), 1u);
  EXPECT_EQ(heard[1].begin().codec(), v1::CODEC_PCM_S16LE);
  EXPECT_EQ(heard[1].begin().format().rate_hz(), 48000);
  EXPECT_EQ(heard[1].begin().guest_buffer_frames(), 9600);
  EXPECT_EQ(heard.back().end().end_frame(), 4800 + 480);
  EXPECT_EQ(HeardUpTo(), 4800 + 480);
}

TEST_F(RemotePlayerTest, FillsItsFifoAtTheStart) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare(9600);  // 10 ms
  player_->Start(now_);
  EXPECT_EQ(player_->DuePosition(9600, now_), 480);
  player_->Release(now_);
  Prepare(512);  // an eighth
  player_->Start(now_);
  EXPECT_EQ(player_->DuePosition(512, now_), 64);
  EXPECT_EQ(player_->DuePosition(512, now_ + milliseconds(1)), 64 + 48);
}

TEST_F(RemotePlayerTest, ProducesWithTheClockUpToTheInitialWindow) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  EXPECT_EQ(player_->NextDue(480, now_), MonotonicTime::max());
  player_->Start(now_);
  EXPECT_EQ(player_->DuePosition(4800, now_), 0);
  EXPECT_EQ(player_->NextDue(128, now_), now_ + nanoseconds(2666667));
  Play(milliseconds(150));
  EXPECT_EQ(player_->stats().produced, 7200);
  Play(milliseconds(100));
  EXPECT_EQ(player_->stats().produced, 9600);
  EXPECT_FALSE(player_->stats().free_run);
}

TEST_F(RemotePlayerTest, AGrantLetsTheClockGoOnFromWhereItWaited) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(250));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 20));
  int calls = 0;
  player_->set_on_due([&] { ++calls; });
  server_.SayProgress(1, 14400, 9600, 4800);
  ASSERT_TRUE(Until([&] { return calls > 0; }));
  EXPECT_EQ(player_->DuePosition(14400, now_), 9600);
  Play(milliseconds(10));
  EXPECT_EQ(player_->stats().produced, 10080);
  EXPECT_EQ(player_->stats().played, 4800);
  EXPECT_EQ(player_->stats().stalled, milliseconds(50));
  EXPECT_EQ(player_->stats().skipped, 0);
}

TEST_F(RemotePlayerTest, RunsFreeWhenTheStallBudgetIsUsedUp) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare(4800);  // a ring of 100 ms: 50 ms, and a FIFO of 10 ms
  player_->Start(now_);
  Play(milliseconds(239));
  EXPECT_FALSE(player_->stats().free_run);
  Play(milliseconds(101));
  EXPECT_TRUE(player_->stats().free_run);
  EXPECT_EQ(player_->stats().produced, 9600 + 4800);
  EXPECT_EQ(player_->stats().skipped, 4800);
  // The service is back: what was dropped is declared, and sound goes on.
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 20));
  server_.SayProgress(1, 9600 + 9600, 9600, 9600);
  ASSERT_TRUE(Until([&] { return !player_->stats().free_run; }));
  Play(milliseconds(100));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  ASSERT_EQ(Heard(PlayRequest::kSkip).size(), 1u);
  const v1::Skip skip = Heard(PlayRequest::kSkip)[0].skip();
  EXPECT_EQ(skip.reason(), v1::Skip::REASON_OUTAGE);
  EXPECT_EQ(skip.first_frame(), 9600);
  EXPECT_EQ(skip.frame_count(), 4800);
  EXPECT_EQ(HeardUpTo(), player_->stats().produced);
  EXPECT_EQ(player_->stats().produced, 9600 + 4800 + 4800);
}

TEST_F(RemotePlayerTest, AServerThatArrivesLateHearsTheRest) {
  MakePlayer();
  ASSERT_TRUE(Until([&] { return !player_->last_error().ok(); }));
  Prepare();
  player_->Start(now_);
  Play(seconds(3));
  EXPECT_TRUE(player_->stats().free_run);
  EXPECT_EQ(player_->stats().produced, 144000);
  EXPECT_EQ(player_->stats().free_runs, 1);
  server_.Listen();
  ASSERT_TRUE(UntilConnected());
  EXPECT_FALSE(player_->stats().free_run);
  Play(milliseconds(100));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(Heard(PlayRequest::kOpen)[0].open().next_frame(), 0);
  EXPECT_EQ(Heard(PlayRequest::kSkip)[0].skip().frame_count(), 144000);
  EXPECT_EQ(HeardUpTo(), 148800);
  EXPECT_EQ(Heard(PlayRequest::kEnd)[0].end().end_frame(), 148800);
  EXPECT_EQ(player_->stats().skipped, 144000);
}

TEST_F(RemotePlayerTest, NothingIsSentInABurstWhenTheServiceIsBack) {
  MakePlayer();
  ASSERT_TRUE(Until([&] { return !player_->last_error().ok(); }));
  Prepare();
  player_->Start(now_);
  Play(milliseconds(500));
  // A source with a long buffer, which is not asked for 150 ms.
  queued_end_ = player_->stats().produced + 9600;
  EXPECT_EQ(player_->DuePosition(queued_end_, now_), 24000);
  now_ += milliseconds(150);
  player_->set_on_due([&] {
    WriteFrames(player_->DuePosition(queued_end_, now_) -
                player_->stats().produced);
  });
  server_.Listen();
  ASSERT_TRUE(UntilConnected());
  ASSERT_TRUE(UntilHeard(PlayRequest::kSkip));
  EXPECT_EQ(Heard(PlayRequest::kSkip)[0].skip().frame_count(), 650 * 48);
  EXPECT_EQ(Heard(PlayRequest::kPacket).size(), 0u);
  player_->set_on_due(nullptr);
}

TEST_F(RemotePlayerTest, ASourceThatIsAskedLaterSendsNothingInABurstEither) {
  MakePlayer();
  ASSERT_TRUE(Until([&] { return !player_->last_error().ok(); }));
  Prepare();
  player_->Start(now_);
  Play(milliseconds(500));
  queued_end_ = player_->stats().produced + 9600;
  EXPECT_EQ(player_->DuePosition(queued_end_, now_), 24000);
  now_ += milliseconds(150);
  server_.Listen();
  ASSERT_TRUE(UntilConnected());
  // In pieces, as the guest's buffers come.
  while (player_->DuePosition(queued_end_, now_) > player_->stats().produced) {
    WriteFrames(480);
  }
  ASSERT_TRUE(UntilHeard(PlayRequest::kSkip));
  EXPECT_EQ(Heard(PlayRequest::kSkip)[0].skip().frame_count(), 650 * 48);
  EXPECT_FALSE(player_->stats().free_run);
  Play(milliseconds(20));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(Heard(PlayRequest::kPacket).size(), 2u);
  EXPECT_EQ(HeardUpTo(), player_->stats().produced);
  EXPECT_EQ(player_->stats().skipped, 650 * 48);
}

TEST_F(RemotePlayerTest,
       ASourceThatHadNothingLosesNothingWhenTheServiceIsBack) {
  MakePlayer();
  ASSERT_TRUE(Until([&] { return !player_->last_error().ok(); }));
  Prepare();
  player_->Start(now_);
  Play(milliseconds(500));
  WriteFrames(player_->DuePosition(24000, now_) - player_->stats().produced);
  now_ += seconds(5);
  server_.Listen();
  ASSERT_TRUE(UntilConnected());
  EXPECT_EQ(player_->DuePosition(34000, now_), 24000 + 960);
  WriteFrames(960);
  Play(milliseconds(20));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 2));
  EXPECT_EQ(Heard(PlayRequest::kSkip)[0].skip().frame_count(), 24000 + 960);
}

TEST_F(RemotePlayerTest, AnOutageChangesNothingUntilTheGrantIsUsedUp) {
  v1::Opened opened;
  opened.set_resume_token("t1");
  opened.mutable_limits()->set_initial_window_ms(200);
  server_.set_opened(opened);
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 10));
  server_.SayProgress(1, 14400, 4320, 960);
  ASSERT_TRUE(Until([&] { return player_->stats().received == 4320; }));
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return !player_->stats().connected; }));
  Play(milliseconds(150));
  EXPECT_EQ(player_->stats().produced, 4800 + 7200);
  // The same server: what it does not have follows, and then all else.
  opened.set_resumed(true);
  opened.set_received_epoch(1);
  opened.set_received_frame(4320);
  server_.set_opened(opened);
  ASSERT_TRUE(Until([&] { return server_.calls() == 2; }));
  ASSERT_TRUE(UntilConnected());
  Play(milliseconds(50));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(Heard(PlayRequest::kOpen)[0].open().resume_token(), "t1");
  EXPECT_EQ(Heard(PlayRequest::kBegin).size(), 0u);
  EXPECT_EQ(Heard(PlayRequest::kResume).size(), 1u);
  EXPECT_EQ(HeardUpTo(4320), 14400);
  EXPECT_EQ(player_->stats().skipped, 0);
  EXPECT_EQ(player_->stats().lost, 0);
  EXPECT_EQ(player_->stats().stalled, nanoseconds(0));
  EXPECT_EQ(player_->stats().free_runs, 0);
}

TEST_F(RemotePlayerTest, AServerThatKnowsNothingPlaysNothingTwice) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 10));
  server_.SayProgress(1, 14400, 4800, 960);
  ASSERT_TRUE(Until([&] { return player_->stats().received == 4800; }));
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  // What may have been played meanwhile, a tick, and the rest of a packet.
  now_ += milliseconds(20);
  ASSERT_TRUE(Until([&] { return server_.calls() == 2; }));
  ASSERT_TRUE(UntilConnected());
  EXPECT_EQ(player_->stats().lost, 2400 - 960);
  Play(milliseconds(100));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(Heard(PlayRequest::kOpen)[0].open().epoch(), 1u);
  EXPECT_EQ(Heard(PlayRequest::kOpen)[0].open().next_frame(), 2400);
  EXPECT_EQ(HeardUpTo(2400), player_->stats().produced);
  EXPECT_EQ(player_->stats().skipped, 0);
}

TEST_F(RemotePlayerTest, AnOutageBeyondWindowAndBudgetIsSkipped) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 10));
  server_.SayProgress(1, 9600, 4800, 4800);
  ASSERT_TRUE(Until([&] { return player_->stats().received == 4800; }));
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return !player_->stats().connected; }));
  Play(milliseconds(500));
  EXPECT_TRUE(player_->stats().free_run);
  const int64_t produced = player_->stats().produced;
  EXPECT_EQ(produced, 4800 + 420 * 48);
  ASSERT_TRUE(UntilConnected());
  Play(milliseconds(50));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(HeardUpTo(4800), player_->stats().produced);
  // What waited in the log is stale: it would stay as latency.
  const v1::Skip skip = Heard(PlayRequest::kSkip)[0].skip();
  EXPECT_EQ(skip.first_frame(), 4800);
  EXPECT_EQ(skip.frame_count(), produced - 4800);
  EXPECT_EQ(player_->stats().skipped, produced - 4800);
  EXPECT_EQ(player_->stats().lost, 0);
}

TEST_F(RemotePlayerTest, ALieCostsTheCallAndNotThePlayer) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(50));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 5));
  server_.SayProgress(1, 13920, 1000000, 0);
  ASSERT_TRUE(Until([&] { return !player_->stats().connected; }));
  EXPECT_THAT(player_->last_error().ToString(),
              testing::HasSubstr("progress.received_frame"));
  ASSERT_TRUE(Until([&] { return server_.calls() == 2; }));
  ASSERT_TRUE(UntilConnected());
}

TEST_F(RemotePlayerTest, ReleaseSendsWithinTheGrantAndDeclaresTheRest) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  WriteFrames(10000);
  EXPECT_EQ(player_->stats().produced, 14800);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const v1::Skip skip = Heard(PlayRequest::kSkip)[0].skip();
  EXPECT_EQ(skip.first_frame(), 9600);
  EXPECT_EQ(skip.frame_count(), 5200);
  EXPECT_EQ(skip.reason(), v1::Skip::REASON_RELEASE);
  EXPECT_EQ(Heard(PlayRequest::kEnd)[0].end().end_frame(), 14800);
  EXPECT_EQ(HeardUpTo(), 14800);
}

TEST_F(RemotePlayerTest, ASkipBeginsWhereAPartOfAPacketEnded) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 10));
  server_.SayProgress(1, 9700, 4800, 0);
  ASSERT_TRUE(Until([&] { return player_->stats().granted == 9700; }));
  WriteFrames(10000);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(Heard(PlayRequest::kSkip)[0].skip().first_frame(), 9700);
  EXPECT_EQ(HeardUpTo(), 14800);
}

TEST_F(RemotePlayerTest, TheNextEpochBeginsWhileTheLastOneDrains) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  player_->Release(now_);
  Prepare();
  player_->Start(now_);
  Play(milliseconds(20));
  ASSERT_TRUE(UntilHeard(PlayRequest::kBegin, 2));
  EXPECT_EQ(Heard(PlayRequest::kBegin)[1].begin().epoch(), 2u);
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 12));
  server_.SayProgress(1, 13920, 4800, 2400);
  server_.SayProgress(2, 9600, 960, 0);
  server_.SayDrained(1, 4800);
  ASSERT_TRUE(Until([&] { return player_->stats().received == 960; }));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd, 2));
  server_.SayDrained(2, 960);
  ASSERT_TRUE(Until([&] { return player_->stats().drained; }));
  EXPECT_EQ(player_->stats().played, 960);
  EXPECT_TRUE(player_->stats().connected);
}

TEST_F(RemotePlayerTest, TotalsGoOnOverEpochs) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  for (int64_t epoch = 1; epoch <= 3; ++epoch) {
    Prepare();
    player_->Start(now_);
    Play(milliseconds(100));
    EXPECT_EQ(player_->totals().epochs, epoch);
    EXPECT_EQ(player_->totals().produced, epoch * 4800);
    player_->Release(now_);
    EXPECT_EQ(player_->totals().produced, epoch * 4800);
  }
  server_.SayDrained(1, 4800);
  server_.SayDrained(2, 4800);
  server_.SayDrained(3, 4800);
  ASSERT_TRUE(Until([&] { return player_->totals().passed == 3 * 4800; }));
  const PlayerTotals totals = player_->totals();
  EXPECT_EQ(totals.produced, 3 * 4800);
  EXPECT_EQ(totals.packets, 30);
  EXPECT_EQ(totals.payload_bytes, 3 * 4800 * 4);
  EXPECT_EQ(totals.skipped, 0);
  EXPECT_EQ(totals.calls, 1);
  EXPECT_EQ(totals.calls_failed, 0);
}

TEST_F(RemotePlayerTest, EpochsThatTheServerDoesNotPlayDoNotPileUp) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  for (int i = 0; i < 500; ++i) {
    Prepare();
    player_->Start(now_);
    player_->Release(now_);
  }
  Prepare();
  player_->Start(now_);
  Play(milliseconds(400));
  EXPECT_TRUE(player_->stats().free_run);
  // A server takes 16 of them, and nothing is in those that follow.
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd, 16));
  server_.SayDrained(16, 0);
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 20));
  EXPECT_EQ(Heard(PlayRequest::kBegin).size(), 17u);
  EXPECT_EQ(Heard(PlayRequest::kBegin).back().begin().epoch(), 501u);
  server_.SayProgress(501, 19200, 9600, 0);
  ASSERT_TRUE(Until([&] { return !player_->stats().free_run; }));
  Play(milliseconds(100));
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd, 17));
  EXPECT_EQ(HeardUpTo(), player_->stats().produced);
}

TEST_F(RemotePlayerTest,
       ASourceThatIsAskedFromWithinOnOpenBeginsEachEpochOnce) {
  MakePlayer();
  ASSERT_TRUE(Until([&] { return !player_->last_error().ok(); }));
  Prepare();
  player_->Start(now_);
  Play(milliseconds(500));
  ASSERT_TRUE(player_->stats().free_run);
  bool once = false;
  player_->set_on_due([&] {
    if (once || !player_->stats().connected) return;
    once = true;
    player_->Release(now_);
    Prepare();
    player_->Start(now_);
  });
  server_.Listen();
  ASSERT_TRUE(UntilConnected());
  player_->set_on_due(nullptr);
  Play(milliseconds(50));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 5));
  ASSERT_EQ(Heard(PlayRequest::kBegin).size(), 2u);
  EXPECT_EQ(Heard(PlayRequest::kBegin)[1].begin().epoch(), 2u);
}

TEST_F(RemotePlayerTest, ATailThatLostItsServerIsPlayedByTheNext) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  EXPECT_FALSE(player_->stats().draining);
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 10));
  server_.SayProgress(1, 14400, 4800, 2400);
  ASSERT_TRUE(Until([&] { return player_->stats().played == 2400; }));
  player_->Release(now_);
  EXPECT_TRUE(player_->stats().draining);
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return server_.calls() == 2; }));
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  EXPECT_EQ(HeardUpTo(2880), 4800);
  EXPECT_EQ(player_->stats().lost, 480);
  server_.SayDrained(1, 4800);
  ASSERT_TRUE(Until([&] { return player_->stats().drained; }));
  EXPECT_FALSE(player_->stats().draining);
}

TEST_F(RemotePlayerTest, StopFreezesTheClockAndSaysPause) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(50));
  player_->Stop(now_);
  now_ += seconds(10);
  EXPECT_EQ(player_->DuePosition(9600, now_), 2400);
  EXPECT_EQ(player_->NextDue(2880, now_), MonotonicTime::max());
  player_->Start(now_);
  Play(milliseconds(50));
  EXPECT_EQ(player_->stats().produced, 4800);
  ASSERT_TRUE(UntilHeard(PlayRequest::kResume));
  EXPECT_EQ(Heard(PlayRequest::kPause).size(), 1u);
}

TEST_F(RemotePlayerTest, ALateSourceCatchesUpByTwentyMilliseconds) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  now_ += milliseconds(10);
  EXPECT_EQ(player_->DuePosition(480, now_), 480);
  WriteFrames(480);
  now_ += milliseconds(15);
  EXPECT_EQ(player_->DuePosition(480, now_), 480);
  // Late by 15 ms: made up for.
  EXPECT_EQ(player_->DuePosition(2400, now_), 1200);
  WriteFrames(720);
  // Late by a second: 20 ms are made up for.
  now_ += milliseconds(25);
  EXPECT_EQ(player_->DuePosition(2400, now_), 2400);
  WriteFrames(1200);
  now_ += seconds(1);
  EXPECT_EQ(player_->DuePosition(9600, now_), 2400 + 960);
}

TEST_F(RemotePlayerTest, AnEpochThatNeverStartedIsNotSpokenOf) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  WriteFrames(1000);
  player_->Release(now_);
  Prepare();
  player_->Start(now_);
  Play(milliseconds(20));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket));
  EXPECT_EQ(Heard(PlayRequest::kBegin).size(), 1u);
  EXPECT_EQ(Heard(PlayRequest::kBegin)[0].begin().epoch(), 2u);
}

TEST_F(RemotePlayerTest, DelayIsWhatIsProducedAndNotPlayed) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 10));
  server_.SayProgress(1, 13920, 4800, 960);
  ASSERT_TRUE(Until([&] { return player_->stats().played == 960; }));
  EXPECT_EQ(player_->DelayFrames(now_), 3840);
  // The server plays on between its reports.
  EXPECT_EQ(player_->DelayFrames(now_ + milliseconds(10)), 3360);
}

TEST_F(RemotePlayerTest, DelayIsTheSameInSilenceThoughReportsAreRare) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  player_->Write(std::vector<float>(4800 * 2), now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kSilence));
  server_.SayProgress(1, 96000, 8640, 8640);
  ASSERT_TRUE(Until([&] { return player_->stats().played == 8640; }));
  EXPECT_EQ(player_->DelayFrames(now_), 960);
  now_ += seconds(1);
  player_->Write(std::vector<float>(48000 * 2), now_);
  EXPECT_EQ(player_->DelayFrames(now_), 960);
}

TEST_F(RemotePlayerTest, TheSinksOwnLatencyIsDelay) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(50));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 5));
  PlayWithError(0);
  EXPECT_EQ(player_->DelayFrames(now_), 960 + 480);
}

TEST_F(RemotePlayerTest, TheMarginErrorSteersTheClockWhileItIsKnown) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(50));
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 5));
  for (int i = 0; i < 20; ++i) PlayWithError(-4000);
  // Packets come late: faster.
  const double ppm = player_->stats().clock_ppm;
  EXPECT_GT(ppm, 10);
  EXPECT_EQ(player_->stats().margin_error_us, -4000);
  // What is left is the drift that was learned.
  player_->Stop(now_);
  const double drift = player_->stats().clock_ppm;
  EXPECT_LT(drift, ppm / 2);
  EXPECT_GT(drift, 0);
  // An hour of standing still teaches nothing.
  now_ += std::chrono::hours(1);
  player_->Start(now_);
  PlayWithError(-4000);
  EXPECT_LT(player_->stats().clock_ppm, ppm * 1.5);
  // Another server has another clock.
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return !player_->stats().connected; }));
  EXPECT_GT(player_->stats().clock_ppm, 0);
  ASSERT_TRUE(UntilConnected());
  EXPECT_EQ(player_->stats().clock_ppm, 0);
}

TEST_F(RemotePlayerTest, LowLatencyIsSaidAndHasAShorterFifo) {
  server_.Listen();
  MakePlayer(AudioCodec::kOpus, true);
  ASSERT_TRUE(UntilConnected());
  Prepare(9600);
  player_->Start(now_);
  EXPECT_EQ(player_->DuePosition(9600, now_), 240);
  ASSERT_TRUE(UntilHeard(PlayRequest::kBegin));
  EXPECT_TRUE(Heard(PlayRequest::kBegin)[0].begin().low_latency());
}

TEST_F(RemotePlayerTest, WhatIsDiscardedIsDeclaredAtTheEnd) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  player_->Stop(now_);
  player_->Discard(480, now_);
  player_->Discard(480, now_);
  player_->Release(now_);
  ASSERT_TRUE(UntilHeard(PlayRequest::kEnd));
  const v1::Skip skip = Heard(PlayRequest::kSkip)[0].skip();
  EXPECT_EQ(skip.first_frame(), 4800);
  EXPECT_EQ(skip.frame_count(), 960);
  EXPECT_EQ(skip.reason(), v1::Skip::REASON_RELEASE);
  EXPECT_EQ(player_->stats().skipped, 960);
}

TEST_F(RemotePlayerTest, WhatIsSkippedIsNoDelay) {
  MakePlayer();
  ASSERT_TRUE(Until([&] { return !player_->last_error().ok(); }));
  Prepare();
  player_->Start(now_);
  Play(std::chrono::seconds(3));
  server_.Listen();
  ASSERT_TRUE(UntilConnected());
  Play(milliseconds(40));
  EXPECT_EQ(player_->DelayFrames(now_), 1920);
  ASSERT_TRUE(UntilHeard(PlayRequest::kPacket, 4));
  server_.SayProgress(1, 160000, 144000 + 1920, 144000 + 480);
  ASSERT_TRUE(Until([&] { return player_->stats().played > 0; }));
  EXPECT_EQ(player_->DelayFrames(now_), 1440);
}

TEST_F(RemotePlayerTest, AFormatThatTheCodecDoesNotTakeRunsFree) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  PlayerFormat format;
  format.rate_hz = 500;
  EXPECT_FALSE(player_->Prepare(format, now_).ok());
  player_->Start(now_);
  Play(seconds(2));
  EXPECT_TRUE(player_->stats().free_run);
  EXPECT_GT(player_->stats().produced, 450);
  player_->Release(now_);
}

TEST_F(RemotePlayerTest, GoAwayIsRememberedUntilTheCallEnds) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  v1::PlayResponse response;
  response.mutable_go_away()->set_reason(v1::GoAway::REASON_SHUTDOWN);
  server_.Say(response);
  ASSERT_TRUE(Until([&] { return player_->stats().going_away; }));
  EXPECT_TRUE(player_->stats().connected);
  server_.EndCall(grpc::Status::OK);
  ASSERT_TRUE(Until([&] { return server_.calls() == 2; }));
  ASSERT_TRUE(UntilConnected());
  EXPECT_FALSE(player_->stats().going_away);
}

TEST_F(RemotePlayerTest, GoesWhileItsCallIsOpen) {
  server_.Listen();
  MakePlayer();
  ASSERT_TRUE(UntilConnected());
  Prepare();
  player_->Start(now_);
  Play(milliseconds(100));
  server_.SayProgress(1, 13920, 0, 0);
  player_.reset();
  io_.poll();
}

TEST_F(RemotePlayerTest, RefusesOptionsAndSaysWhatIsAllowed) {
  RemotePlayer::Options options;
  options.server = "nowhere";
  EXPECT_THAT(
      RemotePlayer::Create(options, io_.get_executor()).status().ToString(),
      testing::HasSubstr("host:port or unix:/path"));
  options.server = "localhost:50051";
  options.codec.packet_us = 3;
  EXPECT_THAT(
      RemotePlayer::Create(options, io_.get_executor()).status().ToString(),
      testing::HasSubstr("2.5, 5, 10 or 20 ms"));
}

}  // namespace
}  // namespace earshot
