#include "client/send_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;

// Packets of 480 frames at 48 kHz; a message reads as "packet 0+480".
class SendLogTest : public testing::Test {
 protected:
  void Begin(uint64_t epoch, int pre_skip_frames = 0) {
    v1::Begin begin;
    begin.set_epoch(epoch);
    begin.mutable_format()->set_rate_hz(48000);
    begin.set_pre_skip_frames(pre_skip_frames);
    log_.Begin(begin);
    codec_start_ = true;
  }
  void Packets(int64_t first, int count) {
    const std::vector<uint8_t> payload(10, 1);
    for (int i = 0; i < count; ++i) {
      log_.AddPacket({first + i * 480, 480, payload, 480, codec_start_},
                     start_);
      codec_start_ = false;
    }
  }
  std::vector<std::string> Say(int64_t granted = 1000000) {
    std::vector<std::string> said;
    while (const auto next = log_.Next()) {
      if (next->needed_grant > granted) break;
      v1::PlayRequest r;
      log_.Say(r);
      said.push_back(Text(r));
    }
    return said;
  }
  static std::string Text(const v1::PlayRequest& r) {
    const auto text = [](auto... parts) {
      return (std::string() + ... + parts);
    };
    const auto number = [](auto n) { return std::to_string(n); };
    if (r.has_begin()) {
      return text("begin ", number(r.begin().epoch()), " pre-roll ",
                  number(r.begin().pre_roll_frames()));
    }
    if (r.has_packet()) {
      return text("packet ", number(r.packet().first_frame()), "+",
                  number(r.packet().frame_count()));
    }
    if (r.has_silence()) {
      return text("silence ", number(r.silence().first_frame()));
    }
    if (r.has_skip()) {
      return text("skip ", number(r.skip().first_frame()), "+",
                  number(r.skip().frame_count()));
    }
    return text("end ", number(r.end().end_frame()));
  }
  void Played(uint64_t epoch, int64_t played, milliseconds at = {}) {
    v1::Progress progress;
    progress.set_epoch(epoch);
    progress.set_received_frame(played);
    progress.set_played_frame(played);
    log_.OnProgress(progress, start_ + at);
  }
  SendLog::Point Plan(milliseconds at) {
    return log_.PlanRestart(start_ + at, nanoseconds(0), paused_at_, quiet_);
  }

  const MonotonicTime start_ = MonotonicTime(std::chrono::hours(1));
  SendLog log_;
  bool codec_start_ = true;
  std::optional<MonotonicTime> paused_at_;
  int64_t quiet_ = 0;
};

TEST_F(SendLogTest, SaysWhatCameInItsOrderAsFarAsItIsGranted) {
  EXPECT_THAT(Say(), ElementsAre());
  Begin(1);
  Packets(0, 2);
  EXPECT_THAT(Say(700), ElementsAre("begin 1 pre-roll 0", "packet 0+480"));
  EXPECT_FALSE(log_.all_said());
  log_.AddSilence(960);
  EXPECT_THAT(Say(960), ElementsAre("packet 480+480", "silence 960"));
  EXPECT_TRUE(log_.all_said());
  log_.AddSkip(2000, 500, v1::Skip::REASON_OUTAGE);
  // Where silence ends must have been granted; a skip needs no grant.
  EXPECT_THAT(Say(1999), ElementsAre());
  EXPECT_THAT(Say(2000), ElementsAre("skip 2000+500"));
  log_.End(2500);
  Begin(2);
  EXPECT_THAT(Say(0), ElementsAre("end 2500", "begin 2 pre-roll 0"));
}

TEST_F(SendLogTest, TheSameServerGetsWhatFollows) {
  Begin(1);
  Packets(0, 4);
  Say();
  Played(1, 480);
  ASSERT_TRUE(log_.Resume(1, 960, false));
  EXPECT_THAT(Say(), ElementsAre("packet 960+480", "packet 1440+480"));
  log_.End(1920);
  Say();
  ASSERT_TRUE(log_.Resume(1, 1920, false));
  EXPECT_THAT(Say(), ElementsAre("end 1920"));
  ASSERT_TRUE(log_.Resume(1, 1920, true));
  EXPECT_THAT(Say(), ElementsAre());
}

