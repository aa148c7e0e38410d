#include "server/session.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "server/session_fixture.h"

namespace earshot {
namespace {

TEST_F(SessionTest, IsIdleUntilAnEpochBegins) {
  EXPECT_EQ(State(), SessionState::kIdle);
  EXPECT_FALSE(session_.PlayingEpoch());
  for (const Refusal& refusal :
       {Packet(0), session_.AddSilence(call_, 0, now_),
        session_.AddSkip(call_, 0, 1, SkipReason::kOutage, now_),
        session_.Pause(call_, now_), session_.Resume(call_, now_),
        session_.End(call_, 0, now_)}) {
    EXPECT_EQ(refusal.reason, Reason::kNoEpoch);
  }
}

TEST_F(SessionTest, PrimesUntilTheTargetMarginAndOnePacketAreHere) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, kTarget);
  EXPECT_EQ(Run(milliseconds(5)), 0);
  EXPECT_EQ(State(), SessionState::kPriming);
  Packets(kTarget, kTarget + kPacket);
  EXPECT_EQ(Run(milliseconds(5)), 240);
  EXPECT_EQ(State(), SessionState::kPlaying);
}

TEST_F(SessionTest, PrimingGivesUpWaiting) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(Packet(0).ok());
  Run(milliseconds(135));
  EXPECT_EQ(State(), SessionState::kPriming);
  EXPECT_EQ(Run(milliseconds(10)), 480);
}

TEST_F(SessionTest, PrimingWaitsForeverForNothing) {
  ASSERT_TRUE(Begin(1).ok());
  EXPECT_EQ(Run(milliseconds(1000)), 0);
  EXPECT_EQ(State(), SessionState::kPriming);
  EXPECT_EQ(Stats().underruns.total(), 0);
}

TEST_F(SessionTest, AShortEpochPlaysAtItsEnd) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(Packet(0, 100).ok());
  ASSERT_TRUE(session_.End(call_, 100, now_).ok());
  EXPECT_EQ(State(), SessionState::kDraining);
  Run(milliseconds(10));
  ExpectRecorded(0, 0, 100);
  const auto drained = session_.TakeDrained(call_);
  ASSERT_TRUE(drained);
  EXPECT_EQ(drained->epoch, 1u);
  EXPECT_EQ(drained->played_frame, 100);
  EXPECT_EQ(State(), SessionState::kIdle);
}

TEST_F(SessionTest, AnEmptyEpochIsDrained) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.End(call_, 0, now_).ok());
  Run(milliseconds(5));
  ASSERT_TRUE(session_.TakeDrained(call_));
}

TEST_F(SessionTest, PlaysEveryFrameOnce) {
  ASSERT_TRUE(Begin(1).ok());
  int64_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    Packets(sent, sent + kPacket);
    sent += kPacket;
    Run(milliseconds(10));
  }
  ASSERT_TRUE(session_.End(call_, sent, now_).ok());
  Run(milliseconds(100));
  ExpectRecorded(0, 0, sent);
  EXPECT_EQ(Stats().underruns.total(), 0);
  EXPECT_EQ(Stats().played_frames, sent);
}

TEST_F(SessionTest, AnUnderrunIsCountedPrimesAnewAndLosesNothing) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  Run(milliseconds(100));
  EXPECT_EQ(State(), SessionState::kPriming);
  EXPECT_NE(session_.Stats(now_).state_reason.find("underrun"),
            std::string::npos);
  EXPECT_EQ(Stats().played_frames, 2400);
  ASSERT_TRUE(Packet(2400).ok());
  EXPECT_EQ(Stats().underruns.total(), 1);
  EXPECT_EQ(Run(milliseconds(20)), 0);
  Packets(2880, 4800);
  Run(milliseconds(20));
  EXPECT_EQ(State(), SessionState::kPlaying);
  ASSERT_TRUE(session_.End(call_, 4800, now_).ok());
  Run(milliseconds(100));
  ExpectRecorded(0, 0, 4800);
}

TEST_F(SessionTest, AnEndThatComesLateIsNoUnderrun) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  Run(milliseconds(200));
  ASSERT_TRUE(session_.End(call_, 2400, now_).ok());
  Run(milliseconds(5));
  EXPECT_EQ(Stats().underruns.total(), 0);
  EXPECT_TRUE(session_.TakeDrained(call_));
}

