#include "device/sample_conversion.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace earshot {
namespace {

static_assert(std::endian::native == std::endian::little,
              "guest samples are little-endian and are copied as they are");

float FromGuest(int16_t sample) { return sample / 32768.0f; }

float FromGuest(int32_t sample) {
  return static_cast<float>(sample) / 2147483648.0f;
}

float FromGuest(float sample) {
  return std::isnan(sample) ? 0.0f : std::clamp(sample, -1.0f, 1.0f);
}

template <typename Sample>
void Convert(absl::Span<const uint8_t> bytes, absl::Span<float> samples) {
  for (size_t i = 0; i < samples.size(); ++i) {
    Sample sample;
    std::memcpy(&sample, bytes.data() + i * sizeof(Sample), sizeof(Sample));
    samples[i] = FromGuest(sample);
  }
}

}  // namespace

void ConvertToFloat(SampleFormat format, absl::Span<const uint8_t> bytes,
                    absl::Span<float> samples) {
  switch (format) {
    case SampleFormat::kS16:
      return Convert<int16_t>(bytes, samples);
    case SampleFormat::kS32:
      return Convert<int32_t>(bytes, samples);
    case SampleFormat::kFloat32:
      return Convert<float>(bytes, samples);
  }
}

}  // namespace earshot