TEST_F(SendLogTest, ABeginThatWasLostIsSaidAgain) {
  Begin(1);
  Packets(0, 1);
  log_.End(480);
  Say();
  Begin(2);
  Packets(0, 1);
  Say();
  ASSERT_TRUE(log_.Resume(1, 480, true));
  EXPECT_THAT(Say(), ElementsAre("begin 2 pre-roll 0", "packet 0+480"));
  ASSERT_TRUE(log_.Resume(0, 0, false));
  EXPECT_THAT(Say(),
              ElementsAre("begin 1 pre-roll 0", "packet 0+480", "end 480",
                          "begin 2 pre-roll 0", "packet 0+480"));
}

TEST_F(SendLogTest, AServerThatIsInAnEpochThatItDrainedIsNotResumed) {
  Begin(1);
  Packets(0, 1);
  log_.End(480);
  Say();
  log_.OnDrained(1);
  EXPECT_FALSE(log_.Resume(1, 480, false));
  EXPECT_TRUE(log_.Resume(1, 480, true));
  Begin(2);
  EXPECT_FALSE(log_.Resume(1, 480, false));
  EXPECT_TRUE(log_.Resume(1, 480, true));
}

TEST_F(SendLogTest, AServerThatLiesAboutWhatItHasIsNotResumed) {
  Begin(1);
  Packets(0, 20);
  Say();
  Played(1, 4800);
  EXPECT_FALSE(log_.Resume(1, 480, false));   // it has played more
  EXPECT_FALSE(log_.Resume(1, 4900, false));  // within a packet
  EXPECT_FALSE(log_.Resume(1, 4800, true));   // no End was said
  EXPECT_FALSE(log_.Resume(2, 0, false));
  EXPECT_TRUE(log_.Resume(1, 4800, false));
}

TEST_F(SendLogTest, WhatWasPlayedIsForgottenButForThePreRoll) {
  Begin(1, 120);
  Packets(0, 100);
  Say();
  Played(1, 24000);
  // 8 packets, which decode to 80 ms.
  EXPECT_FALSE(log_.Resume(1, 24000 - 9 * 480, false));
  EXPECT_TRUE(log_.Resume(1, 24000 - 8 * 480, false));
}

TEST_F(SendLogTest, ANewServerBeginsAtWhatTheOldOneCannotHavePlayed) {
  Begin(1);
  Packets(0, 20);
  Say();
  Packets(9600, 5);  // never said
  Played(1, 960);
  // 10 ms and a tick later; rounded up to a packet.
  EXPECT_EQ(Plan(milliseconds(11)).frame, 1920);
  // No more than it had.
  EXPECT_EQ(Plan(milliseconds(5000)).frame, 9600);
  // It stood still.
  paused_at_ = start_;
  EXPECT_EQ(Plan(milliseconds(5000)).frame, 960);
  const auto losses = log_.Restart({1, 1920});
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].frames, 960);
  EXPECT_FALSE(losses[0].over);
  EXPECT_EQ(Say()[1], "packet 1920+480");
}

TEST_F(SendLogTest, ANewServersDecoderIsBroughtToTheStateOfTheEncoder) {
  Begin(1, 120);
  Packets(0, 30);
  Say();
  log_.Restart({1, 9600});
  const auto said = Say();
  EXPECT_EQ(said[0], "begin 1 pre-roll 3840");
  for (int i = 1; i <= 8; ++i) EXPECT_EQ(said[i], "packet 9600+0");
  EXPECT_EQ(said[9], "packet 9600+480");
}

TEST_F(SendLogTest, PreRollReachesOverSilenceAndNotOverAStartOfTheCodec) {
  Begin(1, 120);
  Packets(0, 1);
  log_.AddSkip(480, 480, v1::Skip::REASON_OUTAGE);
  codec_start_ = true;
  Packets(960, 1);
  log_.AddSilence(1440);
  Packets(4800, 2);
  Say();
  log_.Restart({1, 5280});
  EXPECT_THAT(Say(), ElementsAre("begin 1 pre-roll 960", "packet 5280+0",
                                 "packet 5280+0", "packet 5280+480"));
  // Where the codec starts its own pre-skip counts.
  log_.Restart({1, 960});
  EXPECT_EQ(Say()[0], "begin 1 pre-roll 0");
  // Half of a skip is left.
  log_.Restart({1, 700});
  EXPECT_EQ(Say()[1], "skip 700+260");
}

