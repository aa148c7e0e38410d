#include "tests/benchmark/latency/impulse_detector.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

struct Heard {
  std::vector<Impulse> sent;
  std::vector<ImpulseDetector::Found> found;
};

// `harm` changes what is sent.
template <typename Harm>
Heard Listen(int seconds, Harm harm) {
  ImpulseSignal signal(3);
  ImpulseDetector detector;
  Heard heard;
  std::vector<int16_t> block(960);
  for (int i = 0; i < seconds * 100; ++i) {
    for (const Impulse& impulse : signal.Render(absl::MakeSpan(block))) {
      heard.sent.push_back(impulse);
    }
    for (size_t at = 0; at < block.size(); at += 2) {
      const auto found = detector.Add(harm(block[at] / 32768.0F));
      if (found) heard.found.push_back(*found);
    }
  }
  return heard;
}

TEST(ImpulseDetectorTest, FindsEachImpulseToTheFrame) {
  const Heard heard = Listen(6, [](float sample) { return sample; });
  ASSERT_EQ(heard.found.size(), heard.sent.size());
  for (size_t i = 0; i < heard.sent.size(); ++i) {
    EXPECT_EQ(heard.found[i].id, heard.sent[i].id());
    EXPECT_NEAR(static_cast<double>(heard.found[i].first_frame),
                static_cast<double>(heard.sent[i].first_frame), 2);
  }
}

TEST(ImpulseDetectorTest, FindsThemInNoiseAndClipped) {
  uint32_t random = 1;
  const Heard heard = Listen(6, [&random](float sample) {
    random = random * 1664525 + 1013904223;
    const float noise =
        0.1F * (static_cast<float>(random >> 8) / (1 << 23) - 1);
    return std::clamp(sample + noise, -0.5F, 0.5F);
  });
  ASSERT_EQ(heard.found.size(), heard.sent.size());
  for (size_t i = 0; i < heard.sent.size(); ++i) {
    EXPECT_EQ(heard.found[i].id, heard.sent[i].id());
    EXPECT_NEAR(static_cast<double>(heard.found[i].first_frame),
                static_cast<double>(heard.sent[i].first_frame), 10);
  }
}

TEST(ImpulseDetectorTest, FindsNothingInACrackle) {
  ImpulseDetector detector;
  for (int i = 0; i < 48000; ++i) {
    EXPECT_FALSE(detector.Add(i % 9000 == 0 ? 0.9F : 0.0F).has_value());
  }
}

}  // namespace
}  // namespace earshot
