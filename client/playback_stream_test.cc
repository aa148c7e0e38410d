#include "client/playback_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/fake_playback_server.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using v1::PlayRequest;

class PlaybackStreamTest : public testing::Test,
                           private PlaybackStream::Listener {
 protected:
  PlaybackStreamTest() {
    options_.stream = "vms/test/streams/0";
    options_.client = "test/1";
    options_.labels = {{"node", "n1"}};
    options_.backoff.initial = milliseconds(5);
    options_.backoff.cap = options_.backoff.idle_cap = milliseconds(20);
    options_.call.clock = [] { return MonotonicTime(std::chrono::hours(1)); };
  }

  void Open() {
    stream_ = std::make_unique<PlaybackStream>(
        *ServerTargets::Create(servers_), io_.get_executor(), options_,
        static_cast<PlaybackStream::Listener&>(*this));
    stream_->Open();
  }
  [[nodiscard]] bool Until(const std::function<bool()>& condition) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io_.run_one_for(milliseconds(5));
    }
    return true;
  }
  // From now on the server says this to Open: a token, and nothing resumed.
  v1::Opened GivesAToken() {
    v1::Opened opened;
    opened.set_resume_token("t1");
    opened.mutable_limits()->set_initial_window_ms(200);
    server_.set_opened(opened);
    return opened;
  }
  [[nodiscard]] bool UntilOpen() {
    return Until([this] { return stream_->is_open(); });
  }
  [[nodiscard]] bool UntilLost(int times) {
    return Until([&] { return lost_ >= times; });
  }
  void Begin(uint64_t epoch) {
    v1::Begin begin;
    begin.set_epoch(epoch);
    begin.mutable_format()->set_rate_hz(48000);
    stream_->Begin(begin);
  }

  // Packets of 10 ms, from where the last ones ended.
  void Packets(int count) {
    const std::vector<uint8_t> payload(10, 42);
    for (int i = 0; i < count; ++i) {
      stream_->AddPacket({next_, 480, payload, 480, next_ == 0},
                         MonotonicTime());
      next_ += 480;
    }
  }
  // What a call heard of an epoch: where its packets and skips begin and end,
  // if they follow on each other.
  static std::pair<int64_t, int64_t> Range(
      const std::vector<PlayRequest>& requests) {
    std::optional<int64_t> first;
    int64_t end = 0;
    for (const PlayRequest& r : requests) {
      int64_t start = 0;
      int64_t count = 0;
      if (r.has_packet()) {
        start = r.packet().first_frame();
        count = r.packet().frame_count();
      } else if (r.has_skip()) {
        start = r.skip().first_frame();
        count = r.skip().frame_count();
      } else {
        continue;
      }
      if (!first) {
        first = end = start;
      }
      EXPECT_EQ(start, end);
      end = start + count;
    }
    return {first.value_or(-1), end};
  }
  static bool Says(const std::vector<PlayRequest>& requests,
                   PlayRequest::RequestCase what) {
    return std::any_of(
        requests.begin(), requests.end(),
        [&](const PlayRequest& r) { return r.request_case() == what; });
  }

  int64_t QuietEnd() override { return quiet_; }
  bool IsStale() override { return stale_; }
  void OnOpen(bool) override { ++opened_; }
  void OnLoss(const SendLog::Loss& loss) override { losses_.push_back(loss); }
  void OnLost(const absl::Status& reason) override {
    ++lost_;
    reason_ = reason.ToString();
    if (on_lost_) on_lost_();
  }
  void OnProgress(const v1::Progress& progress) override {
    progress_ = progress;
  }
  void OnDrained(const v1::Drained& drained) override { drained_ = drained; }
  void OnVolume() override { ++volumes_; }
  void SayVolume(FakePlaybackServer& server, double gain_db,
                 bool mute = false) {
    v1::PlayResponse response;
    response.mutable_volume()->set_gain_db(gain_db);
    response.mutable_volume()->set_mute(mute);
    server.Say(response);
  }
  void SayEcho(FakePlaybackServer& server, uint64_t ping_id) {
    v1::PlayResponse response;
    response.mutable_progress()->set_ping_id(ping_id);
    server.Say(response);
  }
  // The gains that a call was told, in dB.
  static std::vector<double> Gains(const std::vector<PlayRequest>& requests) {
    std::vector<double> gains;
    for (const PlayRequest& r : requests) {
      if (r.has_set_volume()) {
        gains.push_back(r.set_volume().volume().gain_db());
      }
    }
    return gains;
  }

  boost::asio::io_context io_;
  FakePlaybackServer server_;
  PlaybackStream::Options options_;
  int opened_ = 0;
  int lost_ = 0;
  int volumes_ = 0;
  std::string reason_;
  std::function<void()> on_lost_;
  v1::Progress progress_;
  v1::Drained drained_;
  std::vector<SendLog::Loss> losses_;
  int64_t next_ = 0;
  int64_t quiet_ = 0;
  bool stale_ = false;
  std::string servers_ = server_.address();
  std::unique_ptr<PlaybackStream> stream_;
};

