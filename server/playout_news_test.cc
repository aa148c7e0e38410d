#include "server/playout_news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace earshot {
namespace {

using Kind = Played::Kind;
using StepKind = Epoch::Step::Kind;
using testing::SizeIs;

class KeepingObserver : public PlayoutObserver {
 public:
  void OnPlayed(const Played& played) override { told.push_back(played); }
  std::vector<Played> told;
};

class PlayoutNewsTest : public testing::Test {
 protected:
  PlayoutNewsTest() { news_.SetObserver(&observer_); }

  static Epoch::Step Step(StepKind kind, int64_t first_frame, int64_t frames) {
    return {kind, frames, kind == StepKind::kDecode ? "packet" : "",
            first_frame};
  }

  KeepingObserver observer_;
  PlayoutNews news_;
  const MonotonicTime now_ = MonotonicTime(std::chrono::seconds(7));
};

TEST_F(PlayoutNewsTest, APacketIsToldOnceWithItsPlaceAndTime) {
  news_.Did(Step(StepKind::kDecode, 960, 480), 312, now_);
  news_.Did(Step(StepKind::kCopy, 960, 480), 312, now_);
  ASSERT_THAT(observer_.told, SizeIs(1));
  const Played& played = observer_.told[0];
  EXPECT_EQ(played.kind, Kind::kPacket);
  EXPECT_EQ(played.first_frame, 960);
  EXPECT_EQ(played.frame_count, 480);
  EXPECT_EQ(played.drop_frames, 312);
  EXPECT_EQ(played.payload, "packet");
  EXPECT_EQ(played.due, now_);
  EXPECT_FALSE(played.restart);
  EXPECT_EQ(news_.feed()->kept(), 1u);
}

TEST_F(PlayoutNewsTest, OnlyThePacketBehindASkipSaysThatTheDecoderStartsAnew) {
  news_.Did(Step(StepKind::kRestart, 0, 4800), 0, now_);
  news_.Did(Step(StepKind::kDecode, 4800, 480), 0, now_);
  news_.Did(Step(StepKind::kDecode, 5280, 480), 0, now_);
  ASSERT_THAT(observer_.told, SizeIs(3));
  EXPECT_EQ(observer_.told[0].kind, Kind::kSkip);
  EXPECT_TRUE(observer_.told[1].restart);
  EXPECT_FALSE(observer_.told[2].restart);
}

TEST_F(PlayoutNewsTest, AnEpochBeginsWithADecoderThatNothingWasSkippedFor) {
  news_.Did(Step(StepKind::kRestart, 0, 4800), 0, now_);
  news_.Begin(EpochParams(), now_);
  news_.Did(Step(StepKind::kDecode, 0, 480), 0, now_);
  ASSERT_THAT(observer_.told, SizeIs(3));
  EXPECT_EQ(observer_.told[1].kind, Kind::kEpoch);
  EXPECT_FALSE(observer_.told[2].restart);
}

TEST_F(PlayoutNewsTest, SilenceOfNoLengthIsNoNews) {
  news_.Did(Step(StepKind::kZeros, 0, 0), 0, now_);
  EXPECT_THAT(observer_.told, SizeIs(0));
  news_.Did(Step(StepKind::kZeros, 0, 480), 0, now_);
  ASSERT_THAT(observer_.told, SizeIs(1));
  EXPECT_EQ(observer_.told[0].kind, Kind::kSilence);
}

TEST_F(PlayoutNewsTest, WithoutARecordingOnlyTheFeedIsTold) {
  news_.SetObserver(nullptr);
  news_.Did(Step(StepKind::kDecode, 0, 480), 0, now_);
  EXPECT_THAT(observer_.told, SizeIs(0));
  EXPECT_EQ(news_.feed()->kept(), 1u);
}

}  // namespace
}  // namespace earshot
