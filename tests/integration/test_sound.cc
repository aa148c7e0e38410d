#include "tests/integration/test_sound.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>

namespace earshot {
namespace {

constexpr double kRate = 48000;

template <typename Sample>
void Append(Sample sample, std::vector<uint8_t>& bytes) {
  const size_t size = bytes.size();
  bytes.resize(size + sizeof(sample));
  std::memcpy(bytes.data() + size, &sample, sizeof(sample));
}

double Energy(const std::vector<int16_t>& expected,
              const std::vector<int16_t>& heard, int channels, int lag,
              double* noise) {
  const int frames = static_cast<int>(expected.size()) / channels;
  double signal = 0;
  *noise = 0;
  for (int frame = 0; frame < frames; ++frame) {
    const int other = frame + lag;
    if (other < 0 || other >= static_cast<int>(heard.size()) / channels) {
      continue;
    }
    for (int channel = 0; channel < channels; ++channel) {
      const double want = expected[frame * channels + channel];
      const double got = heard[other * channels + channel];
      signal += want * want;
      *noise += (want - got) * (want - got);
    }
  }
  return signal;
}

}  // namespace

TestSound MakeTestSound(SndFormat format, int channels, int frames) {
  TestSound sound;
  uint32_t noise = 12345;
  for (int frame = 0; frame < frames; ++frame) {
    const double seconds = frame / kRate;
    for (int channel = 0; channel < channels; ++channel) {
      const double phase = 2 * std::numbers::pi * seconds *
                           (200 + 150 * channel + 900 * seconds);
      noise = noise * 1664525 + 1013904223;
      const double value =
          0.5 * std::sin(phase) + 0.002 * (noise / 2147483648.0 - 1);
      switch (format) {
        case kSndFormatS16: {
          const auto sample = static_cast<int16_t>(std::lrint(value * 32767));
          Append(sample, sound.bytes);
          sound.expected.push_back(sample);
          break;
        }
        case kSndFormatS32: {
          const auto sample =
              static_cast<int32_t>(std::llrint(value * 2147483647));
          Append(sample, sound.bytes);
          sound.expected.push_back(static_cast<int16_t>(std::lrint(
              static_cast<float>(sample) / 2147483648.0f * 32768.0f)));
          break;
        }
        case kSndFormatFloat: {
          const auto sample = static_cast<float>(value);
          Append(sample, sound.bytes);
          sound.expected.push_back(
              static_cast<int16_t>(std::lrint(sample * 32768.0f)));
          break;
        }
        default:  // The others have a test of their own.
          std::abort();
      }
    }
  }
  return sound;
}

double SignalToNoise(const std::vector<int16_t>& expected,
                     const std::vector<int16_t>& heard, int channels,
                     int max_lag, int* lag) {
  double best = -1e9;
  for (int candidate = -max_lag; candidate <= max_lag; ++candidate) {
    double noise = 0;
    const double signal = Energy(expected, heard, channels, candidate, &noise);
    const double snr = 10 * std::log10(signal / std::max(noise, 1e-9));
    if (snr > best) {
      best = snr;
      *lag = candidate;
    }
  }
  return best;
}

}  // namespace earshot
