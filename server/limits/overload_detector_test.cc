#include "server/limits/overload_detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

class OverloadDetectorTest : public testing::Test {
 protected:
  // Ticks a thread for some time, each so long.
  void Run(size_t thread, milliseconds took, seconds time) {
    for (const MonotonicTime end = now_ + time; now_ < end;
         now_ += milliseconds(5)) {
      detector_.OnTick(thread, milliseconds(0), took, now_);
    }
  }

  std::vector<bool> told_;
  OverloadDetector detector_{
      2, [this] { told_.push_back(detector_.overloaded()); }};
  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
};

TEST_F(OverloadDetectorTest, OneThreadIsEnough) {
  Run(0, milliseconds(5), seconds(10));
  EXPECT_TRUE(detector_.overloaded());
  Run(1, milliseconds(1), seconds(10));
  EXPECT_TRUE(detector_.overloaded());
  EXPECT_THAT(told_, ElementsAre(true));
}

TEST_F(OverloadDetectorTest, TellsOnceAndIsOverWhenAllThreadsRecovered) {
  Run(0, milliseconds(5), seconds(10));
  Run(1, milliseconds(5), seconds(10));
  Run(0, milliseconds(1), seconds(20));
  EXPECT_TRUE(detector_.overloaded());
  Run(1, milliseconds(1), seconds(20));
  EXPECT_FALSE(detector_.overloaded());
  EXPECT_THAT(told_, ElementsAre(true, false));
}

TEST_F(OverloadDetectorTest, AThreadThatPlaysNothingIsNotOverloaded) {
  Run(0, milliseconds(5), seconds(10));
  detector_.OnIdle(0);
  EXPECT_FALSE(detector_.overloaded());
  detector_.OnIdle(0);
  EXPECT_THAT(told_, ElementsAre(true, false));
}

}  // namespace
}  // namespace earshot
