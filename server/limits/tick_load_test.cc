#include "server/limits/tick_load.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class TickLoadTest : public testing::Test {
 protected:
  // Each tick of 5 ms begins so late and takes so long.
  void Run(microseconds late, microseconds took, milliseconds time) {
    for (const MonotonicTime end = now_ + time; now_ < end;
         now_ += milliseconds(5)) {
      load_.OnTick(late, took, now_);
    }
  }

  TickLoad load_;
  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
};

constexpr microseconds kOnTime{50};
constexpr microseconds kQuick{500};

TEST_F(TickLoadTest, WhoKeepsUpIsNotOverloaded) {
  Run(kOnTime, milliseconds(3), seconds(60));
  EXPECT_FALSE(load_.overloaded());
}

TEST_F(TickLoadTest, TicksThatTakeMostOfTheTimeAreOverload) {
  Run(kOnTime, microseconds(4200), milliseconds(3100));
  EXPECT_TRUE(load_.overloaded());
}

TEST_F(TickLoadTest, TicksThatComeLateAreOverload) {
  Run(milliseconds(12), kQuick, milliseconds(3100));
  EXPECT_TRUE(load_.overloaded());
}

TEST_F(TickLoadTest, LatenessThatNoMarginFeelsIsNone) {
  Run(milliseconds(9), kQuick, seconds(60));
  EXPECT_FALSE(load_.overloaded());
}

TEST_F(TickLoadTest, OneBadSecondIsNoOverload) {
  for (int i = 0; i < 10; ++i) {
    Run(milliseconds(30), milliseconds(5), milliseconds(900));
    Run(kOnTime, kQuick, milliseconds(1200));
    EXPECT_FALSE(load_.overloaded());
  }
}

TEST_F(TickLoadTest, IsOverOnlyAfterSomeCalmSeconds) {
  Run(kOnTime, milliseconds(5), seconds(4));
  ASSERT_TRUE(load_.overloaded());
  Run(kOnTime, kQuick, seconds(4));
  EXPECT_TRUE(load_.overloaded());
  Run(kOnTime, kQuick, seconds(3));
  EXPECT_FALSE(load_.overloaded());
}

TEST_F(TickLoadTest, NeitherHotNorCalmChangesNothing) {
  Run(kOnTime, microseconds(3500), seconds(20));
  EXPECT_FALSE(load_.overloaded());
  Run(kOnTime, milliseconds(5), seconds(4));
  ASSERT_TRUE(load_.overloaded());
  Run(kOnTime, microseconds(3500), seconds(60));
  EXPECT_TRUE(load_.overloaded());
}

TEST_F(TickLoadTest, OneHotSecondBeginsTheWaitAnew) {
  Run(kOnTime, milliseconds(5), seconds(4));
  for (int i = 0; i < 5; ++i) {
    Run(kOnTime, kQuick, seconds(3));
    Run(kOnTime, milliseconds(5), seconds(2));
    EXPECT_TRUE(load_.overloaded());
  }
}

TEST_F(TickLoadTest, WithNothingToPlayThereIsNoOverload) {
  Run(kOnTime, milliseconds(5), seconds(4));
  ASSERT_TRUE(load_.overloaded());
  load_.OnIdle();
  EXPECT_FALSE(load_.overloaded());
  now_ += seconds(100);
  Run(kOnTime, milliseconds(5), milliseconds(1100));
  EXPECT_FALSE(load_.overloaded());
}

TEST_F(TickLoadTest, TheLimitsAreThoseThatItIsGiven) {
  LoadLimits limits;
  limits.span = milliseconds(100);
  limits.hot_busy = 0.05;
  limits.calm_busy = 0;
  load_ = TickLoad(limits);
  Run(kOnTime, kQuick, milliseconds(190));
  EXPECT_FALSE(load_.overloaded());
  Run(kOnTime, kQuick, milliseconds(60));
  EXPECT_TRUE(load_.overloaded());
  Run(kOnTime, microseconds(0), seconds(60));
  EXPECT_TRUE(load_.overloaded());
  // It keeps them.
  load_.OnIdle();
  Run(kOnTime, kQuick, milliseconds(250));
  EXPECT_TRUE(load_.overloaded());
}

}  // namespace
}  // namespace earshot