TEST_F(SendLogTest, SilenceIsNotPlayedAgain) {
  Begin(1);
  Packets(0, 2);
  log_.AddSilence(960);
  Say();
  quiet_ = 48000;
  EXPECT_EQ(Plan(milliseconds(500)).frame, 48000);
  Packets(48100, 1);
  EXPECT_EQ(Plan(milliseconds(500)).frame, 48100);
  log_.Restart({1, 48100});
  EXPECT_THAT(Say(), ElementsAre("begin 1 pre-roll 0", "packet 48100+480"));
}

TEST_F(SendLogTest, AProgressFromWithinSilenceDropsNothingThatFollowedIt) {
  Begin(1);
  Packets(0, 2);
  log_.AddSilence(960);
  Say();
  Packets(9600, 3);
  ASSERT_TRUE(log_.Next()->ends_silence);
  Say();
  // Said before the packets came: the play-out of silence is ahead.
  Played(1, 11000);
  ASSERT_TRUE(log_.Resume(1, 9600, false));
  EXPECT_THAT(Say(), ElementsAre("packet 9600+480", "packet 10080+480",
                                 "packet 10560+480"));
  log_.Confirm();
  Played(1, 10080);
  EXPECT_FALSE(log_.Resume(1, 9600, false));
}

TEST_F(SendLogTest, NoServerHasMoreOfASilenceThanItWasTold) {
  Begin(1);
  Packets(0, 2);
  log_.AddSilence(960);
  Say();
  EXPECT_FALSE(log_.Resume(1, 48000, false));
  ASSERT_TRUE(log_.Resume(1, 960, false));
  EXPECT_THAT(Say(), ElementsAre("silence 960"));
}

TEST_F(SendLogTest, AServerThatKnowsOnlyOfTheSilenceIsTakenAtItsWord) {
  Begin(1);
  Packets(0, 2);
  log_.AddSilence(960);
  Say();
  Packets(9600, 2);
  Say();
  Played(1, 11000);
  ASSERT_TRUE(log_.Resume(1, 960, false));
  EXPECT_THAT(
      Say(), ElementsAre("silence 960", "packet 9600+480", "packet 10080+480"));
}

TEST_F(SendLogTest, WhatWasPlayedIsNotUnplayed) {
  Begin(1);
  log_.AddSilence(0);
  Packets(960, 4);
  Say();
  log_.Confirm();
  Played(1, 2880);
  Played(1, 0);
  EXPECT_EQ(Plan(milliseconds(0)).frame, 2880);
}

TEST_F(SendLogTest, HoweverFarAServerWasInSilenceWhatFollowsIsWhole) {
  Begin(1);
  Packets(0, 2);
  log_.AddSilence(960);
  Say();
  Played(1, 480000);
  quiet_ = 9600;
  EXPECT_EQ(Plan(milliseconds(0)).frame, 9600);
  // It ends there, and nobody has heard of that.
  Packets(9600, 1);
  EXPECT_EQ(Plan(milliseconds(0)).frame, 9600);
  Played(1, 480000);
  const SendLog::Point point = Plan(milliseconds(0));
  EXPECT_EQ(point.frame, 9600);
  log_.Restart(point);
  EXPECT_THAT(Say(), ElementsAre("begin 1 pre-roll 0", "packet 9600+480"));
}

TEST_F(SendLogTest, WhatWasDroppedNoServerHas) {
  Begin(1);
  Packets(0, 4);
  Say();
  ASSERT_TRUE(log_.Resume(1, 960, false));
  log_.DropUnsaid();
  EXPECT_EQ(log_.end(), 960);
  log_.AddSkip(960, 100, v1::Skip::REASON_OUTAGE);
  Say();
  // As it was said before.
  EXPECT_FALSE(log_.Resume(1, 1920, false));
  ASSERT_TRUE(log_.Resume(1, 960, false));
  EXPECT_THAT(Say(), ElementsAre("skip 960+100"));
}

TEST_F(SendLogTest, WhatIsDroppedWithinSilenceLeavesNoGap) {
  Begin(1);
  Packets(0, 2);
  log_.AddSilence(960);
  Packets(9600, 2);
  Say();
  ASSERT_TRUE(log_.Resume(1, 4800, false));
  log_.DropUnsaid();
  EXPECT_EQ(log_.end(), 4800);
  log_.AddSkip(4800, 100, v1::Skip::REASON_OUTAGE);
  EXPECT_THAT(Say(), ElementsAre("silence 4800", "skip 4800+100"));
  log_.Restart({1, 480});
  EXPECT_THAT(Say(), ElementsAre("begin 1 pre-roll 0", "packet 480+480",
                                 "silence 960", "skip 4800+100"));
}