TEST_F(PlaybackStreamTest, OpenSaysWhoWhatAndWhere) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  const v1::Open open = server_.requests()[0].open();
  EXPECT_EQ(open.stream(), "vms/test/streams/0");
  EXPECT_EQ(open.client(), "test/1");
  EXPECT_EQ(open.labels().at("node"), "n1");
  EXPECT_EQ(open.epoch(), 0u);
  EXPECT_EQ(open.resume_token(), "");
}

TEST_F(PlaybackStreamTest, TriesUntilTheServerIsThere) {
  Open();
  ASSERT_TRUE(UntilLost(3));
  EXPECT_EQ(stream_->failures(), 3);
  server_.Listen();
  ASSERT_TRUE(UntilOpen());
  EXPECT_EQ(stream_->failures(), 0);
}

TEST_F(PlaybackStreamTest, WhoBeginsToPlayDoesNotWaitAsLongAsWhoIdles) {
  options_.backoff.initial = options_.backoff.idle_cap = std::chrono::hours(1);
  Open();
  ASSERT_TRUE(UntilLost(1));
  server_.Listen();
  Begin(1);
  ASSERT_TRUE(UntilOpen());
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  stream_->SetPaused(true, MonotonicTime());
  ASSERT_TRUE(UntilLost(2));
  stream_->SetPaused(false, MonotonicTime());
  ASSERT_TRUE(UntilOpen());
}

TEST_F(PlaybackStreamTest, ManyMessagesKeepTheirOrder) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  const std::vector<uint8_t> payload(300, 42);
  for (int i = 0; i < 800; ++i) {
    stream_->AddPacket({i * 480, 480, payload}, MonotonicTime());
  }
  stream_->AddSilence(384000);
  stream_->AddSkip(394000, 577000, v1::Skip::REASON_OUTAGE);
  stream_->End(971000);
  // The initial window, and then what is granted, and nothing before it is.
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 22; }));
  EXPECT_EQ(stream_->granted(), 9600);
  EXPECT_FALSE(stream_->caught_up());
  server_.SayProgress(1, 400000, 9600, 0);
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 806; }));
  const auto requests = server_.requests();
  for (int i = 0; i < 800; ++i) {
    ASSERT_EQ(requests[i + 2].packet().first_frame(), i * 480);
    ASSERT_EQ(requests[i + 2].packet().payload().size(), 300u);
  }
  EXPECT_EQ(requests[802].silence().first_frame(), 384000);
  EXPECT_EQ(requests[803].skip().frame_count(), 577000);
  EXPECT_TRUE(requests[804].has_ping());
  EXPECT_EQ(requests[805].end().end_frame(), 971000);
  server_.SayDrained(1, 971000);
  ASSERT_TRUE(Until([&] { return drained_.played_frame() == 971000; }));
}

TEST_F(PlaybackStreamTest, AServerThatDoesNotReadLosesTheCall) {
  // Whatever the machine takes for so many messages.
  options_.call.heartbeat = options_.call.playing_heartbeat =
      std::chrono::minutes(1);
  server_.set_read(false);
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  // What no credit bounds: a source that starts and stops all the time.
  ASSERT_TRUE(Until([&] {
    for (int i = 0; i < 1000; ++i) {
      stream_->SetPaused(true, MonotonicTime());
      stream_->SetPaused(false, MonotonicTime());
    }
    // Each leaves handlers of cancelled timers.
    for (int i = 0; i < 10000 && lost_ == 0; ++i) io_.poll_one();
    return lost_ == 1;
  }));
  EXPECT_THAT(reason_, HasSubstr("does not read"));
  server_.set_read(true);
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
}

