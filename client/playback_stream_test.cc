#include "client/playback_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "client/fake_playback_server.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using v1::PlayRequest;

class PlaybackStreamTest : public testing::Test,
                           private PlaybackStream::Listener {
 protected:
  PlaybackStreamTest()
      : server_("/tmp/earshot_stream_" + std::to_string(getpid())) {
    options_.stream = "vms/test/streams/0";
    options_.client = "test/1";
    options_.labels = {{"node", "n1"}};
    options_.backoff.initial = milliseconds(5);
    options_.backoff.cap = milliseconds(20);
    options_.call.clock = [] { return MonotonicTime(std::chrono::hours(1)); };
  }

  void Open() {
    stream_ = std::make_unique<PlaybackStream>(
        *ServerTargets::Create(server_.address()), io_.get_executor(), options_,
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

  int64_t QuietEnd() override { return 0; }
  void OnOpen(bool) override { ++opened_; }
  void OnLoss(const SendLog::Loss&) override {}
  void OnLost(const absl::Status& reason) override {
    ++lost_;
    reason_ = reason.ToString();
    if (on_lost_) on_lost_();
  }
  void OnProgress(const v1::Progress& progress) override {
    progress_ = progress;
  }
  void OnDrained(const v1::Drained& drained) override { drained_ = drained; }

  boost::asio::io_context io_;
  FakePlaybackServer server_;
  PlaybackStream::Options options_;
  int opened_ = 0;
  int lost_ = 0;
  std::string reason_;
  std::function<void()> on_lost_;
  v1::Progress progress_;
  v1::Drained drained_;
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
  server_.set_read(false);
  server_.Listen();
  Open();
  ASSERT_TRUE(UntilOpen());
  Begin(1);
  // What no credit bounds: a source that starts and stops all the time.
  for (int i = 0; i < 40000; ++i) {
    stream_->SetPaused(true, MonotonicTime());
    stream_->SetPaused(false, MonotonicTime());
  }
  ASSERT_TRUE(UntilLost(1));
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
