#include "tests/benchmark/latency/carrier_watch.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class CarrierWatchTest : public ::testing::Test {
 protected:
  // Plays on at `speed` times the carrier's pitch.
  void Play(double seconds, double speed = 1) {
    for (int i = 0; i < seconds * kImpulseRate; ++i) {
      Add(0.2 * std::sin(phase_));
      phase_ += 2 * std::numbers::pi * kCarrierHz * speed / kImpulseRate;
    }
  }
  void Silence(double seconds) {
    for (int i = 0; i < seconds * kImpulseRate; ++i) Add(0);
  }
  void LeaveOut(double seconds) {
    phase_ += 2 * std::numbers::pi * kCarrierHz * seconds;
  }

  std::vector<CarrierWatch::Break> breaks_;

 private:
  void Add(double sample) {
    const auto found = watch_.Add(static_cast<float>(sample));
    if (found) breaks_.push_back(*found);
  }

  CarrierWatch watch_;
  double phase_ = 0;
};

TEST_F(CarrierWatchTest, ASteadyCarrierHasNoBreak) {
  Silence(0.3);
  Play(2);
  EXPECT_THAT(breaks_, IsEmpty());
}

TEST_F(CarrierWatchTest, AClockThatIsOffIsNoBreak) {
  Play(1);
  Play(1, 1.008);
  Play(1, 0.992);
  EXPECT_THAT(breaks_, IsEmpty());
}

TEST_F(CarrierWatchTest, AGapIsHeardAndMeasured) {
  Play(1);
  Silence(0.012);
  Play(1);
  ASSERT_THAT(breaks_, SizeIs(1));
  EXPECT_NEAR(breaks_[0].gap_ms, 12, 2.1);
}

TEST_F(CarrierWatchTest, SoundThatIsLeftOutIsHeard) {
  Play(1);
  LeaveOut(0.0105);
  Play(1);
  ASSERT_THAT(breaks_, SizeIs(1));
  EXPECT_EQ(breaks_[0].gap_ms, 0);
  EXPECT_NEAR(breaks_[0].jump_ms, 0.5, 0.1);
}

TEST_F(CarrierWatchTest, ASingleSampleIsNoBreak) {
  Play(1);
  LeaveOut(1.0 / kImpulseRate);
  Play(1);
  EXPECT_THAT(breaks_, IsEmpty());
}

TEST_F(CarrierWatchTest, EachBreakCounts) {
  Play(1);
  for (int i = 0; i < 5; ++i) {
    Silence(0.02);
    Play(0.5);
  }
  EXPECT_THAT(breaks_, SizeIs(5));
}

}  // namespace
}  // namespace earshot
