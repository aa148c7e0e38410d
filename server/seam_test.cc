#include "server/seam.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr size_t kFade = 8 * 48;
// A step of less than this from frame to frame does not click: a sine of
// 500 Hz at full scale has as much.
constexpr float kSmooth = 0.07f;

class SeamTest : public testing::Test {
 protected:
  std::vector<float> Media(float value, size_t frames = 240) {
    std::vector<float> sound(frames, value);
    seam_.Media(absl::MakeSpan(sound));
    return Heard(sound);
  }

  std::vector<float> Gap(size_t frames = 240) {
    std::vector<float> sound(frames, 0.0f);
    seam_.Gap(absl::MakeSpan(sound));
    return Heard(sound);
  }

  std::vector<float> Heard(const std::vector<float>& sound) {
    heard_.insert(heard_.end(), sound.begin(), sound.end());
    return sound;
  }

  float WorstStep() const {
    float worst = 0;
    for (size_t i = 1; i < heard_.size(); ++i) {
      worst = std::max(worst, std::abs(heard_[i] - heard_[i - 1]));
    }
    return worst;
  }

  Seam seam_{kRate, 1};
  std::vector<float> heard_;
};

TEST_F(SeamTest, ChangesNothingWhereNothingIsMissing) {
  EXPECT_EQ(Media(0.5f), std::vector<float>(240, 0.5f));
  EXPECT_EQ(Media(-1.0f), std::vector<float>(240, -1.0f));
}

TEST_F(SeamTest, FadesFromTheLastSoundIntoWhatFollowsASkip) {
  Media(0.9f);
  seam_.Skipped();
  Media(-0.9f, 100);  // a fade lasts over pulls
  Media(-0.9f, 1000);
  EXPECT_LT(WorstStep(), kSmooth);
  EXPECT_EQ(heard_[240 + kFade], -0.9f);
  EXPECT_EQ(heard_.back(), -0.9f);
  EXPECT_EQ(Media(0.1f), std::vector<float>(240, 0.1f));
}

TEST_F(SeamTest, TheLastSoundDecaysInAGap) {
  Media(0.9f);
  Gap(100);
  Gap(1000);
  EXPECT_LT(WorstStep(), kSmooth);
  EXPECT_EQ(heard_.back(), 0.0f);
  EXPECT_EQ(heard_[240 + kFade], 0.0f);
  EXPECT_EQ(Gap(), std::vector<float>(240, 0.0f));
}

TEST_F(SeamTest, WhatComesAfterAnUnderrunIsUnchanged) {
  Media(0.9f);
  Gap(1000);
  EXPECT_EQ(Media(0.9f), std::vector<float>(240, 0.9f));
}

TEST_F(SeamTest, ASkipAfterAnUnderrunFadesIn) {
  Media(0.9f);
  Gap(1000);
  seam_.Skipped();
  Gap(1000);
  Media(0.9f, 1000);
  EXPECT_LT(WorstStep(), kSmooth);
  EXPECT_EQ(heard_.back(), 0.9f);
}

TEST_F(SeamTest, ASkipWithinAFadeFadesFromWhatIsHeard) {
  Media(0.9f);
  seam_.Skipped();
  Media(-0.9f, 100);
  seam_.Skipped();
  Media(0.0f, 1000);
  EXPECT_LT(WorstStep(), kSmooth);
}

TEST_F(SeamTest, AnUnderrunWithinAFadeDecaysFromWhatIsHeard) {
  Media(0.9f);
  seam_.Skipped();
  Media(-0.9f, 100);
  Gap(1000);
  EXPECT_LT(WorstStep(), kSmooth);
}

TEST_F(SeamTest, NothingDecaysAfterSilence) {
  Media(0.9f);
  seam_.Silence();
  EXPECT_EQ(Gap(), std::vector<float>(240, 0.0f));
}

TEST_F(SeamTest, EachChannelHasItsOwn) {
  Seam seam(kRate, 2);
  std::vector<float> sound = {0.5f, -0.5f};
  seam.Media(absl::MakeSpan(sound));
  std::vector<float> gap(2000, 0.0f);
  seam.Gap(absl::MakeSpan(gap));
  EXPECT_GT(gap[0], 0.49f);
  EXPECT_LT(gap[1], -0.49f);
}

}  // namespace
}  // namespace earshot
