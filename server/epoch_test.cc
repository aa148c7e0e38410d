#include "server/epoch.h"

#include <gtest/gtest.h>

#include <string>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int64_t kMs = 48;  // frames
constexpr int64_t kPacket = 10 * kMs;

// An epoch of PCM in virtual time, with a client that sends a packet every
// 10 ms and a sink that pulls.
class EpochTest : public testing::Test {
 protected:
  static EpochParams Params() {
    EpochParams params;
    params.epoch = 1;
    params.channels = 1;
    params.codec = MediaCodec::kPcmS16le;
    return params;
  }

  Refusal Packet(int64_t frames = kPacket) {
    const int64_t first = epoch_.taken_position();
    capture_ns_ += DurationOf(frames, 48000).count();
    return epoch_.AddPacket(first, frames,
                            std::string(static_cast<size_t>(frames) * 2, 'x'),
                            capture_ns_, now_);
  }

  void Pull(int64_t frames) {
    while (frames > 0) {
      const Epoch::Step step = epoch_.Next(frames, decoded_, now_);
      switch (step.kind) {
        case Epoch::Step::Kind::kNothing:
          return;
        case Epoch::Step::Kind::kDecode:
          decoded_ = step.frames;
          break;
        case Epoch::Step::Kind::kCopy:
          decoded_ -= step.frames;
          frames -= step.frames;
          break;
        case Epoch::Step::Kind::kZeros:
          frames -= step.frames;
          break;
        case Epoch::Step::Kind::kRestart:
          break;
      }
    }
  }

  // A packet every 10 ms, a pull every `chunk`; both at whole ms.
  void Run(milliseconds duration, milliseconds chunk = milliseconds(5),
           bool send = true) {
    for (milliseconds done(0); done < duration; done += milliseconds(1)) {
      now_ += milliseconds(1);
      const auto ms = now_.time_since_epoch() / milliseconds(1);
      if (send && ms % 10 == 3) {
        const Refusal refusal = Packet();
        ASSERT_TRUE(refusal.ok()) << refusal.message;
      }
      if (ms % chunk.count() == 0) Pull(chunk.count() * kMs);
    }
  }

  double MarginMs() const {
    const auto margin = epoch_.Margin(now_);
    return margin ? static_cast<double>(margin->count()) / 1e6 : -1000;
  }

  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
  PlayoutConfig config_;
  TargetMargin target_{config_.margin};
  MarginHistory margins_;
  Epoch epoch_{Params(), config_, &target_, &margins_, true, now_};
  int64_t decoded_ = 0;
  int64_t capture_ns_ = 1000000000;
};

TEST_F(EpochTest, PlaysOnceTheTargetAndAPacketAreHere) {
  ASSERT_TRUE(Packet().ok());
  ASSERT_TRUE(Packet().ok());
  Pull(5 * kMs);
  EXPECT_EQ(epoch_.state(), Epoch::State::kPriming);
  ASSERT_TRUE(Packet().ok());  // 20 ms and one packet
  Pull(5 * kMs);
  EXPECT_EQ(epoch_.state(), Epoch::State::kPlaying);
  EXPECT_EQ(epoch_.played_position(), 5 * kMs);
}

TEST_F(EpochTest, TheMarginIsTheSameHoweverTheSinkPulls) {
  Run(seconds(2), milliseconds(5));
  EXPECT_EQ(epoch_.state(), Epoch::State::kPlaying);
  const double margin_ms = MarginMs();
  EXPECT_GT(margin_ms, 10);
  for (const milliseconds chunk : {milliseconds(20), milliseconds(10)}) {
    Run(seconds(20), chunk);
    EXPECT_NEAR(MarginMs(), margin_ms, 0.1) << chunk.count();
  }
  EXPECT_EQ(epoch_.underruns().total(), 0);
}

TEST_F(EpochTest, ASteadyNetworkLeadsToTheFloor) {
  Run(seconds(20));
  EXPECT_EQ(target_.target(), milliseconds(10));
  EXPECT_EQ(target_.Reason(now_), "floor");
}

TEST_F(EpochTest, AnUnderrunTeachesTheTarget) {
  Run(seconds(20));
  Run(milliseconds(60), milliseconds(5), false);
  EXPECT_EQ(epoch_.state(), Epoch::State::kPriming);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Packet().ok());
  EXPECT_EQ(epoch_.underruns().network_late, 1);
  EXPECT_GT(target_.target(), milliseconds(50));
  EXPECT_NE(target_.Reason(now_).find("late"), std::string::npos);
}

TEST_F(EpochTest, AnOutageTeachesNothing) {
  Run(seconds(20));
  Run(seconds(2), milliseconds(5), false);
  ASSERT_TRUE(Packet().ok());
  EXPECT_EQ(epoch_.underruns().outage, 1);
  EXPECT_EQ(target_.target(), milliseconds(10));
}

TEST_F(EpochTest, ABrokenCallIsAnOutageHoweverShort) {
  Run(seconds(20));
  epoch_.CallLost();
  Run(milliseconds(60), milliseconds(5), false);
  epoch_.CallResumed(now_);
  ASSERT_TRUE(Packet().ok());
  EXPECT_EQ(epoch_.underruns().outage, 1);
  EXPECT_EQ(target_.target(), milliseconds(10));
}