TEST_F(PlaybackStreamTest, GoesWhileItsTimerRings) {
  options_.call.heartbeat = milliseconds(1);
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  // The timer's handler is in the loop's queue behind the one that ends it all.
  std::this_thread::sleep_for(milliseconds(5));
  boost::asio::post(io_, [this] { stream_.reset(); });
  io_.poll();
}

TEST_F(PlaybackStreamTest, ARefusalComesWithItsReasonAndIsTriedAgain) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  server_.EndCall(
      grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams"));
  ASSERT_TRUE(UntilLost(1));
  EXPECT_EQ(reason_, "RESOURCE_EXHAUSTED: too many streams");
  ASSERT_TRUE(UntilOpen());
  EXPECT_EQ(server_.calls(), 2);
}

TEST_F(PlaybackStreamTest, ComesBackNoSoonerThanTheServerWants) {
  server_.Listen();
  server_.set_answer_open(false);
  options_.call.clock = std::chrono::steady_clock::now;
  Open();
  ASSERT_TRUE(Until([this] { return server_.calls() == 1; }));
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(300'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(retry);
  MonotonicTime now = std::chrono::steady_clock::now();
  server_.EndCall({grpc::StatusCode::UNAVAILABLE, "too much to do",
                   details.SerializeAsString()});
  ASSERT_TRUE(Until([this] { return server_.calls() == 2; }));
  EXPECT_GE(std::chrono::steady_clock::now() - now, milliseconds(300));
  // Who says nothing of it is asked again soon.
  now = std::chrono::steady_clock::now();
  server_.EndCall({grpc::StatusCode::UNAVAILABLE, "too much to do"});
  ASSERT_TRUE(Until([this] { return server_.calls() == 3; }));
  EXPECT_LT(std::chrono::steady_clock::now() - now, milliseconds(300));
}

TEST_F(PlaybackStreamTest, WhoRefusesUsIsAskedMoreAndMoreSeldom) {
  server_.Listen();
  server_.set_answer_open(false);
  options_.call.clock = std::chrono::steady_clock::now;
  options_.refused_backoff = {milliseconds(100), milliseconds(400),
                              milliseconds(400), 4, 0};
  Open();
  ASSERT_TRUE(Until([this] { return server_.calls() == 1; }));
  int calls = 1;
  for (const auto& [code, wait] :
       {std::pair(grpc::StatusCode::UNAUTHENTICATED, 100),
        std::pair(grpc::StatusCode::PERMISSION_DENIED, 400),
        std::pair(grpc::StatusCode::PERMISSION_DENIED, 400)}) {
    const MonotonicTime now = std::chrono::steady_clock::now();
    server_.EndCall({code, "no"});
    ++calls;
    ASSERT_TRUE(Until([&] { return server_.calls() == calls; }));
    EXPECT_GE(std::chrono::steady_clock::now() - now, milliseconds(wait - 5));
  }
}

TEST_F(PlaybackStreamTest, LeavesAServerThatDoesNotTakeTheCodec) {
  server_.Listen();
  server_.set_answer_open(false);
  Open();
  ASSERT_TRUE(Until([&] { return server_.calls() == 1; }));
  v1::PlayResponse response;
  response.mutable_opened()->mutable_limits()->add_codecs(v1::CODEC_PCM_S16LE);
  server_.Say(response);
  ASSERT_TRUE(UntilLost(1));
  EXPECT_THAT(reason_, HasSubstr("does not take CODEC_OPUS"));
  EXPECT_EQ(opened_, 0);
}

TEST_F(PlaybackStreamTest, LeavesAServerThatDoesNotAnswerOpen) {
  options_.call.open_patience = milliseconds(30);
  server_.Listen();
  server_.set_answer_open(false);
  Open();
  ASSERT_TRUE(UntilLost(2));
  EXPECT_THAT(reason_, HasSubstr("no answer to Open"));
}

TEST_F(PlaybackStreamTest, PingsASilentServerThenLeavesIt) {
  options_.call.heartbeat = milliseconds(50);
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilLost(1));
  EXPECT_THAT(reason_, HasSubstr("does not answer"));
  ASSERT_GE(server_.requests().size(), 1u);
}

