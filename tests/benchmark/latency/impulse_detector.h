#ifndef EARSHOT_TESTS_BENCHMARK_LATENCY_IMPULSE_DETECTOR_H_
#define EARSHOT_TESTS_BENCHMARK_LATENCY_IMPULSE_DETECTOR_H_

#include <array>
#include <complex>
#include <cstdint>
#include <deque>
#include <optional>

#include "absl/types/span.h"
#include "tests/benchmark/latency/impulse_signal.h"

namespace earshot {

// Finds the impulses of an ImpulseSignal in what became of its left channel,
// to within some frames, also behind a codec: a matched filter for each pitch.
// Thread: none of its own.
class ImpulseDetector {
 public:
  struct Found {
    int64_t first_frame = 0;  // since the first that was given
    int id = 0;
  };

  ImpulseDetector();

  // Takes the next sample. Says what was found, some 17 ms after it began.
  std::optional<Found> Add(float sample);

 private:
  std::optional<Found> Search() const;
  // How loud an impulse of this pitch is that begins with `sound`.
  float Match(absl::Span<const float> sound, int id) const;

  std::array<std::array<std::complex<float>, kImpulseFrames>, kImpulseIds>
      templates_;
  std::deque<float> history_;
  int64_t count_ = 0;       // samples given
  int64_t search_at_ = -1;  // when enough is there to search; -1: not loud yet
  int64_t deaf_until_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_LATENCY_IMPULSE_DETECTOR_H_
