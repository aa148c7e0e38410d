#include "client/stall_guard.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kStart(std::chrono::hours(1));

TEST(StallGuardTest, TheBudgetIsHalfARingAndEightyMillisecondsAtMost) {
  StallGuard guard;
  guard.Reset(4800, 48000);
  EXPECT_EQ(guard.budget(), milliseconds(50));
  guard.Reset(48000, 48000);
  EXPECT_EQ(guard.budget(), milliseconds(80));
  guard.Reset(0, 48000);
  EXPECT_EQ(guard.budget(), milliseconds(80));
}

TEST(StallGuardTest, AWaitBeginsOnceAndIsCounted) {
  StallGuard guard;
  guard.Reset(0, 48000);
  guard.End(kStart);
  EXPECT_EQ(guard.total(), milliseconds(0));
  guard.Wait(kStart);
  guard.Wait(kStart + milliseconds(10));
  EXPECT_TRUE(guard.waiting());
  EXPECT_EQ(guard.Deadline(kStart + milliseconds(10), guard.budget()),
            kStart + milliseconds(80));
  guard.End(kStart + milliseconds(30));
  EXPECT_FALSE(guard.waiting());
  EXPECT_EQ(guard.total(), milliseconds(30));
}

}  // namespace
}  // namespace earshot