TEST_F(SessionTest, PauseFreezesAndResumeGoesOn) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  EXPECT_EQ(Run(milliseconds(20)), 960);
  ASSERT_TRUE(session_.Pause(call_, now_).ok());
  EXPECT_EQ(Run(milliseconds(1000)), 0);
  EXPECT_EQ(State(), SessionState::kPaused);
  EXPECT_EQ(Stats().queued_frames, 4800 - 960);
  ASSERT_TRUE(session_.Resume(call_, now_).ok());
  EXPECT_EQ(Run(milliseconds(20)), 960);
  EXPECT_EQ(State(), SessionState::kPlaying);
  EXPECT_EQ(Stats().underruns.total(), 0);
}

TEST_F(SessionTest, PauseAndResumeMayBeRepeated) {
  ASSERT_TRUE(Begin(1).ok());
  EXPECT_TRUE(session_.Resume(call_, now_).ok());
  EXPECT_TRUE(session_.Pause(call_, now_).ok());
  EXPECT_TRUE(session_.Pause(call_, now_).ok());
  EXPECT_TRUE(session_.Resume(call_, now_).ok());
  EXPECT_EQ(State(), SessionState::kPriming);
}

TEST_F(SessionTest, EndDrainsAlsoIfPaused) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  ASSERT_TRUE(session_.Pause(call_, now_).ok());
  ASSERT_TRUE(session_.End(call_, 4800, now_).ok());
  Run(milliseconds(100));
  ExpectRecorded(0, 0, 4800);
  EXPECT_TRUE(session_.TakeDrained(call_));
}

TEST_F(SessionTest, TheNextEpochWaitsBehindTheLast) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  ASSERT_TRUE(session_.End(call_, 4800, now_).ok());
  ASSERT_TRUE(Begin(2).ok());
  Packets(0, 9600);  // its whole initial window
  ASSERT_TRUE(session_.End(call_, 9600, now_).ok());
  EXPECT_EQ(session_.PlayingEpoch()->epoch, 1u);
  Run(milliseconds(85));
  EXPECT_EQ(session_.PlayingEpoch()->epoch, 2u);
  ExpectRecorded(0, 0, 4800);
  Run(milliseconds(300));
  ExpectRecorded(4800, 0, 9600);
  EXPECT_EQ(session_.TakeDrained(call_)->epoch, 1u);
  EXPECT_EQ(session_.TakeDrained(call_)->epoch, 2u);
  EXPECT_EQ(session_.Stats(now_).total.played_frames, 4800 + 9600);
}

TEST_F(SessionTest, EpochsAreInOrderAndNotNested) {
  ASSERT_TRUE(Begin(5).ok());
  EXPECT_EQ(Begin(6).reason, Reason::kEpochUnderWay);
  ASSERT_TRUE(session_.End(call_, 0, now_).ok());
  EXPECT_EQ(session_.End(call_, 0, now_).reason, Reason::kNoEpoch);
  EXPECT_EQ(Begin(5).reason, Reason::kEpochNotNewer);
  EXPECT_EQ(Begin(4).reason, Reason::kEpochNotNewer);
  EXPECT_TRUE(Begin(6).ok());
}

TEST_F(SessionTest, EpochsInWaitingAreBounded) {
  uint64_t epoch = 1;
  Refusal refusal;
  for (; epoch < 100; ++epoch) {
    refusal = Begin(epoch);
    if (!refusal.ok()) break;
    ASSERT_TRUE(session_.End(call_, 0, now_).ok());
    Run(milliseconds(5));  // played, but nobody takes Drained
  }
  EXPECT_EQ(refusal.reason, Reason::kTooManyEpochs);
  EXPECT_LT(epoch, 20u);
}

TEST_F(SessionTest, PositionsStartWhereAnEpochGoesOn) {
  ASSERT_TRUE(Begin(1, 1000).ok());
  EXPECT_EQ(Packet(0).reason, Reason::kNotContiguous);
  ASSERT_TRUE(Packet(1000, 200).ok());
  ASSERT_TRUE(session_.End(call_, 1200, now_).ok());
  Run(milliseconds(10));
  ExpectRecorded(0, 1000, 1200);
  EXPECT_EQ(session_.TakeDrained(call_)->played_frame, 1200);
  EXPECT_EQ(Stats().played_frames, 200);
}

