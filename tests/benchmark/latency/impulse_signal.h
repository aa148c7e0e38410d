#ifndef EARSHOT_TESTS_BENCHMARK_LATENCY_IMPULSE_SIGNAL_H_
#define EARSHOT_TESTS_BENCHMARK_LATENCY_IMPULSE_SIGNAL_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace earshot {

// The sound that the latency rig sends: 48 kHz stereo. Left are impulses, short
// bursts whose pitch tells one from its neighbors; right is a steady carrier,
// in which every break of the stream can be heard.
inline constexpr int kImpulseRate = 48000;
inline constexpr int kImpulseChannels = 2;
// 3 ms: long enough to tell 1 kHz apart, and to survive a codec.
inline constexpr int kImpulseFrames = 144;
// Pitches are 2, 3, … 9 kHz. Eight impulses last at least 1.6 s: latencies up
// to that are not ambiguous.
inline constexpr int kImpulseIds = 8;
// A whole number of its periods lies in every window of CarrierWatch.
inline constexpr int kCarrierHz = 500;

double ImpulseHz(int id);
// The envelope of a burst, 0 to 1.
double ImpulseEnvelope(int frame);

struct Impulse {
  int64_t number = 0;       // 0, 1, …
  int64_t first_frame = 0;  // since the signal began
  int id() const { return static_cast<int>(number % kImpulseIds); }
};

// Makes the signal, piece by piece. The first impulse comes after a second, the
// others 200 to 300 ms apart: at random, so that they fall anywhere in the
// blocks of whatever they pass. Thread: none of its own.
class ImpulseSignal {
 public:
  explicit ImpulseSignal(uint32_t seed);

  // Fills `out` with the next frames, interleaved. Returns the impulses that
  // begin in it, at most one.
  std::vector<Impulse> Render(absl::Span<int16_t> out);
  // Frames rendered so far.
  int64_t position() const { return position_; }

 private:
  uint32_t random_;
  int64_t position_ = 0;
  Impulse next_;
  Impulse current_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_LATENCY_IMPULSE_SIGNAL_H_
