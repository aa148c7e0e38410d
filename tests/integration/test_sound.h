#ifndef EARSHOT_TESTS_INTEGRATION_TEST_SOUND_H_
#define EARSHOT_TESTS_INTEGRATION_TEST_SOUND_H_

#include <cstdint>
#include <vector>

#include "tests/integration/sound_guest.h"

namespace earshot {

// Sound of which every frame can be told from its neighbors: a sweep with a
// little noise, another one in each channel, at half of full scale.
struct TestSound {
  std::vector<uint8_t> bytes;     // as the guest plays it
  std::vector<int16_t> expected;  // what a lossless way makes of it, 16 bits
};
TestSound MakeTestSound(SndFormat format, int channels, int frames);

// Signal to noise in dB of `heard` against `expected`, at the best lag within
// ±`max_lag` frames, which is put into `lag`: 0 where the sound is in place.
double SignalToNoise(const std::vector<int16_t>& expected,
                     const std::vector<int16_t>& heard, int channels,
                     int max_lag, int* lag);

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_TEST_SOUND_H_
