// A session's volume: what is heard and recorded, and what its call is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "server/session.h"
#include "server/session_fixture.h"

namespace earshot {
namespace {

class SessionVolumeTest : public SessionTest {
 protected:
  // An epoch of half a second begins to play.
  void Play() {
    ASSERT_TRUE(Begin(1).ok());
    Packets(0, 24000);
    Run(milliseconds(50));
  }
  // The largest sample of what is recorded in the next 50 ms.
  int Loudest() {
    recorded_.clear();
    Run(milliseconds(50));
    EXPECT_FALSE(recorded_.empty());
    return *std::max_element(recorded_.begin(), recorded_.end());
  }
};

TEST_F(SessionVolumeTest, AtZeroDbARecordingIsExact) {
  Play();
  Run(milliseconds(400));
  const auto frames = static_cast<int64_t>(recorded_.size());
  ExpectRecorded(0, 0, frames);
}

TEST_F(SessionVolumeTest, AttenuatesWhatIsPlayedAndKeepsCounting) {
  Play();
  ASSERT_TRUE(session_.SetVolume(call_, {-20, false}).ok());
  Run(milliseconds(50));  // the ramp is over
  recorded_.clear();
  const int64_t before = Stats().played_frames;
  Run(milliseconds(5));
  EXPECT_EQ(Stats().played_frames - before, 240);
  ASSERT_EQ(recorded_.size(), 240u);
  EXPECT_NEAR(recorded_[0], static_cast<double>(before + 1) / 10, 1);
}

TEST_F(SessionVolumeTest, MuteIsExactlySilentAndGivesTheGainBack) {
  Play();
  ASSERT_TRUE(session_.SetVolume(call_, {-6, true}).ok());
  Run(milliseconds(20));
  EXPECT_EQ(Loudest(), 0);
  ASSERT_TRUE(session_.SetVolume(call_, {-6, false}).ok());
  EXPECT_GT(Loudest(), 0);
}

TEST_F(SessionVolumeTest, TheNextEpochBeginsAsLoudAsTheLastOneWas) {
  ASSERT_TRUE(session_.SetVolume(call_, {0, true}).ok());
  Play();
  Run(milliseconds(300));
  EXPECT_THAT(recorded_, testing::Each(0));
  EXPECT_FALSE(recorded_.empty());
}

TEST_F(SessionVolumeTest, EveryChangeIsToldOnce) {
  EXPECT_FALSE(session_.TakeVolume(call_).has_value());
  EXPECT_FALSE(session_.ReportDue(now_));
  ASSERT_TRUE(session_.SetVolume(call_, {-12.5, false}).ok());
  EXPECT_TRUE(session_.ReportDue(now_));
  EXPECT_EQ(session_.TakeVolume(call_), (VolumeSetting{-12.5, false}));
  EXPECT_FALSE(session_.TakeVolume(call_).has_value());
  EXPECT_FALSE(session_.ReportDue(now_));
  ASSERT_TRUE(session_.SetVolume(call_, {-12.5, false}).ok());
  EXPECT_FALSE(session_.TakeVolume(call_).has_value());
  EXPECT_EQ(session_.Stats(now_).volume, (VolumeSetting{-12.5, false}));
}

TEST_F(SessionVolumeTest, APingIsEchoedOnlyOnceTheVolumeWasTold) {
  ASSERT_TRUE(session_.SetVolume(call_, {-3, false}).ok());
  ASSERT_TRUE(session_.Ping(call_, {.id = 7}).ok());
  const auto early = session_.TakeProgress(call_, now_);
  EXPECT_FALSE(early.has_value() && early->ping_id.has_value());
  ASSERT_TRUE(session_.TakeVolume(call_).has_value());
  const auto progress = session_.TakeProgress(call_, now_);
  ASSERT_TRUE(progress.has_value());
  EXPECT_EQ(progress->ping_id, 7u);
}

TEST_F(SessionVolumeTest, ACallThatGoesOnIsToldWhatItsPredecessorKnew) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.SetVolume(call_, {-3, false}).ok());
  ASSERT_TRUE(session_.TakeVolume(call_).has_value());
  session_.CallLost(call_, kWait, now_);
  const auto attachment = session_.Attach(1, now_);
  ASSERT_TRUE(attachment.has_value());
  EXPECT_FALSE(session_.TakeVolume(call_).has_value());
  EXPECT_EQ(session_.TakeVolume(attachment->call), (VolumeSetting{-3, false}));
}

TEST_F(SessionVolumeTest, ACallThatWasTakenOverSetsNothing) {
  const uint64_t old = call_;
  ASSERT_TRUE(session_.Attach(0, now_).has_value());
  EXPECT_EQ(session_.SetVolume(old, {-3, false}).reason, Reason::kTakenOver);
  EXPECT_EQ(session_.Stats(now_).volume, VolumeSetting());
}

TEST(SharedVolumeTest, SessionsOfOneNameShareIt) {
  const auto volume = std::make_shared<PlayVolume>();
  Session first(PlayoutConfig(), volume);
  Session second(PlayoutConfig(), volume);
  const MonotonicTime now{std::chrono::hours(1)};
  const uint64_t call = first.Attach(0, now)->call;
  const uint64_t other = second.Attach(0, now)->call;
  ASSERT_TRUE(first.SetVolume(call, {-9, true}).ok());
  EXPECT_EQ(second.TakeVolume(other), (VolumeSetting{-9, true}));
}

}  // namespace
}  // namespace earshot
