#include "server/peak_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using testing::DoubleNear;

constexpr double kNear = 0.01;

TEST(PeakMeter, ShowsTheLoudestSampleWhateverItsSign) {
  PeakMeter meter;
  meter.Add(std::vector<float>{0.1f, -0.5f, 0.25f}, MonotonicTime());
  EXPECT_THAT(meter.dbfs(), DoubleNear(-6.02, kNear));
}

TEST(PeakMeter, ShowsSilenceAsTheLeastThereIs) {
  PeakMeter meter;
  EXPECT_EQ(meter.dbfs(), PeakMeter::kSilenceDb);
  meter.Add(std::vector<float>(480, 0.0f), MonotonicTime());
  EXPECT_EQ(meter.dbfs(), PeakMeter::kSilenceDb);
  meter.Add(std::vector<float>{1e-9f}, MonotonicTime());
  EXPECT_EQ(meter.dbfs(), PeakMeter::kSilenceDb);
}

TEST(PeakMeter, ForgetsAPeakWithinTwoHalves) {
  PeakMeter meter;
  MonotonicTime now;
  const std::vector<float> soft(240, 0.01f);
  meter.Add(std::vector<float>{1.0f}, now);
  for (int i = 0; i < 29; ++i) meter.Add(soft, now += milliseconds(5));
  EXPECT_THAT(meter.dbfs(), DoubleNear(0, kNear));
  for (int i = 0; i < 31; ++i) meter.Add(soft, now += milliseconds(5));
  EXPECT_THAT(meter.dbfs(), DoubleNear(-40, kNear));
}

}  // namespace
}  // namespace earshot