TEST_F(SessionTest, TheGrantRunsAheadOfThePlayOut) {
  ASSERT_TRUE(Begin(1).ok());
  EXPECT_EQ(Stats().granted_frame, kWindow);
  Packets(0, kWindow);
  EXPECT_EQ(Packet(kWindow).reason, Reason::kNotGranted);
  Run(milliseconds(50));
  EXPECT_EQ(Stats().granted_frame, kWindow + 2400);
  EXPECT_TRUE(Packet(kWindow).ok());
}

TEST_F(SessionTest, SkippedFramesArePassedOverAndNeverPlayed) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(
      session_.AddSkip(call_, 0, 144000, SkipReason::kOutage, now_).ok());
  EXPECT_EQ(Stats().granted_frame, 144000 + kWindow);
  Packets(144000, 144000 + 2400);
  ASSERT_TRUE(
      session_.AddSkip(call_, 146400, 100, SkipReason::kOutage, now_).ok());
  Packets(146500, 146500 + 480);
  ASSERT_TRUE(session_.End(call_, 146980, now_).ok());
  Run(milliseconds(100));
  EXPECT_EQ(recorded_.size(), 2880u);
  // Behind the seams it is what was sent.
  EXPECT_EQ(recorded_[480], 144480 % 30000 + 1);
  EXPECT_EQ(recorded_[2399], 146399 % 30000 + 1);
  EXPECT_EQ(recorded_[2879], 146979 % 30000 + 1);
  EXPECT_EQ(Stats().produced_frames, 146980);
  EXPECT_EQ(Stats().skipped_frames, 144100);
  EXPECT_EQ(Stats().played_frames, 2880);
  EXPECT_EQ(Stats().underruns.total(), 0);
}

// --- Digital silence.

TEST_F(SessionTest, SilencePlaysAsTimeGoesWithoutUnderruns) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  ASSERT_TRUE(session_.AddSilence(call_, 2400, now_).ok());
  Run(milliseconds(10000));
  EXPECT_EQ(State(), SessionState::kPlaying);
  EXPECT_EQ(Stats().underruns.total(), 0);
  EXPECT_EQ(Stats().played_frames, 480000);
  EXPECT_EQ(Stats().queued_frames, 0);
  EXPECT_EQ(Stats().granted_frame, 480000 + kWindow + kSilent);
  // It goes on 50 ms ahead of the play-out, as it would with a real client.
  Packets(482400, 484800);
  Run(milliseconds(60));
  EXPECT_EQ(Stats().underruns.total(), 0);
  EXPECT_EQ(State(), SessionState::kPlaying);
  ASSERT_TRUE(session_.End(call_, 484800, now_).ok());
  Run(milliseconds(100));
  EXPECT_EQ(recorded_.size(), 484800u);
  EXPECT_EQ(recorded_[2399], 2400);
  EXPECT_EQ(recorded_[2400], 0);
  EXPECT_EQ(recorded_[482399], 0);
  EXPECT_EQ(recorded_[482400], 482400 % 30000 + 1);
  EXPECT_EQ(Stats().silence_frames, 480000);
}

TEST_F(SessionTest, AnEpochMayBeginWithSilence) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.AddSilence(call_, 0, now_).ok());
  Run(milliseconds(45));
  EXPECT_EQ(State(), SessionState::kPriming);
  Run(milliseconds(10));
  EXPECT_EQ(State(), SessionState::kPlaying);
}

TEST_F(SessionTest, SilenceThatEndsBehindThePlayOutLeavesTheRecordingExact) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  ASSERT_TRUE(session_.AddSilence(call_, 2400, now_).ok());
  Run(milliseconds(500));
  EXPECT_EQ(Stats().played_frames, 24000);
  // The source was starved: sound goes on at 14400, not at 24000 or later.
  Packets(14400, 16800);
  ASSERT_TRUE(session_.End(call_, 16800, now_).ok());
  Run(milliseconds(200));
  EXPECT_EQ(recorded_.size(), 16800u);
  EXPECT_EQ(recorded_[14399], 0);
  EXPECT_EQ(recorded_[14400], 14401);
  EXPECT_EQ(Stats().played_frames, 16800);
  EXPECT_EQ(Stats().silence_frames, 12000);
  EXPECT_EQ(Stats().underruns.total(), 0);
}

