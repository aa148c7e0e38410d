// A call is lost, and another one goes on.
#include <string>

#include "server/session.h"
#include "server/session_fixture.h"

namespace earshot {
namespace {

TEST_F(SessionTest, ASessionWaitsForItsClientAndPlaysWhatItHas) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  session_.CallLost(call_, kWait, now_);
  EXPECT_FALSE(session_.waits());
  EXPECT_EQ(session_.Stats(now_).state_reason,
            "the client is gone; waiting for it for 10 s more");
  Run(milliseconds(1500));
  ExpectRecorded(0, 0, 4800);
  EXPECT_TRUE(session_.waits());
  EXPECT_FALSE(session_.closed());
  EXPECT_THAT(session_.Stats(now_).state_reason,
              testing::StartsWith(
                  "the client is gone; waiting for it for 9 s more; underrun"));
}

TEST_F(SessionTest, AnotherCallGoesOnWhereTheFirstEnded) {
  ASSERT_TRUE(Begin(7).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  session_.CallLost(call_, kWait, now_);
  Run(milliseconds(50));
  const auto attachment = session_.Attach(7, now_);
  ASSERT_TRUE(attachment);
  EXPECT_TRUE(attachment->resumed);
  EXPECT_EQ(attachment->received_epoch, 7u);
  EXPECT_EQ(attachment->received_frame, 4800);
  EXPECT_FALSE(attachment->received_end);
  call_ = attachment->call;
  EXPECT_TRUE(session_.TakeProgress(call_, now_));  // at once
  Packets(4800, 9600);
  ASSERT_TRUE(session_.End(call_, 9600, now_).ok());
  Run(milliseconds(200));
  ExpectRecorded(0, 0, 9600);
  EXPECT_EQ(Stats().underruns.total(), 0);
  EXPECT_EQ(session_.Stats(now_).total.resumes, 1);
  EXPECT_EQ(session_.Stats(now_).total.epochs, 1);
}

TEST_F(SessionTest, TheOldCallIsNeitherHeardNorToldAnything) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 480);
  const uint64_t old = call_;
  call_ = session_.Attach(1, now_)->call;  // it was half-dead
  EXPECT_EQ(session_.AddPacket(old, 480, 480, Pcm(480, 480), 0, now_).reason,
            Reason::kTakenOver);
  EXPECT_EQ(session_.Ping(old, {1}).reason, Reason::kTakenOver);
  EXPECT_EQ(session_.End(old, 480, now_).reason, Reason::kTakenOver);
  EXPECT_FALSE(session_.TakeProgress(old, now_));
  session_.CallLost(old, kWait, now_);
  session_.CloseRequests(old, now_);
  EXPECT_TRUE(Packet(480).ok());
  EXPECT_TRUE(session_.TakeProgress(call_, now_));
}

TEST_F(SessionTest, InOpenSilenceOnlyWhatWasConfirmedIsReceived) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  ASSERT_TRUE(session_.AddSilence(call_, 2400, now_).ok());
  Run(milliseconds(500));
  EXPECT_EQ(session_.Attach(1, now_)->received_frame, 2400);
  call_ = 2;
  ASSERT_TRUE(session_.AddSilence(call_, 9600, now_).ok());
  EXPECT_EQ(session_.Attach(1, now_)->received_frame, 9600);
}

TEST_F(SessionTest, AnEndThatWasHeardIsKnownToTheNextCall) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 480);
  ASSERT_TRUE(session_.End(call_, 480, now_).ok());
  EXPECT_TRUE(session_.Attach(1, now_)->received_end);
  Run(milliseconds(50));
  const auto attachment = session_.Attach(1, now_);
  EXPECT_EQ(attachment->received_epoch, 1u);
  EXPECT_EQ(attachment->received_frame, 480);
  EXPECT_TRUE(attachment->received_end);
  call_ = attachment->call;
  EXPECT_EQ(Begin(1).reason, Reason::kEpochNotNewer);
  EXPECT_TRUE(Begin(2).ok());
}

