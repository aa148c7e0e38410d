#ifndef EARSHOT_TESTS_BENCHMARK_CHORD_H_
#define EARSHOT_TESTS_BENCHMARK_CHORD_H_

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace earshot {

// A second of 48 kHz stereo, interleaved: a chord with some noise, neither
// silent nor the cheapest thing to code.
inline std::vector<float> MakeChord() {
  constexpr int kRate = 48000;
  constexpr int kChannels = 2;
  std::vector<float> pcm(kRate * kChannels);
  uint32_t noise = 1;
  for (int frame = 0; frame < kRate; ++frame) {
    for (int channel = 0; channel < kChannels; ++channel) {
      double sample = 0;
      for (const double hz : {220.0, 277.0, 330.0}) {
        sample += 0.2 * std::sin(2 * std::numbers::pi * hz * (channel + 1) *
                                 frame / kRate);
      }
      noise = noise * 1664525 + 1013904223;
      sample += 0.02 * (noise / 2147483648.0 - 1);
      pcm[frame * kChannels + channel] = static_cast<float>(sample);
    }
  }
  return pcm;
}

// The same in 16 bits.
inline std::vector<int16_t> MakeChordS16() {
  std::vector<int16_t> samples;
  for (const float sample : MakeChord()) {
    samples.push_back(static_cast<int16_t>(std::lrint(sample * 32767)));
  }
  return samples;
}

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_CHORD_H_