TEST_F(SessionTest, AnEndInSilenceBehindThePlayOutIsExact) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  ASSERT_TRUE(session_.AddSilence(call_, 2400, now_).ok());
  Run(milliseconds(500));
  ASSERT_TRUE(session_.End(call_, 12000, now_).ok());
  Run(milliseconds(10));
  EXPECT_EQ(recorded_.size(), 12000u);
  EXPECT_EQ(session_.TakeDrained(call_)->played_frame, 12000);
}

TEST_F(SessionTest, SilenceEndsWithinTheGrantWhateverEndsIt) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.AddSilence(call_, 0, now_).ok());
  const int64_t granted = kWindow + kSilent;
  EXPECT_EQ(
      session_.AddSkip(call_, granted + 1, 1, SkipReason::kOutage, now_).reason,
      Reason::kNotGranted);
  EXPECT_EQ(session_.AddSilence(call_, granted + 1, now_).reason,
            Reason::kNotGranted);
  EXPECT_EQ(session_.End(call_, granted + 1, now_).reason, Reason::kNotGranted);
  EXPECT_TRUE(
      session_.AddSkip(call_, granted, 1, SkipReason::kOutage, now_).ok());
}

TEST_F(SessionTest, SilenceAtTheLastPositionEndsWithItsClient) {
  ASSERT_TRUE(Begin(1, kMaxPosition).ok());
  ASSERT_TRUE(session_.AddSilence(call_, kMaxPosition, now_).ok());
  Run(milliseconds(1000));
  session_.CloseRequests(call_, now_);
  Run(milliseconds(10));
  EXPECT_TRUE(session_.closed());
}

TEST_F(SessionTest, SilenceStopsWhilePaused) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  ASSERT_TRUE(session_.AddSilence(call_, 2400, now_).ok());
  Run(milliseconds(500));
  ASSERT_TRUE(session_.Pause(call_, now_).ok());
  Run(milliseconds(500));
  EXPECT_EQ(Stats().played_frames, 24000);
}

// --- What the client is told.

TEST_F(SessionTest, ProgressComesEvery100Ms) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.TakeProgress(call_, now_));
  EXPECT_FALSE(session_.TakeProgress(call_, now_ + milliseconds(99)));
  EXPECT_TRUE(session_.TakeProgress(call_, now_ + milliseconds(100)));
}

TEST_F(SessionTest, StirsThePlayOutWhenThereIsSomethingToDo) {
  EXPECT_TRUE(session_.TakeStirred());
  EXPECT_FALSE(session_.TakeStirred());
  ASSERT_TRUE(Begin(1).ok());
  EXPECT_TRUE(session_.TakeStirred());
  Packets(0, 2400);
  EXPECT_FALSE(session_.TakeStirred());  // there is an epoch: it looks itself
  session_.CloseRequests(call_, now_);
  EXPECT_TRUE(session_.TakeStirred());
}

TEST_F(SessionTest, ProgressIsRareInSilence) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.AddSilence(call_, 0, now_).ok());
  Run(milliseconds(500));
  ASSERT_TRUE(session_.TakeProgress(call_, now_));
  Run(milliseconds(1245));  // the grant has moved by more than a quarter
  EXPECT_FALSE(session_.TakeProgress(call_, now_));
  Run(milliseconds(5));
  const auto progress = session_.TakeProgress(call_, now_);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->granted_frame,
            progress->played_frame + kWindow + kSilent);
}

// The next one is far: without it, the guest would wait for a grant.
TEST_F(SessionTest, TheGrantForSilenceIsToldAsSoonAsItIsDeclared) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 9600);
  Run(milliseconds(100));
  ASSERT_TRUE(session_.TakeProgress(call_, now_));
  for (int64_t at = 9600; at < 9600 + 10 * kPacket; at += kPacket) {
    ASSERT_TRUE(session_.AddSilence(call_, at, now_).ok());
    const auto progress = session_.TakeProgress(call_, now_);
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->granted_frame,
              progress->played_frame + kWindow + kSilent);
    EXPECT_FALSE(session_.TakeProgress(call_, now_));
    // A short sound between two silences; Progress comes meanwhile.
    ASSERT_TRUE(Packet(at).ok());
    Run(milliseconds(100));
    ASSERT_TRUE(session_.TakeProgress(call_, now_));
  }
}

