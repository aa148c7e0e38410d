#ifndef EARSHOT_SERVER_METRICS_TICK_LATENESS_H_
#define EARSHOT_SERVER_METRICS_TICK_LATENESS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace earshot {

// How late the ticks of the play-out threads began, as a histogram: a machine
// that cannot keep up is seen there before it is heard. Thread-safe, without
// locks; one addition for a tick, whatever it plays.
class TickLateness {
 public:
  // In seconds. A tick every 5 ms; 6 ms is the least margin.
  static constexpr std::array<double, 8> kBounds = {
      0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1};

  void Add(std::chrono::nanoseconds late);

  // Ticks up to each bound, but above the one before; at last those above all.
  std::vector<uint64_t> counts() const;
  double sum_seconds() const;

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<int64_t> sum_ns_{0};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_METRICS_TICK_LATENESS_H_
