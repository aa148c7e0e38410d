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

struct IntegerFormat {
  const char* name;
  SampleFormat format;
  int bytes;
  int bits;
  bool is_signed;
};

// An independent list of what Linux's sound/core/pcm_misc.c says of them.
constexpr IntegerFormat kIntegers[] = {
    {"S8", SampleFormat::kS8, 1, 8, true},
    {"U8", SampleFormat::kU8, 1, 8, false},
    {"S16", SampleFormat::kS16, 2, 16, true},
    {"U16", SampleFormat::kU16, 2, 16, false},
    {"S18_3", SampleFormat::kS18In3, 3, 18, true},
    {"U18_3", SampleFormat::kU18In3, 3, 18, false},
    {"S20_3", SampleFormat::kS20In3, 3, 20, true},
    {"U20_3", SampleFormat::kU20In3, 3, 20, false},
    {"S24_3", SampleFormat::kS24In3, 3, 24, true},
    {"U24_3", SampleFormat::kU24In3, 3, 24, false},
    {"S20", SampleFormat::kS20, 4, 20, true},
    {"U20", SampleFormat::kU20, 4, 20, false},
    {"S24", SampleFormat::kS24, 4, 24, true},
    {"U24", SampleFormat::kU24, 4, 24, false},
    {"S32", SampleFormat::kS32, 4, 32, true},
    {"U32", SampleFormat::kU32, 4, 32, false},
};

// One sample whose value is `value` steps from silence, with `above` in the
// bits that do not count.
float OfValue(const IntegerFormat& format, int64_t value, uint64_t above) {
  const int64_t middle = int64_t{1} << (format.bits - 1);
  const uint64_t mask = (uint64_t{1} << format.bits) - 1;
  const uint64_t raw =
      (static_cast<uint64_t>(format.is_signed ? value : value + middle) &
       mask) |
      (above & ~mask);
  std::vector<uint8_t> bytes(format.bytes);
  for (int i = 0; i < format.bytes; ++i) {
    bytes[i] = static_cast<uint8_t>(raw >> (8 * i));
  }
  float converted = NAN;
  ConvertToFloat(format.format, bytes, absl::MakeSpan(&converted, 1));
  return converted;
}

TEST(SampleConversionTest, ExtremesOfEveryIntegerAreExact) {
  for (const IntegerFormat& format : kIntegers) {
    const int64_t full = int64_t{1} << (format.bits - 1);
    for (uint64_t above : {uint64_t{0}, ~uint64_t{0}}) {
      EXPECT_EQ(OfValue(format, 0, above), 0.0f) << format.name;
      EXPECT_EQ(OfValue(format, -full, above), -1.0f) << format.name;
      EXPECT_EQ(OfValue(format, full / 2, above), 0.5f) << format.name;
      EXPECT_EQ(OfValue(format, -full / 2, above), -0.5f) << format.name;
      const float step = 1.0f / static_cast<float>(full);
      EXPECT_EQ(OfValue(format, 1, above), step) << format.name;
      EXPECT_EQ(OfValue(format, -1, above), -step) << format.name;
      // The highest of 32 bits is rounded to full scale.
      EXPECT_EQ(OfValue(format, full - 1, above),
                format.bits == 32 ? 1.0f : 1.0f - step)
          << format.name;
    }
  }
}

TEST(SampleConversionTest, EveryValueUpTo24BitsSurvivesTheWayThereAndBack) {
  for (const IntegerFormat& format : kIntegers) {
    if (format.bits > 24) continue;
    const int64_t full = int64_t{1} << (format.bits - 1);
    // A prime step, so that all bits vary.
    const int64_t step = format.bits > 16 ? 251 : 1;
    for (int64_t value = -full; value < full; value += step) {
      const float converted = OfValue(format, value, 0);
      ASSERT_EQ(std::llrint(static_cast<double>(converted) *
                            static_cast<double>(full)),
                value)
          << format.name;
    }
  }
}

TEST(SampleConversionTest, Of32BitsTheUpper24Survive) {
  const std::vector<float> converted = Converted<int32_t>(
      SampleFormat::kS32, {INT32_MIN, 0, 1 << 30, 0x12345600, -0x12345600});
  EXPECT_EQ(converted,
            (std::vector<float>{-1.0f, 0.0f, 0.5f, 0x123456 / 8388608.0f,
                                -0x123456 / 8388608.0f}));
}

TEST(SampleConversionTest, SamplesFollowOnEachOther) {
  std::vector<float> converted(3);
  ConvertToFloat(SampleFormat::kS24In3, {0, 0, 0x40, 0, 0, 0xc0, 0, 0, 0x80},
                 absl::MakeSpan(converted));
  EXPECT_EQ(converted, (std::vector<float>{0.5f, -0.5f, -1.0f}));
}

template <typename Float>
void ExpectMended(SampleFormat format) {
  using Limits = std::numeric_limits<Float>;
  const std::vector<float> converted = Converted<Float>(
      format,
      {Float{0.25}, Float{-1}, Float{1}, Float{7}, -Limits::infinity(),
       Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN(),
       Limits::signaling_NaN(), Limits::max(), Limits::lowest(), Float{-0.0}});
  EXPECT_EQ(converted,
            (std::vector<float>{0.25f, -1.0f, 1.0f, 1.0f, -1.0f, 1.0f, 0.0f,
                                0.0f, 0.0f, 1.0f, -1.0f, 0.0f}));
}

TEST(SampleConversionTest, FloatsThatNobodyCanPlayAreMended) {
  ExpectMended<float>(SampleFormat::kFloat32);
  ExpectMended<double>(SampleFormat::kFloat64);
}

TEST(SampleConversionTest, WhatIsTooSmallToBeANormalFloatIsSilence) {
  const float least = std::numeric_limits<float>::min();
  const float denormal = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(Converted<float>(SampleFormat::kFloat32,
                             {least, least / 2, denormal, -denormal}),
            (std::vector<float>{least, 0, 0, 0}));
  EXPECT_EQ(
      Converted<double>(SampleFormat::kFloat64,
                        {double{least}, double{least} / 2, double{denormal},
                         std::numeric_limits<double>::denorm_min(),
                         -std::numeric_limits<double>::min()}),
      (std::vector<float>{least, 0, 0, 0, 0}));
}

TEST(SampleConversionTest, FloatsOf64BitsKeepTheir24UpperBits) {
  EXPECT_EQ(Converted<double>(SampleFormat::kFloat64,
                              {0.5 + 0x1p-24, 0.1, -1 + 0x1p-24}),
            (std::vector<float>{0.5f + 0x1p-24f, 0.1f, -1 + 0x1p-24f}));
}

}  // namespace
}  // namespace earshot