TEST_F(SessionTest, ProgressComesAtOnceWhenSoundFollowsSilence) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.AddSilence(call_, 0, now_).ok());
  ASSERT_TRUE(session_.TakeProgress(call_, now_));
  Run(milliseconds(500));
  EXPECT_FALSE(session_.TakeProgress(call_, now_));
  ASSERT_TRUE(Packet(24000).ok());
  EXPECT_TRUE(session_.TakeProgress(call_, now_));
  EXPECT_FALSE(session_.TakeProgress(call_, now_ + milliseconds(99)));
  EXPECT_TRUE(session_.TakeProgress(call_, now_ + milliseconds(100)));
}

TEST_F(SessionTest, ProgressComesSoonerWhenTheGrantMoves) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.TakeProgress(call_, now_));
  ASSERT_TRUE(
      session_.AddSkip(call_, 0, kWindow / 4, SkipReason::kOutage, now_).ok());
  const auto progress = session_.TakeProgress(call_, now_);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->granted_frame, kWindow + kWindow / 4);
}

TEST_F(SessionTest, ProgressAnswersPingsAlsoWithoutAnEpoch) {
  EXPECT_FALSE(session_.TakeProgress(call_, now_));
  ASSERT_TRUE(session_.Ping(call_, {7}).ok());
  ASSERT_TRUE(session_.Ping(call_, {8}).ok());
  const auto progress = session_.TakeProgress(call_, now_);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->ping_id, 8u);
  EXPECT_FALSE(session_.TakeProgress(call_, now_));
}

TEST_F(SessionTest, ProgressRestsWhilePaused) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.TakeProgress(call_, now_));
  ASSERT_TRUE(session_.Pause(call_, now_).ok());
  EXPECT_FALSE(session_.ReportDue(now_ + milliseconds(500)));
}

TEST_F(SessionTest, TheMarginIsHowEarlyPacketsCome) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  int64_t sent = 2400;
  Run(milliseconds(10));
  // From here each packet comes 40 ms before it is due.
  for (int i = 0; i < 50; ++i) {
    Packets(sent, sent + kPacket);
    sent += kPacket;
    Run(milliseconds(10));
  }
  EXPECT_NEAR(Stats().margin_ms, 40, 0.01);
  EXPECT_EQ(session_.TakeProgress(call_, now_)->margin_error, milliseconds(0));
}

// --- The end of a session.

TEST_F(SessionTest, WhatItHoldsIsPlayedWhenTheClientIsGone) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  session_.CloseRequests(call_, now_);
  session_.CloseRequests(call_, now_);
  EXPECT_FALSE(session_.closed());
  Run(milliseconds(100));
  ExpectRecorded(0, 0, 4800);
  EXPECT_TRUE(session_.closed());
  EXPECT_EQ(State(), SessionState::kClosed);
  EXPECT_EQ(Begin(2).reason, Reason::kNoEpoch);
}

TEST_F(SessionTest, AnIdleSessionClosesAtOnce) {
  session_.CloseRequests(call_, now_);
  EXPECT_TRUE(session_.closed());
}

TEST_F(SessionTest, AbandonForgetsWhatWasNotPlayed) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  session_.Abandon();
  EXPECT_TRUE(session_.closed());
  EXPECT_EQ(Stats().played_frames, 960);
  EXPECT_EQ(Run(milliseconds(20)), 0);
}

TEST_F(SessionTest, WhatReplacesASessionLeavesItToPlay) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 4800);
  session_.Replace("another call has opened the stream", now_);
  EXPECT_EQ(Packet(4800).reason, Reason::kTakenOver);
  Run(milliseconds(150));
  ExpectRecorded(0, 0, 4800);
  EXPECT_TRUE(session_.closed());
}

// --- Seams.

