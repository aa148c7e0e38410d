#ifndef EARSHOT_TESTS_SIMULATION_THREAD_LATENESS_H_
#define EARSHOT_TESTS_SIMULATION_THREAD_LATENESS_H_

#include <chrono>
#include <cstdint>
#include <random>

namespace earshot {

// By how much a thread wakes late: mostly little, once in a thousand times a
// few ms.
class ThreadLateness {
 public:
  explicit ThreadLateness(uint32_t seed) : random_(seed) {}

  std::chrono::nanoseconds Next() {
    double late_ms = 0.08 * exponential_(random_);
    if (uniform_(random_) < 0.001) late_ms += 4 * uniform_(random_);
    return std::chrono::nanoseconds(static_cast<int64_t>(late_ms * 1e6));
  }

 private:
  std::mt19937 random_;
  std::exponential_distribution<double> exponential_;
  std::uniform_real_distribution<double> uniform_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_THREAD_LATENESS_H_
