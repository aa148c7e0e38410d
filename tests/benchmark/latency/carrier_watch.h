#ifndef EARSHOT_TESTS_BENCHMARK_LATENCY_CARRIER_WATCH_H_
#define EARSHOT_TESTS_BENCHMARK_LATENCY_CARRIER_WATCH_H_

#include <complex>
#include <cstdint>
#include <deque>
#include <optional>

#include "tests/benchmark/latency/impulse_signal.h"

namespace earshot {

// Listens to the carrier of an ImpulseSignal, the right channel, for breaks:
// gaps, and jumps of its phase, which are sound that was left out, doubled or
// put in. A clock that runs within 1 % of its rate is no break, nor is a
// resampler that adds or drops single samples. Thread: none of its own.
class CarrierWatch {
 public:
  struct Break {
    int64_t frame = 0;   // where it was noticed, since the first given
    double gap_ms = 0;   // how long the carrier was gone; 0: it jumped
    double jump_ms = 0;  // by how much, within half a period either way
  };

  // Takes the next sample; says what it found.
  std::optional<Break> Add(float sample);
  // Whether the carrier was ever heard.
  bool heard() const { return loudness_ > 0; }

 private:
  std::optional<Break> OnWindow(std::complex<double> level);

  int64_t count_ = 0;
  std::complex<double> sum_;
  double loudness_ = 0;  // as it usually is
  int steady_ = 0;       // windows with the carrier, one behind the other
  int gone_ = 0;         // windows without
  std::deque<double> phases_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_LATENCY_CARRIER_WATCH_H_
