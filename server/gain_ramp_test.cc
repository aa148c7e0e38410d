#include "server/gain_ramp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "server/play_volume.h"

namespace earshot {
namespace {

using ::testing::Each;
using ::testing::FloatNear;

constexpr int kRate = 48000;
constexpr int kRampFrames = 480;

// What the ramp makes of so many stereo frames of this sample.
std::vector<float> Apply(GainRamp& ramp, int frames, float sample = 1) {
  std::vector<float> sound(static_cast<size_t>(frames) * 2, sample);
  ramp.Apply(absl::MakeSpan(sound));
  return sound;
}

TEST(GainRampTest, AtOneSoundGoesThroughBitByBit) {
  GainRamp ramp(kRate, 2, 1);
  std::vector<float> sound;
  for (int i = 0; i < 2000; ++i) {
    sound.push_back(std::sin(static_cast<float>(i)) *
                    (i % 7 == 0 ? 3 : 1e-40f));
  }
  std::vector<float> out = sound;
  ramp.Apply(absl::MakeSpan(out));
  EXPECT_EQ(out, sound);
}

TEST(GainRampTest, BeginsWithoutARamp) {
  GainRamp ramp(kRate, 2, 0.25f);
  EXPECT_THAT(Apply(ramp, 10), Each(0.25f));
}

TEST(GainRampTest, AtZeroNothingIsHeardNotEvenWhatIsNoNumber) {
  GainRamp ramp(kRate, 2, 0);
  EXPECT_THAT(Apply(ramp, 100, NAN), Each(0.0f));
}

TEST(GainRampTest, GoesInTenMillisecondsWithoutAStep) {
  GainRamp ramp(kRate, 2, 1);
  ramp.SetTarget(0);
  std::vector<float> sound;
  // In pieces, as sinks pull.
  for (int i = 0; i < 10; ++i) {
    const std::vector<float> piece = Apply(ramp, 60);
    sound.insert(sound.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(sound[0], 1);
  for (size_t i = 2; i < sound.size(); ++i) {
    EXPECT_LE(sound[i], sound[i - 2]);
    EXPECT_THAT(sound[i], FloatNear(sound[i - 2], 1.01f / kRampFrames));
  }
  // Both channels alike, and exactly silent once it is over.
  EXPECT_EQ(sound[100], sound[101]);
  EXPECT_GT(sound[2 * kRampFrames - 2], 0);
  EXPECT_EQ(sound[2 * kRampFrames], 0);
}

TEST(GainRampTest, ComesBackToExactlyOne) {
  GainRamp ramp(kRate, 2, 0.001f);
  ramp.SetTarget(1);
  Apply(ramp, kRampFrames);
  EXPECT_THAT(Apply(ramp, 10, 0.1f), Each(0.1f));
}

TEST(GainRampTest, ATargetThatChangesOnTheWayIsGoneToFromThere) {
  GainRamp ramp(kRate, 2, 1);
  ramp.SetTarget(0);
  const float last = Apply(ramp, kRampFrames / 2).back();
  ramp.SetTarget(1);
  const std::vector<float> back = Apply(ramp, kRampFrames);
  EXPECT_THAT(back.front(), FloatNear(last, 0.01f));
  EXPECT_THAT(Apply(ramp, 1), Each(1.0f));
}

TEST(GainRampTest, TheSameTargetStartsNoRamp) {
  GainRamp ramp(kRate, 2, 0.5f);
  ramp.SetTarget(0);
  Apply(ramp, kRampFrames / 2);
  ramp.SetTarget(0);
  Apply(ramp, kRampFrames / 2);
  EXPECT_THAT(Apply(ramp, 1), Each(0.0f));
}

TEST(PlayVolumeTest, TheFactorIsExactAtBothEnds) {
  EXPECT_EQ((VolumeSetting{0, false}.factor()), 1.0f);
  EXPECT_EQ((VolumeSetting{-0.0, false}.factor()), 1.0f);
  EXPECT_EQ((VolumeSetting{0, true}.factor()), 0.0f);
  EXPECT_EQ((VolumeSetting{-60, false}.factor()), 0.0f);
  EXPECT_EQ((VolumeSetting{-1e300, false}.factor()), 0.0f);
  EXPECT_NEAR((VolumeSetting{-20, false}.factor()), 0.1, 1e-7);
  EXPECT_NEAR((VolumeSetting{-59.5, false}.factor()), 0.001059, 1e-6);
}

}  // namespace
}  // namespace earshot