TEST_F(PlaybackStreamTest, AServerThatAnswersPingsIsKept) {
  options_.call.heartbeat = milliseconds(50);
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  size_t pings = 0;
  ASSERT_TRUE(Until([&] {
    const auto requests = server_.requests();
    if (requests.size() > pings + 1) {
      ++pings;
      v1::PlayResponse response;
      response.mutable_progress()->set_ping_id(requests.back().ping().id());
      server_.Say(response);
    }
    return pings == 4 || lost_ > 0;
  }));
  EXPECT_EQ(lost_, 0);
}

TEST_F(PlaybackStreamTest, TheServerIsToldTheRoundTripAtOnce) {
  options_.call.clock = std::chrono::steady_clock::now;
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  ASSERT_TRUE(Until([&] { return server_.begin_ping() != 0; }));
  v1::PlayResponse response;
  response.mutable_progress()->set_ping_id(server_.begin_ping());
  server_.Say(response);
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 3; }));
  EXPECT_GT(server_.requests()[2].ping().round_trip_us(), 0);
}

TEST_F(PlaybackStreamTest, AnEchoOfWhatWasNotAskedCostsTheCall) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  v1::PlayResponse response;
  response.mutable_progress()->set_ping_id(4711);
  server_.Say(response);
  ASSERT_TRUE(UntilLost(1));
  EXPECT_THAT(reason_, HasSubstr("progress.ping_id"));
}

TEST_F(PlaybackStreamTest, WhatTheServerHasIsNotSaidAgain) {
  v1::Opened opened = GivesAToken();
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  Packets(10);
  stream_->SetPaused(true, MonotonicTime());
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kPause); }));
  opened.set_resumed(true);
  opened.set_received_epoch(1);
  opened.set_received_frame(2400);
  opened.set_resume_token("t2");
  server_.set_opened(opened);
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kPause); }));
  const auto requests = server_.requests();
  EXPECT_EQ(requests[0].open().resume_token(), "t1");
  EXPECT_FALSE(Says(requests, PlayRequest::kBegin));
  EXPECT_EQ(Range(requests), std::make_pair(int64_t{2400}, int64_t{4800}));
  EXPECT_TRUE(losses_.empty());
}

TEST_F(PlaybackStreamTest, WhatIsStaleIsNotSaid) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  Packets(5);
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 7; }));
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(UntilLost(1));
  Packets(5);
  EXPECT_EQ(stream_->end(), 4800);
  stale_ = true;
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  EXPECT_EQ(stream_->end(), 2400);
  EXPECT_TRUE(stream_->caught_up());
  stream_->AddSkip(2400, 100, v1::Skip::REASON_OUTAGE);
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kSkip); }));
  EXPECT_FALSE(Says(server_.requests(), PlayRequest::kPacket));
}

TEST_F(PlaybackStreamTest, ALieAboutWhatWasReceivedEndsInANewBeginning) {
  v1::Opened opened = GivesAToken();
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  Packets(10);
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 12; }));
  server_.SayProgress(1, 9600, 4800, 960);
  ASSERT_TRUE(Until([&] { return progress_.played_frame() == 960; }));
  opened.set_resumed(true);
  opened.set_received_epoch(1);
  opened.set_received_frame(1000000);
  server_.set_opened(opened);
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(UntilLost(2));
  EXPECT_THAT(reason_, HasSubstr("opened.received_frame"));
  opened.set_received_frame(4801);  // within a packet
  server_.set_opened(opened);
  // No token, so nothing can be resumed.
  ASSERT_TRUE(UntilLost(3));
  EXPECT_THAT(reason_, HasSubstr("opened.resumed"));
  EXPECT_EQ(server_.requests()[0].open().resume_token(), "");
  opened.set_resumed(false);
  server_.set_opened(opened);
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kPacket); }));
  // A tick after 960.
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 9; }));
  EXPECT_EQ(Range(server_.requests()),
            std::make_pair(int64_t{1440}, int64_t{4800}));
  ASSERT_EQ(losses_.size(), 1u);
  EXPECT_EQ(losses_[0].frames, 480);
}