TEST_F(SendLogTest, NoEpochIsPlayedBeforeTheOneBeforeIt) {
  Begin(1);
  Packets(0, 4);
  log_.End(1920);
  Begin(2);
  Packets(0, 4);
  Say();
  Played(1, 960);
  Played(2, 1440);
  ASSERT_TRUE(log_.Resume(1, 1920, true));
  EXPECT_THAT(
      Say(), ElementsAre("begin 2 pre-roll 0", "packet 0+480", "packet 480+480",
                         "packet 960+480", "packet 1440+480"));
  // What was played was heard of.
  log_.OnDrained(1);
  Played(2, 960);
  EXPECT_FALSE(log_.Resume(1, 1920, true));
  EXPECT_FALSE(log_.Resume(0, 0, false));
}

TEST_F(SendLogTest, ATailWhoseEndIsNotKnownIsPlayedAgainAndTheNextFollows) {
  Begin(1);
  Packets(0, 10);
  log_.End(4800);
  Begin(2);
  Packets(0, 2);
  Say();
  Played(1, 480);
  const SendLog::Point point = Plan(milliseconds(20));
  EXPECT_EQ(point.epoch, 1u);
  EXPECT_EQ(point.frame, 1440);
  log_.Restart(point);
  const auto said = Say();
  EXPECT_EQ(said[0], "begin 1 pre-roll 0");
  EXPECT_EQ(said[1], "packet 1440+480");
  EXPECT_EQ(said[8], "end 4800");
  EXPECT_EQ(said[9], "begin 2 pre-roll 0");
  EXPECT_EQ(said[10], "packet 0+480");
}

TEST_F(SendLogTest, AnEpochThatMayHaveBeenPlayedIsOverAndTheNextHasItsTurn) {
  Begin(1);
  Packets(0, 10);
  log_.AddSkip(4800, 480, v1::Skip::REASON_RELEASE);
  log_.End(5280);
  Begin(2);
  Packets(0, 10);
  Say();
  Played(1, 2400);
  // 60 ms to the end of the first; 20 ms of the second.
  const SendLog::Point point = Plan(milliseconds(80));
  EXPECT_EQ(point.epoch, 2u);
  EXPECT_EQ(point.frame, 960);
  const auto losses = log_.Restart(point);
  ASSERT_EQ(losses.size(), 2u);
  EXPECT_TRUE(losses[0].over);
  EXPECT_EQ(losses[0].frames, 2400);  // skips are none
  EXPECT_EQ(losses[1].frames, 960);
  EXPECT_EQ(Say()[1], "packet 960+480");
}

TEST_F(SendLogTest, WhatNobodyHasHeardOfIsNotOver) {
  Begin(1);
  Packets(0, 2);
  log_.End(960);
  EXPECT_EQ(Plan(milliseconds(5000)).frame, 0);
  Say();
  const SendLog::Point point = Plan(milliseconds(5000));
  EXPECT_EQ(point.epoch, 1u);
  EXPECT_EQ(point.frame, 960);
  Begin(2);
  Packets(0, 1);
  log_.End(480);
  const auto losses = log_.Restart(point);
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_TRUE(losses[0].over);
  EXPECT_THAT(Say(),
              ElementsAre("begin 2 pre-roll 0", "packet 0+480", "end 480"));
}

TEST_F(SendLogTest, AnEpochWithoutSoundThatNobodyHasHeardOfIsForgotten) {
  Begin(1);
  log_.AddSkip(0, 4800, v1::Skip::REASON_OUTAGE);
  EXPECT_TRUE(log_.ForgetSoundless());
  EXPECT_EQ(log_.newest_epoch(), 0u);
  Begin(2);
  Packets(0, 1);
  EXPECT_FALSE(log_.ForgetSoundless());
  log_.End(480);
  Begin(3);
  Say();
  EXPECT_FALSE(log_.ForgetSoundless());
}

TEST_F(SendLogTest, WhatWasNotSaidIsForgotten) {
  Begin(1, 120);
  Packets(0, 20);
  Say(4800);
  log_.DropUnsaid();
  EXPECT_EQ(log_.end(), 4800);
  EXPECT_TRUE(log_.all_said());
  log_.Restart({1, 2400});
  log_.DropUnsaid();
  EXPECT_EQ(log_.end(), 2400);
  log_.AddSkip(2400, 100, v1::Skip::REASON_OUTAGE);
  EXPECT_THAT(Say(), ElementsAre("begin 1 pre-roll 0", "skip 2400+100"));
}