TEST_F(SessionTest, DrainedIsToldAgainToAClientThatMayHaveMissedIt) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.End(call_, 0, now_).ok());
  Run(milliseconds(5));
  ASSERT_TRUE(session_.TakeDrained(call_));
  session_.CallLost(call_, kWait, now_);
  call_ = session_.Attach(1, now_)->call;
  EXPECT_TRUE(session_.ReportDue(now_));
  EXPECT_EQ(session_.TakeDrained(call_)->epoch, 1u);
  call_ = session_.Attach(0, now_)->call;
  EXPECT_FALSE(session_.TakeDrained(call_));
}

TEST_F(SessionTest, APauseLastsUntilTheNextCallEndsIt) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  ASSERT_TRUE(session_.Pause(call_, now_).ok());
  session_.CallLost(call_, kWait, now_);
  EXPECT_TRUE(session_.waits());  // nothing will happen
  Run(milliseconds(1000));
  EXPECT_EQ(Stats().played_frames, 960);
  call_ = session_.Attach(1, now_)->call;
  EXPECT_EQ(State(), SessionState::kPaused);
  ASSERT_TRUE(session_.Resume(call_, now_).ok());
  EXPECT_EQ(Run(milliseconds(20)), 960);
}

TEST_F(SessionTest, AClientThatDoesNotComeBackLeavesWhatItHasSaid) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  Run(milliseconds(20));
  session_.CallLost(call_, kWait, now_);
  Run(kWait - milliseconds(5));
  EXPECT_FALSE(session_.closed());
  Run(milliseconds(10));
  EXPECT_TRUE(session_.closed());
  EXPECT_EQ(session_.Stats(now_).state_reason, "the client did not come back");
  ExpectRecorded(0, 0, 2400);
  EXPECT_FALSE(session_.Attach(1, now_));
}

TEST_F(SessionTest, AClientThatPlayedNothingIsNotWaitedFor) {
  session_.CallLost(call_, kWait, now_);
  EXPECT_TRUE(session_.closed());
}

TEST_F(SessionTest, NobodyGoesOnAfterTheClientSaidThatItIsDone) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  session_.CloseRequests(call_, now_);
  session_.CallLost(call_, kWait, now_);
  EXPECT_FALSE(session_.Attach(1, now_));
  Run(milliseconds(150));
  EXPECT_TRUE(session_.closed());
}

// --- An epoch that goes on in its middle, at a server that knows nothing.

TEST_F(SessionTest, PreRollIsDecodedAndNotPlayed) {
  EpochParams params = Params(3);
  params.first_frame = 100000;
  params.pre_roll_frames = 2 * kPacket;
  ASSERT_TRUE(session_.Begin(call_, params, now_).ok());
  const auto pre_roll = [this](int64_t frames) {
    return session_.AddPacket(call_, 100000, frames, Pcm(1, kPacket), 0, now_);
  };
  EXPECT_EQ(pre_roll(1).reason, Reason::kBadFrameCount);
  ASSERT_TRUE(pre_roll(0).ok());
  ASSERT_TRUE(pre_roll(0).ok());
  EXPECT_EQ(pre_roll(0).reason, Reason::kBadFrameCount);  // nothing is left
  Packets(100000, 102400);
  ASSERT_TRUE(session_.End(call_, 102400, now_).ok());
  Run(milliseconds(100));
  ExpectRecorded(0, 100000, 102400);
  EXPECT_EQ(Stats().produced_frames, 2400);
}

TEST_F(SessionTest, ASkipInsteadOfThePreRollStartsTheCodecAnew) {
  EpochParams params = Params(3);
  params.first_frame = 1000;
  params.pre_skip_frames = 120;
  params.pre_roll_frames = 960;
  ASSERT_TRUE(session_.Begin(call_, params, now_).ok());
  ASSERT_TRUE(
      session_.AddSkip(call_, 1000, 500, SkipReason::kOutage, now_).ok());
  ASSERT_TRUE(
      session_.AddPacket(call_, 1500, 360, Pcm(1380, 480), 0, now_).ok());
  ASSERT_TRUE(
      session_.AddPacket(call_, 1860, 480, Pcm(1860, 480), 0, now_).ok());
  ASSERT_TRUE(session_.End(call_, 2340, now_).ok());
  Run(milliseconds(30));
  ASSERT_EQ(recorded_.size(), 840u);
  EXPECT_EQ(recorded_[839], 2340);
}

}  // namespace
}  // namespace earshot
