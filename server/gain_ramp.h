#ifndef EARSHOT_SERVER_GAIN_RAMP_H_
#define EARSHOT_SERVER_GAIN_RAMP_H_

#include <cstdint>

#include "absl/types/span.h"

namespace earshot {

// The volume of an epoch's sound: a factor from 0 to 1, which goes in 10 ms
// from one value to the next, so that nothing clicks. At 1 it does nothing at
// all, and sound goes through bit by bit; at 0 it is exactly silent. Thread:
// the play-out's.
class GainRamp {
 public:
  // Begins at `gain`, without a ramp.
  GainRamp(int rate_hz, int channels, float gain);

  // Where it is to go, from where it is now.
  void SetTarget(float gain);
  // Whole frames, interleaved.
  void Apply(absl::Span<float> sound);

 private:
  const int64_t ramp_frames_;
  const size_t channels_;
  float target_;
  float start_;   // of the ramp
  int64_t done_;  // frames of it; ramp_frames_ once it is over
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_GAIN_RAMP_H_
