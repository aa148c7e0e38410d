#include "server/margin_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

double Ms(nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

class MarginHistoryTest : public testing::Test {
 protected:
  MarginHistory history_;
  MonotonicTime now_ = MonotonicTime() + seconds(1000);
};

TEST_F(MarginHistoryTest, KnowsNothingAtFirst) {
  EXPECT_FALSE(history_.Quantiles(now_).has_value());
}

TEST_F(MarginHistoryTest, TellsHowMarginsAreSpread) {
  for (int i = 0; i < 1000; ++i) {  // 10.0 ms to 109.9 ms
    history_.Add(microseconds(10000 + 100 * i), now_);
    now_ += milliseconds(10);
  }
  const auto quantiles = history_.Quantiles(now_);
  ASSERT_TRUE(quantiles.has_value());
  EXPECT_EQ(Ms(quantiles->min), 10);
  EXPECT_NEAR(Ms(quantiles->p1), 11, 11 * 0.13);
  EXPECT_NEAR(Ms(quantiles->p10), 20, 20 * 0.13);
  EXPECT_NEAR(Ms(quantiles->p50), 60, 60 * 0.13);
  EXPECT_NEAR(Ms(quantiles->p90), 100, 100 * 0.13);
}

TEST_F(MarginHistoryTest, ASmallMarginIsExactToAQuarterOfAMillisecond) {
  for (int i = 0; i < 100; ++i) history_.Add(microseconds(1900), now_);
  EXPECT_EQ(Ms(history_.Quantiles(now_)->p50), 1.9);  // not below the least
  history_.Add(microseconds(100), now_);
  EXPECT_EQ(Ms(history_.Quantiles(now_)->min), 0.1);
  EXPECT_EQ(Ms(history_.Quantiles(now_)->p50), 1.75);
}

TEST_F(MarginHistoryTest, WhatCameTooLateIsNegative) {
  for (int i = 0; i < 90; ++i) history_.Add(milliseconds(30), now_);
  for (int i = 0; i < 10; ++i) history_.Add(milliseconds(-50), now_);
  history_.Add(milliseconds(-700), now_);
  const auto quantiles = history_.Quantiles(now_);
  EXPECT_EQ(Ms(quantiles->min), -700);
  EXPECT_NEAR(Ms(quantiles->p1), -50, 50 * 0.13);
  EXPECT_LE(Ms(quantiles->p1), -50);
  EXPECT_NEAR(Ms(quantiles->p50), 30, 30 * 0.13);
}

TEST_F(MarginHistoryTest, ForgetsWhatIsOlderThanTwoMinutes) {
  history_.Add(milliseconds(-700), now_);
  now_ += seconds(60);
  history_.Add(milliseconds(20), now_);
  now_ += seconds(59);
  EXPECT_EQ(Ms(history_.Quantiles(now_)->min), -700);
  now_ += seconds(11);
  EXPECT_EQ(Ms(history_.Quantiles(now_)->min), 20);
  now_ += seconds(120);
  EXPECT_FALSE(history_.Quantiles(now_).has_value());
}

TEST_F(MarginHistoryTest, AnyMarginHasItsPlace) {
  for (const nanoseconds margin :
       {nanoseconds::min(), nanoseconds::max(), nanoseconds(0), nanoseconds(-1),
        nanoseconds(1), nanoseconds(seconds(4)), nanoseconds(-seconds(4)),
        nanoseconds(seconds(100))}) {
    MarginHistory history;
    history.Add(margin, now_);
    EXPECT_EQ(history.Quantiles(now_)->min, margin);
    EXPECT_GE(history.Quantiles(now_)->p90, margin);
  }
}

TEST_F(MarginHistoryTest, MoreThanItCanCountDoesNoHarm) {
  for (int i = 0; i < 100000; ++i) history_.Add(milliseconds(20), now_);
  EXPECT_NEAR(Ms(history_.Quantiles(now_)->p50), 20, 20 * 0.13);
}

}  // namespace
}  // namespace earshot