TEST_F(SessionTest, NothingClicksAtASkipNorAtAnUnderrun) {
  const auto steady = [this](int64_t first_frame, int frames) {
    std::string bytes;
    for (int i = 0; i < frames; ++i) bytes += {'\0', '\x60'};  // 0.75
    return session_.AddPacket(call_, first_frame, frames, bytes, 0, now_);
  };
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.AddSilence(call_, 0, now_).ok());
  Run(milliseconds(50));
  ASSERT_TRUE(
      session_.AddSkip(call_, 4800, 480, SkipReason::kOutage, now_).ok());
  ASSERT_TRUE(steady(5280, 2400).ok());
  ASSERT_TRUE(
      session_.AddSkip(call_, 7680, 480, SkipReason::kOutage, now_).ok());
  ASSERT_TRUE(steady(8160, 2400).ok());
  Run(milliseconds(300));
  EXPECT_EQ(State(), SessionState::kPriming);
  EXPECT_EQ(heard_.back(), 0.0f);
  EXPECT_NEAR(*std::max_element(heard_.begin(), heard_.end()), 0.75, 0.001);
  for (size_t i = 1; i < heard_.size(); ++i) {
    ASSERT_LT(std::abs(heard_[i] - heard_[i - 1]), 0.07f) << i;
  }
}

// --- Packets that cannot be.

TEST_F(SessionTest, RefusesPacketsThatDoNotFitTheirPayload) {
  ASSERT_TRUE(Begin(1).ok());
  EXPECT_EQ(session_.AddPacket(call_, 0, 481, Pcm(0, 480), 0, now_).reason,
            Reason::kBadFrameCount);
  EXPECT_EQ(session_.AddPacket(call_, 0, 0, Pcm(0, 480), 0, now_).reason,
            Reason::kBadFrameCount);
  EXPECT_EQ(session_.AddPacket(call_, 0, 480, "", 0, now_).reason,
            Reason::kBadPayload);
  EXPECT_EQ(session_.AddPacket(call_, 0, 480, "abc", 0, now_).reason,
            Reason::kBadPayload);
  EXPECT_EQ(session_.AddPacket(call_, 0, 5761, Pcm(0, 5761), 0, now_).reason,
            Reason::kBadFrameCount);
  EXPECT_EQ(session_.AddPacket(call_, 0, 480, std::string(61442, 'x'), 0, now_)
                .reason,
            Reason::kPayloadTooLarge);
}

TEST_F(SessionTest, APullDecodesFewPacketsHoweverSmallTheyAre) {
  ASSERT_TRUE(Begin(1).ok());
  for (int64_t at = 0; at < 64; ++at) {  // a long payload for each frame
    ASSERT_TRUE(
        session_.AddPacket(call_, at, 1, Pcm(at, kPacket), 0, now_).ok());
  }
  ASSERT_TRUE(session_.End(call_, 64, now_).ok());
  EXPECT_LE(Run(milliseconds(5)), 16);
  Run(milliseconds(50));
  ExpectRecorded(0, 0, 64);
}

// --- Threads: for the thread sanitizer.

TEST_F(SessionTest, ClientPlayOutAndOnlookersRunAtOnce) {
  ASSERT_TRUE(Begin(1).ok());
  std::thread client([this] {
    uint64_t call = call_;
    int64_t sent = 0;
    while (sent < 48000) {
      const Refusal refusal =
          session_.AddPacket(call, sent, kPacket, Pcm(sent, kPacket), 0, now_);
      if (refusal.ok()) sent += kPacket;
      session_.TakeProgress(call, now_);
      if (sent % 4800 != 0) continue;
      session_.CallLost(call, kWait, now_);
      const auto attachment = session_.Attach(1, now_);
      EXPECT_EQ(attachment->received_frame, sent);
      call = attachment->call;
    }
    EXPECT_TRUE(session_.End(call, sent, now_).ok());
  });
  std::thread ticks([this] {
    while (session_.HasEpoch()) session_.Tick(milliseconds(0), now_);
  });
  std::thread onlooker([this] {
    while (session_.HasEpoch()) {
      session_.Stats(now_);
      session_.ReportDue(now_);
      session_.waits();
    }
  });
  int64_t played = 0;
  std::vector<float> out(240);
  while (!session_.EpochPlayed()) {
    played += session_.PlayOut(absl::MakeSpan(out), now_).media_frames;
  }
  session_.FinishEpoch(now_);
  client.join();
  onlooker.join();
  ticks.join();
  EXPECT_EQ(played, 48000);
}

}  // namespace
}  // namespace earshot