TEST_F(EpochTest, AStarvedSourceIsToldByItsCaptureTimes) {
  Run(seconds(20));
  Run(milliseconds(60), milliseconds(5), false);
  capture_ns_ += nanoseconds(milliseconds(60)).count();
  ASSERT_TRUE(Packet().ok());
  EXPECT_EQ(epoch_.underruns().source_starved, 1);
}

TEST_F(EpochTest, ALatePullIsOverload) {
  Run(seconds(20));
  now_ += milliseconds(60);  // neither read nor played
  Pull(60 * kMs);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Packet().ok());
  EXPECT_EQ(epoch_.underruns().server_overload, 1);
  EXPECT_EQ(target_.target(), milliseconds(10));
}

TEST_F(EpochTest, APauseWhileDryIsNoUnderrun) {
  Run(seconds(2));
  Run(milliseconds(100), milliseconds(5), false);
  epoch_.Pause();
  now_ += seconds(5);
  epoch_.Resume(now_);
  Run(seconds(2));
  EXPECT_EQ(epoch_.underruns().total(), 0);
}

TEST_F(EpochTest, TheWindowGrowsWithTheRoundTripAndTheTarget) {
  EXPECT_EQ(epoch_.granted_position(), 600 * kMs);
  epoch_.SetRoundTrip(milliseconds(240));
  EXPECT_EQ(epoch_.window_frames(), (20 + 400 + 240) * kMs);
  EXPECT_EQ(epoch_.granted_position(), (20 + 400 + 240) * kMs);
  epoch_.SetRoundTrip(seconds(100));
  EXPECT_EQ(epoch_.window_frames(), (20 + 400 + 1000) * kMs);
  target_.AddLateness(seconds(2), now_);
  target_.AddLateness(seconds(2), now_ + seconds(10));
  EXPECT_EQ(epoch_.window_frames(), (500 + 400 + 1000) * kMs);
}

TEST_F(EpochTest, APreRollIsDroppedFirstThenThePreSkipAfterASkip) {
  EpochParams params = Params();
  params.first_frame = 48000;
  params.pre_roll_frames = 2 * kPacket;
  params.pre_skip_frames = 100;
  Epoch epoch(params, config_, &target_, &margins_, true, now_);
  const std::string payload(kPacket * 2, 'x');
  EXPECT_EQ(epoch.AddPacket(48000, 1, payload, 0, now_).reason,
            Reason::kBadFrameCount);
  ASSERT_TRUE(epoch.AddPacket(48000, 0, payload, 0, now_).ok());
  ASSERT_TRUE(epoch.AddPacket(48000, 0, payload, 0, now_).ok());
  ASSERT_TRUE(epoch.AddPacket(48000, kPacket, payload, 0, now_).ok());
  ASSERT_TRUE(
      epoch.AddSkip(48000 + kPacket, 1000, SkipReason::kOutage, now_).ok());
  EXPECT_EQ(epoch.AddPacket(49000 + kPacket, kPacket, payload, 0, now_).reason,
            Reason::kBadFrameCount);
  EXPECT_TRUE(
      epoch.AddPacket(49000 + kPacket, kPacket - 100, payload, 0, now_).ok());
}

TEST_F(EpochTest, OpenSilenceIsTakenOnlyAsFarAsItWasConfirmed) {
  ASSERT_TRUE(Packet().ok());
  ASSERT_TRUE(epoch_.AddSilence(kPacket, now_).ok());
  EXPECT_EQ(epoch_.taken_position(), kPacket);
  ASSERT_TRUE(epoch_.AddSilence(3 * kPacket, now_).ok());
  EXPECT_EQ(epoch_.taken_position(), 3 * kPacket);
}

TEST_F(EpochTest, WhatWasGrantedInSilenceMayBeSentAfterIt) {
  EpochParams params = Params();
  params.channels = 8;
  Epoch epoch(params, config_, &target_, &margins_, true, now_);
  ASSERT_TRUE(epoch.AddSilence(0, now_).ok());
  const int64_t granted = epoch.granted_position();
  EXPECT_GT(granted, epoch.window_frames() + 1200 * kMs);
  const std::string payload(kPacket * 2 * 8, 'x');
  for (int64_t at = 0; at + kPacket <= granted; at += kPacket) {
    const Refusal refusal = epoch.AddPacket(at, kPacket, payload, 0, now_);
    ASSERT_TRUE(refusal.ok()) << at << " " << refusal.message;
  }
  // And then it is as it always is.
  EXPECT_EQ(epoch.granted_position(), granted);
}

TEST_F(EpochTest, AnEpochThatWaitsTakesItsFloorWhenItsTurnComes) {
  EpochParams params = Params();
  params.low_latency = true;
  Epoch epoch(params, config_, &target_, &margins_, false, now_);
  Run(seconds(20));
  EXPECT_EQ(target_.target(), milliseconds(10));
  epoch.Activate(now_);
  target_.Update(now_);
  now_ += milliseconds(150);
  target_.Update(now_);
  EXPECT_LT(target_.target(), milliseconds(10));
}

}  // namespace
}  // namespace earshot
