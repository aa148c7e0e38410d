#include "device/sample_conversion.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace earshot {
namespace {

template <typename Sample>
std::vector<float> Converted(SampleFormat format,
                             const std::vector<Sample>& samples) {
  std::vector<uint8_t> bytes(samples.size() * sizeof(Sample));
  std::memcpy(bytes.data(), samples.data(), bytes.size());
  std::vector<float> converted(samples.size());
  ConvertToFloat(format, bytes, absl::MakeSpan(converted));
  return converted;
}

TEST(SampleConversionTest, Every16BitSampleSurvivesTheWayThereAndBack) {
  std::vector<int16_t> all;
  for (int sample = -32768; sample <= 32767; ++sample) {
    all.push_back(static_cast<int16_t>(sample));
  }
  const std::vector<float> converted = Converted(SampleFormat::kS16, all);
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(std::lrint(converted[i] * 32768.0f), all[i]);
  }
}

TEST(SampleConversionTest, FullScaleOf32BitsIsFullScale) {
  const std::vector<float> converted =
      Converted<int32_t>(SampleFormat::kS32, {INT32_MIN, 0, 1 << 30});
  EXPECT_EQ(converted, (std::vector<float>{-1.0f, 0.0f, 0.5f}));
}

TEST(SampleConversionTest, FloatsThatNobodyCanPlayAreMended) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> converted = Converted<float>(
      SampleFormat::kFloat32, {0.25f, 7.0f, -infinity, infinity, nan});
  EXPECT_EQ(converted, (std::vector<float>{0.25f, 1.0f, -1.0f, 1.0f, 0.0f}));
}

}  // namespace
}  // namespace earshot
