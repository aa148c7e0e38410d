#include "sinks/card_pull.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sinks/fake_source.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kStart = MonotonicTime() + std::chrono::hours(1);

class CardPullTest : public testing::Test {
 protected:
  // The card asks for so many frames.
  void Ask(size_t frames, MonotonicTime now) {
    heard_.assign(frames * 2, 9.0f);
    pull_.Fill(absl::MakeSpan(heard_), now);
  }

  FakeSource source_{2};
  CardPull pull_{48000, 2};
  std::vector<float> heard_;
};

TEST_F(CardPullTest, TheCardAloneIsTheClockWhileItAsks) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  for (int i = 1; i <= 100; ++i) {
    Ask(480, kStart + milliseconds(10 * i));
    pull_.Tick(kStart + milliseconds(10 * i + 5));
  }
  EXPECT_EQ(source_.pulled_frames, 48000);
  EXPECT_FALSE(pull_.paced());
}

TEST_F(CardPullTest, HearsWhatTheSourcePlaysAlsoInOneLargePull) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  source_.media.assign(4000, 0.5f);
  Ask(2000, kStart);
  EXPECT_EQ(heard_, std::vector<float>(4000, 0.5f));
  EXPECT_EQ(source_.pulled_frames, 2000);
}

TEST_F(CardPullTest, TheClockPullsAtOnceWhereThereIsNoCard) {
  pull_.Start(&source_, kStart);
  pull_.Tick(kStart + milliseconds(5));
  EXPECT_EQ(source_.pulled_frames, 240);
  EXPECT_TRUE(pull_.paced());
}

TEST_F(CardPullTest, ACardThatGoesAwayLeavesNoGap) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  Ask(480, kStart + milliseconds(10));
  pull_.SetCardThere(false);
  pull_.Tick(kStart + milliseconds(15));
  EXPECT_EQ(source_.pulled_frames, 480);
  pull_.Tick(kStart + milliseconds(25));
  EXPECT_EQ(source_.pulled_frames, 480 + 240);
}

TEST_F(CardPullTest, ACardThatHangsIsWaitedForAndThenMadeUpFor) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  const MonotonicTime due = kStart + CardPull::kStartPatience;
  for (int i = 0; i < 10; ++i) Ask(480, due - milliseconds(10));
  pull_.Tick(due + CardPull::kPatience - milliseconds(1));
  EXPECT_EQ(source_.pulled_frames, 4800);
  pull_.Tick(due + CardPull::kPatience);
  EXPECT_EQ(source_.pulled_frames, 4800 + 2880);
  pull_.Tick(due + CardPull::kPatience + milliseconds(5));
  EXPECT_EQ(source_.pulled_frames, 4800 + 2880 + 240);
}

TEST_F(CardPullTest, ACardThatStartsIsWaitedForLonger) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  Ask(480, kStart);
  pull_.Tick(kStart + CardPull::kStartPatience - milliseconds(1));
  EXPECT_EQ(source_.pulled_frames, 480);
  EXPECT_FALSE(pull_.paced());
  pull_.Tick(kStart + CardPull::kStartPatience);
  EXPECT_TRUE(pull_.paced());
  EXPECT_EQ(source_.pulled_frames, 9600);
}

TEST_F(CardPullTest, AProcessThatStoodStillIsNotMadeUpFor) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  pull_.Tick(kStart + std::chrono::seconds(10));
  EXPECT_EQ(source_.pulled_frames, 48 * 250);
}

TEST_F(CardPullTest, ACardThatComesBackIsHeardOnceItRuns) {
  pull_.Start(&source_, kStart);
  for (int ms = 5; ms <= 1000; ms += 5) pull_.Tick(kStart + milliseconds(ms));
  pull_.SetCardThere(true);
  source_.media.assign(96000, 0.5f);
  Ask(480, kStart + milliseconds(1000));
  Ask(120, kStart + milliseconds(1002));
  Ask(120, kStart + milliseconds(1004));
  EXPECT_EQ(heard_, std::vector<float>(240, 0.0f));
  EXPECT_EQ(source_.pulled_frames, 48000);
  pull_.Tick(kStart + milliseconds(1005));
  EXPECT_EQ(source_.pulled_frames, 48240);
  Ask(120, kStart + milliseconds(1007));
  EXPECT_EQ(heard_, std::vector<float>(240, 0.5f));
  EXPECT_EQ(source_.pulled_frames, 48 * 1007 + 120);
  EXPECT_FALSE(pull_.paced());
}

// A sound server that restarts asks, stops and asks again before it runs.
TEST_F(CardPullTest, ARestartLeavesNoDelayAndNoLongHole) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  int64_t least = 0;
  for (int ms = 0; ms <= 3000; ms += 5) {
    const MonotonicTime now = kStart + milliseconds(ms);
    if (ms == 1000) pull_.SetCardThere(false);
    if (ms == 1500) pull_.SetCardThere(true);
    const bool runs = ms < 940 || ms > 2300;
    if (runs || (ms >= 1500 && ms % 150 == 0)) Ask(240, now);
    pull_.Tick(now);
    least = std::min(least, source_.pulled_frames - 48 * ms);
  }
  EXPECT_GE(least, -48 * 70);
  EXPECT_NEAR(static_cast<double>(source_.pulled_frames), 48 * 3000, 48 * 10);
}

TEST_F(CardPullTest, TheCardTakesOverAgainWhenItAsks) {
  pull_.Start(&source_, kStart);
  pull_.Tick(kStart + milliseconds(5));
  pull_.SetCardThere(true);
  Ask(480, kStart + milliseconds(6));
  EXPECT_FALSE(pull_.paced());
  pull_.Tick(kStart + milliseconds(10));
  EXPECT_EQ(source_.pulled_frames, 288 + 480);
}

TEST_F(CardPullTest, ANewCardIsGivenTimeToAskFirst) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  pull_.Tick(kStart + milliseconds(5));
  EXPECT_EQ(source_.pulled_frames, 0);
}

TEST_F(CardPullTest, NobodyIsAskedAfterTheStop) {
  pull_.SetCardThere(true);
  pull_.Start(&source_, kStart);
  pull_.Stop();
  Ask(100, kStart);
  pull_.Tick(kStart + std::chrono::seconds(1));
  EXPECT_EQ(source_.pulled_frames, 0);
  EXPECT_EQ(heard_, std::vector<float>(200, 0.0f));
}

}  // namespace
}  // namespace earshot
