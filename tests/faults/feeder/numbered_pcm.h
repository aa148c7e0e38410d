#ifndef EARSHOT_TESTS_FAULTS_FEEDER_NUMBERED_PCM_H_
#define EARSHOT_TESTS_FAULTS_FEEDER_NUMBERED_PCM_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace earshot {

// 16-bit stereo sound whose every frame holds its own number, so that a
// recording shows which frames were played, in what order, and how often. Frame
// n is (left, right) = (n mod 2^16, n / 2^16 + 1); its right sample is never 0,
// so no frame looks like silence. tests/faults/rig/recording.py reads it.
inline constexpr size_t kNumberedFrameBytes = 4;

// Fills `bytes`, whole frames, with the sound from the byte `offset` on.
void FillWithNumbers(size_t offset, absl::Span<uint8_t> bytes);

}  // namespace earshot

#endif  // EARSHOT_TESTS_FAULTS_FEEDER_NUMBERED_PCM_H_