TEST_F(SendLogTest, NoMoreEpochsWaitThanAServerTakes) {
  for (uint64_t epoch = 1; epoch <= 20; ++epoch) {
    Begin(epoch);
    log_.End(0);
  }
  EXPECT_EQ(Say().size(), 32u);
  log_.OnDrained(3);
  EXPECT_EQ(Say().size(), 6u);
}

TEST_F(SendLogTest, TheEpochMovesBetweenTwoPackets) {
  Begin(1, 120);
  Packets(0, 20);
  Say();
  EXPECT_EQ(log_.PacketStartFrom(10000), 10080);
  log_.SetBarrier(SendLog::Point{1, 10080});
  EXPECT_EQ(log_.AtBarrier(0), SendLog::BarrierState::kBefore);
  Packets(9600, 2);
  EXPECT_THAT(Say(), ElementsAre("packet 9600+480"));
  EXPECT_EQ(log_.AtBarrier(0), SendLog::BarrierState::kReached);
  log_.MoveTo({1, 10080});
  EXPECT_EQ(log_.end(), 10560);
  const auto said = Say();
  EXPECT_EQ(said[0], "begin 1 pre-roll 3840");
  EXPECT_EQ(said[9], "packet 10080+480");
}

TEST_F(SendLogTest, AMoveSplitsASkipAndASilenceButNoPacket) {
  Begin(1);
  Packets(0, 1);
  log_.AddSkip(480, 1000, v1::Skip::REASON_OUTAGE);
  log_.SetBarrier(SendLog::Point{1, 960});
  EXPECT_THAT(
      Say(), ElementsAre("begin 1 pre-roll 0", "packet 0+480", "skip 480+480"));
  EXPECT_EQ(log_.AtBarrier(0), SendLog::BarrierState::kReached);
  log_.MoveTo({1, 960});
  log_.AddSilence(1480);
  EXPECT_THAT(
      Say(), ElementsAre("begin 1 pre-roll 0", "skip 960+520", "silence 1480"));
  log_.SetBarrier(SendLog::Point{1, 2000});
  EXPECT_EQ(log_.AtBarrier(1999), SendLog::BarrierState::kBefore);
  EXPECT_EQ(log_.AtBarrier(2000), SendLog::BarrierState::kReached);
  log_.MoveTo({1, 2000});
  EXPECT_THAT(Say(), ElementsAre("begin 1 pre-roll 0", "silence 2000"));
  Packets(3000, 1);
  Say();
  log_.SetBarrier(SendLog::Point{1, 3600});
  Packets(3480, 1);
  EXPECT_THAT(Say(), ElementsAre());
  EXPECT_EQ(log_.AtBarrier(0), SendLog::BarrierState::kMissed);
}

TEST_F(SendLogTest, AnEpochThatEndsBeforeTheMoveStaysAndTheNextMoves) {
  Begin(1);
  Packets(0, 2);
  Say();
  log_.SetBarrier(SendLog::Point{1, 4800});
  log_.End(960);
  Begin(2);
  Packets(0, 1);
  EXPECT_THAT(Say(), ElementsAre("end 960"));
  EXPECT_EQ(log_.AtBarrier(0), SendLog::BarrierState::kReached);
  log_.MoveTo({1, 4800});
  EXPECT_THAT(Say(), ElementsAre("begin 2 pre-roll 0", "packet 0+480"));
}

TEST_F(SendLogTest, AnEpochThatEndsWhereItWouldMoveStaysAsAWhole) {
  Begin(1);
  log_.AddSilence(0);
  Say();
  log_.End(2400);
  log_.SetBarrier(SendLog::Point{1, 2400});
  Begin(2);
  EXPECT_EQ(log_.AtBarrier(2400), SendLog::BarrierState::kReached);
  log_.MoveTo({1, 2400});
  EXPECT_THAT(Say(), ElementsAre("begin 2 pre-roll 0"));
}

TEST_F(SendLogTest, AServerThatGrantsAndNeverPlaysDoesNotFillTheMemory) {
  Begin(1);
  for (int i = 0; i < 20000; ++i) {
    Packets(i * 480, 1);
    Say(1 << 30);
  }
  EXPECT_FALSE(log_.Resume(1, 0, false));
  EXPECT_TRUE(log_.Resume(1, 19000 * 480, false));
}

}  // namespace
}  // namespace earshot