TEST_F(PlaybackStreamTest, AServerThatMayHaveSomeOfThePreRollIsNotResumed) {
  v1::Opened opened = GivesAToken();
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  v1::Begin begin;
  begin.set_epoch(1);
  begin.mutable_format()->set_rate_hz(48000);
  begin.set_pre_skip_frames(120);
  stream_->Begin(begin);
  Packets(10);
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 12; }));
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  EXPECT_EQ(server_.requests()[0].open().resume_token(), "t1");
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kPacket); }));
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return opened_ == 3; }));
  EXPECT_EQ(server_.requests()[0].open().resume_token(), "");
}

TEST_F(PlaybackStreamTest, FailuresGoRoundTheTargets) {
  FakePlaybackServer other;
  other.Listen();
  servers_ = server_.address() + "," + other.address();
  Open();
  ASSERT_TRUE(UntilOpen());
  EXPECT_EQ(lost_, 1);
  EXPECT_EQ(other.calls(), 1);
  server_.Listen();
  // The one that has the stream is asked first.
  other.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  EXPECT_EQ(other.calls(), 2);
  other.Shutdown();
  ASSERT_TRUE(Until([&] { return opened_ == 3; }));
  EXPECT_EQ(server_.calls(), 1);
}

TEST_F(PlaybackStreamTest, GoesAwayBetweenTwoPackets) {
  FakePlaybackServer other;
  other.Listen();
  server_.Listen();
  servers_ = server_.address() + "," + other.address();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  Packets(5);
  server_.SayGoAway();
  ASSERT_TRUE(Until([&] { return stream_->going_away(); }));
  // The sound goes on at the old server until the new one has opened.
  for (int i = 0; i < 10; ++i) {
    io_.run_for(milliseconds(20));
    Packets(1);
  }
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  EXPECT_FALSE(stream_->going_away());
  stream_->End(next_);
  ASSERT_TRUE(Until([&] { return Says(other.requests(), PlayRequest::kEnd); }));
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kEnd); }));
  const int64_t cut = server_.requests().back().end().end_frame();
  EXPECT_GT(cut, 5 * 480);
  EXPECT_EQ(Range(server_.requests()), std::make_pair(int64_t{0}, cut));
  EXPECT_EQ(Range(other.requests()), std::make_pair(cut, next_));
  EXPECT_EQ(other.requests()[0].open().epoch(), 1u);
  EXPECT_EQ(other.requests()[0].open().next_frame(), cut);
  EXPECT_EQ(lost_, 0);
  for (const SendLog::Loss& loss : losses_) EXPECT_EQ(loss.frames, 0);
  // The old server's word on the epoch does not count.
  server_.SayDrained(1, cut);
  server_.EndCall(grpc::Status::OK);
  other.SayDrained(1, next_);
  ASSERT_TRUE(Until([&] { return drained_.epoch() == 1; }));
  EXPECT_EQ(drained_.played_frame(), next_);
  EXPECT_EQ(lost_, 0);
}

TEST_F(PlaybackStreamTest, APausedStreamAndAnIdleOneGoAwayAtOnce) {
  FakePlaybackServer other;
  other.Listen();
  server_.Listen();
  servers_ = server_.address() + "," + other.address();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  Packets(5);
  stream_->SetPaused(true, MonotonicTime());
  server_.SayGoAway();
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  ASSERT_TRUE(
      Until([&] { return Says(other.requests(), PlayRequest::kPause); }));
  EXPECT_EQ(other.requests()[0].open().next_frame(), 2400);
  stream_->End(2400);
  other.SayDrained(1, 2400);
  ASSERT_TRUE(Until([&] { return drained_.epoch() == 1; }));
  other.SayGoAway();
  ASSERT_TRUE(Until([&] { return opened_ == 3; }));
  EXPECT_EQ(server_.calls(), 2);
  EXPECT_EQ(server_.requests()[0].open().epoch(), 0u);
  EXPECT_EQ(lost_, 0);
}

