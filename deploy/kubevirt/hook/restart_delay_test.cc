#include "deploy/kubevirt/hook/restart_delay.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RestartDelayTest : public testing::Test {
 protected:
  milliseconds EndedAfter(milliseconds run) {
    const MonotonicTime started = now_;
    now_ += run;
    return delay_.Ended(started, now_);
  }

  MonotonicTime now_{seconds(1000)};
  RestartDelay delay_{{.first = milliseconds(100),
                       .cap = milliseconds(500),
                       .well = seconds(30)}};
};

TEST_F(RestartDelayTest, DoublesUpToTheCap) {
  EXPECT_EQ(EndedAfter(milliseconds(5)), milliseconds(100));
  EXPECT_EQ(EndedAfter(milliseconds(5)), milliseconds(200));
  EXPECT_EQ(EndedAfter(milliseconds(5)), milliseconds(400));
  EXPECT_EQ(EndedAfter(milliseconds(5)), milliseconds(500));
  EXPECT_EQ(EndedAfter(milliseconds(5)), milliseconds(500));
}

TEST_F(RestartDelayTest, BeginsAnewAfterALongRun) {
  EndedAfter(milliseconds(5));
  EndedAfter(milliseconds(5));
  EXPECT_EQ(EndedAfter(seconds(30)), milliseconds(100));
  EXPECT_EQ(EndedAfter(seconds(29)), milliseconds(200));
}

}  // namespace
}  // namespace earshot
