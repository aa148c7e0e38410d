#include "server/underrun_watch.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kNone(0);
constexpr milliseconds kTick(5);

class UnderrunWatchTest : public testing::Test {
 protected:
  void Pull(milliseconds after = kTick) {
    now_ += after;
    watch_.OnPull(kTick, now_);
  }
  std::optional<UnderrunCause> Media(nanoseconds late = kNone,
                                     nanoseconds source_late = kNone) {
    return watch_.OnMedia(late, source_late, now_);
  }

  MonotonicTime now_ = MonotonicTime() + seconds(100);
  UnderrunWatch watch_{now_};
};

TEST_F(UnderrunWatchTest, MediaInTimeIsNoUnderrun) {
  Pull();
  EXPECT_FALSE(Media());
  EXPECT_EQ(watch_.counts().total(), 0);
}

TEST_F(UnderrunWatchTest, APacketThatCameTooLate) {
  Pull();
  watch_.OnDry(now_);
  EXPECT_EQ(watch_.dry_since(), now_);
  now_ += milliseconds(30);
  EXPECT_EQ(Media(milliseconds(40)), UnderrunCause::kNetworkLate);
  EXPECT_FALSE(watch_.dry_since());
  EXPECT_FALSE(Media());
  EXPECT_EQ(watch_.counts().network_late, 1);
}

TEST_F(UnderrunWatchTest, ASourceThatGaveItTooLate) {
  Pull();
  watch_.OnDry(now_);
  now_ += milliseconds(30);
  EXPECT_EQ(Media(milliseconds(40), milliseconds(35)),
            UnderrunCause::kSourceStarved);
  EXPECT_EQ(watch_.counts().source_starved, 1);
}

TEST_F(UnderrunWatchTest, ASourceThatWasALittleLateIsNotToBlame) {
  Pull();
  watch_.OnDry(now_);
  now_ += milliseconds(30);
  EXPECT_EQ(Media(milliseconds(40), milliseconds(10)),
            UnderrunCause::kNetworkLate);
}

TEST_F(UnderrunWatchTest, NothingForASecondIsAnOutage) {
  Media();
  now_ += milliseconds(20);
  watch_.OnDry(now_);
  now_ += milliseconds(990);
  EXPECT_EQ(Media(), UnderrunCause::kOutage);
}

TEST_F(UnderrunWatchTest, ABrokenCallIsAnOutage) {
  Media();
  watch_.OnCallLost();
  watch_.OnDry(now_);
  watch_.OnCallResumed(now_);
  EXPECT_EQ(Media(), UnderrunCause::kOutage);
  watch_.OnDry(now_);
  watch_.OnCallLost();
  watch_.OnCallResumed(now_);
  EXPECT_EQ(Media(), UnderrunCause::kOutage);
  watch_.OnDry(now_);
  EXPECT_EQ(Media(), UnderrunCause::kNetworkLate);
}

TEST_F(UnderrunWatchTest, RunningDryRightAfterALatePullIsOverload) {
  Pull();
  Pull(milliseconds(50));
  watch_.OnDry(now_);
  EXPECT_EQ(Media(), UnderrunCause::kServerOverload);
  Pull();
  for (int i = 0; i < 20; ++i) Pull();
  watch_.OnDry(now_);
  EXPECT_EQ(Media(), UnderrunCause::kNetworkLate);
}

TEST_F(UnderrunWatchTest, AfterAPauseNoPullIsLate) {
  Pull();
  now_ += seconds(10);
  watch_.OnIdle(now_);
  Pull();
  watch_.OnDry(now_);
  EXPECT_EQ(Media(), UnderrunCause::kNetworkLate);
}

TEST_F(UnderrunWatchTest, WhatWasForgottenDoesNotCount) {
  watch_.OnDry(now_);
  watch_.Forget();
  EXPECT_FALSE(Media());
}

TEST_F(UnderrunWatchTest, CountsAddUp) {
  UnderrunCounts counts{1, 2, 3, 4};
  counts += {10, 20, 30, 40};
  EXPECT_EQ(counts.network_late, 11);
  EXPECT_EQ(counts.server_overload, 44);
  EXPECT_EQ(counts.total(), 110);
}

}  // namespace
}  // namespace earshot