TEST_F(PlaybackStreamTest, AServerThatNobodyCanTakeOverFromIsKept) {
  FakePlaybackServer other;
  server_.Listen();
  servers_ = server_.address() + "," + other.address();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  Packets(2);
  ASSERT_TRUE(Until([&] { return server_.requests().size() == 4; }));
  server_.set_answer_open(false);
  server_.SayGoAway();
  for (int i = 0; i < 10; ++i) {
    io_.run_for(milliseconds(20));
    Packets(1);
  }
  EXPECT_EQ(lost_, 0);
  stream_->End(next_);
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests_of(0), PlayRequest::kEnd); }));
  EXPECT_EQ(Range(server_.requests_of(0)), std::make_pair(int64_t{0}, next_));
}

TEST_F(PlaybackStreamTest, APingTellsHowLongSoundStaysHere) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  stream_->set_source_delay(milliseconds(15));
  Begin(1);
  ASSERT_TRUE(Until([&] { return server_.begin_ping() != 0; }));
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kPing); }));
  int64_t delay_us = 0;
  for (const PlayRequest& request : server_.requests()) {
    if (request.has_ping()) delay_us = request.ping().client_delay_us();
  }
  EXPECT_EQ(delay_us, 15000);
}

TEST_F(PlaybackStreamTest, TheVolumeIsOneStateWithTheServers) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  SayVolume(server_, -20);
  ASSERT_TRUE(Until([&] { return volumes_ == 1; }));
  EXPECT_EQ(stream_->volume().gain_db, -20);
  stream_->SetVolume({-3, false});
  stream_->SetVolume({-2, false});
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kPing); }));
  SayVolume(server_, -3);
  SayEcho(server_, server_.requests().back().ping().id());
  ASSERT_TRUE(Until([&] { return Gains(server_.requests()).size() == 2; }));
  EXPECT_EQ(Gains(server_.requests()), (std::vector<double>{-3, -2}));
  EXPECT_EQ(volumes_, 1);
  EXPECT_EQ(stream_->volume().gain_db, -2);
}

TEST_F(PlaybackStreamTest, AServerThatKnowsNothingIsToldTheVolumeFirst) {
  server_.Listen();
  Open();
  stream_->SetVolume({-6, true});
  Begin(1);
  ASSERT_TRUE(
      Until([&] { return Says(server_.requests(), PlayRequest::kBegin); }));
  SayVolume(server_, -6, true);
  SayEcho(server_, 1);
  ASSERT_TRUE(Until([&] { return progress_.ping_id() == 1; }));
  server_.EndCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "restart"));
  ASSERT_TRUE(Until([&] {
    return server_.calls() == 2 &&
           Says(server_.requests(), PlayRequest::kBegin);
  }));
  const std::vector<PlayRequest> requests = server_.requests();
  ASSERT_TRUE(requests[1].has_set_volume());
  EXPECT_EQ(requests[1].set_volume().volume().gain_db(), -6);
  EXPECT_TRUE(requests[1].set_volume().volume().mute());
}

TEST_F(PlaybackStreamTest, TheVolumeGoesAlongToAnotherServer) {
  FakePlaybackServer other;
  other.Listen();
  server_.Listen();
  servers_ = server_.address() + "," + other.address();
  Open();
  ASSERT_TRUE(UntilOpen());
  SayVolume(server_, -20);
  ASSERT_TRUE(Until([&] { return volumes_ == 1; }));
  server_.SayGoAway();
  ASSERT_TRUE(Until([&] { return opened_ == 2; }));
  ASSERT_TRUE(Until([&] { return !Gains(other.requests()).empty(); }));
  EXPECT_EQ(Gains(other.requests()), std::vector<double>{-20});
}

TEST_F(PlaybackStreamTest, MayBeDestroyedByTheNewsOfItsLoss) {
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  on_lost_ = [this] { stream_.reset(); };
  server_.EndCall(grpc::Status::OK);
  ASSERT_TRUE(UntilLost(1));
  EXPECT_EQ(stream_, nullptr);
}

TEST_F(PlaybackStreamTest, GoesAtAnyMoment) {
  server_.Listen();
  for (int i = 0; i < 50; ++i) {
    Open();
    if (i % 2 == 0) {
      ASSERT_TRUE(UntilOpen());
      Begin(1);
      stream_->AddPacket({0, 480, std::vector<uint8_t>(100)}, MonotonicTime());
      server_.SayProgress(1, 9600, 0, 0);
    }
    for (int turn = 0; turn < i % 5; ++turn) io_.poll_one();
    stream_.reset();
  }
}

}  // namespace
}  // namespace earshot
