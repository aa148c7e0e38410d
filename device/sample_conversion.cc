#include "device/sample_conversion.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace earshot {
namespace {

static_assert(std::endian::native == std::endian::little,
              "guest samples are little-endian and are copied as they are");

// An integer of kBytes whose lowest kBits count; whatever is above them is
// dropped. Unsigned ones are silent at the middle of their range.
template <int kBytes, int kBits, bool kSigned>
struct Integer {
  static constexpr int kSize = kBytes;
  static float FromGuest(const uint8_t* bytes) {
    uint32_t sample = 0;
    if constexpr (kBytes == 3) {
      // A copy of three bytes is read back before it is written: ten times
      // slower.
      sample = bytes[0] | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16;
    } else {
      std::memcpy(&sample, bytes, kBytes);
    }
    sample <<= 32 - kBits;
    if (!kSigned) sample ^= 0x80000000u;
    return static_cast<float>(static_cast<int32_t>(sample)) / 2147483648.0f;
  }
};

template <typename Float>
struct FloatingPoint {
  static constexpr int kSize = sizeof(Float);
  static float FromGuest(const uint8_t* bytes) {
    Float sample;
    std::memcpy(&sample, bytes, kSize);
    // Nobody hears a denormal, and a codec computes with it slowly. NaN fails
    // this comparison, too.
    if (!(std::abs(sample) >= std::numeric_limits<float>::min())) return 0;
    return static_cast<float>(std::clamp<Float>(sample, -1, 1));
  }
};

template <typename Sample>
void Convert(absl::Span<const uint8_t> bytes, absl::Span<float> samples) {
  const uint8_t* in = bytes.data();
  for (float& sample : samples) {
    sample = Sample::FromGuest(in);
    in += Sample::kSize;
  }
}

}  // namespace

void ConvertToFloat(SampleFormat format, absl::Span<const uint8_t> bytes,
                    absl::Span<float> samples) {
  switch (format) {
    case SampleFormat::kS8:
      return Convert<Integer<1, 8, true>>(bytes, samples);
    case SampleFormat::kU8:
      return Convert<Integer<1, 8, false>>(bytes, samples);
    case SampleFormat::kS16:
      return Convert<Integer<2, 16, true>>(bytes, samples);
    case SampleFormat::kU16:
      return Convert<Integer<2, 16, false>>(bytes, samples);
    case SampleFormat::kS18In3:
      return Convert<Integer<3, 18, true>>(bytes, samples);
    case SampleFormat::kU18In3:
      return Convert<Integer<3, 18, false>>(bytes, samples);
    case SampleFormat::kS20In3:
      return Convert<Integer<3, 20, true>>(bytes, samples);
    case SampleFormat::kU20In3:
      return Convert<Integer<3, 20, false>>(bytes, samples);
    case SampleFormat::kS24In3:
      return Convert<Integer<3, 24, true>>(bytes, samples);
    case SampleFormat::kU24In3:
      return Convert<Integer<3, 24, false>>(bytes, samples);
    case SampleFormat::kS20:
      return Convert<Integer<4, 20, true>>(bytes, samples);
    case SampleFormat::kU20:
      return Convert<Integer<4, 20, false>>(bytes, samples);
    case SampleFormat::kS24:
      return Convert<Integer<4, 24, true>>(bytes, samples);
    case SampleFormat::kU24:
      return Convert<Integer<4, 24, false>>(bytes, samples);
    case SampleFormat::kS32:
      return Convert<Integer<4, 32, true>>(bytes, samples);
    case SampleFormat::kU32:
      return Convert<Integer<4, 32, false>>(bytes, samples);
    case SampleFormat::kFloat32:
      return Convert<FloatingPoint<float>>(bytes, samples);
    case SampleFormat::kFloat64:
      return Convert<FloatingPoint<double>>(bytes, samples);
  }
}

}  // namespace earshot
