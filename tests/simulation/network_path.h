#ifndef EARSHOT_TESTS_SIMULATION_NETWORK_PATH_H_
#define EARSHOT_TESTS_SIMULATION_NETWORK_PATH_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace earshot {

// What one way through the network is like. Delays are normally distributed.
struct PathSpec {
  double mean_ms = 0.2;
  double deviation_ms = 0;
  // Lost and sent again: so many messages come so much later.
  double late_share = 0;
  double late_ms = 60;
};

// From when to when nothing arrives, in virtual time.
struct Blackout {
  std::chrono::nanoseconds begin;
  std::chrono::nanoseconds end;
};

// One way through a network that keeps the order, as a TCP stream does: what is
// behind a late message is late as well. After a blackout everything comes in
// a burst.
class NetworkPath {
 public:
  NetworkPath(const PathSpec& spec, std::vector<Blackout> blackouts,
              uint32_t seed)
      : spec_(spec), blackouts_(std::move(blackouts)), random_(seed) {}

  // When what is sent at `now` arrives. Times since the start.
  std::chrono::nanoseconds Arrival(std::chrono::nanoseconds now) {
    double delay_ms =
        std::max(0.1, spec_.mean_ms + spec_.deviation_ms * normal_(random_));
    if (spec_.late_share > 0 && uniform_(random_) < spec_.late_share) {
      delay_ms += spec_.late_ms;
    }
    auto at =
        now + std::chrono::nanoseconds(static_cast<int64_t>(delay_ms * 1e6));
    for (const Blackout& blackout : blackouts_) {
      if (at < blackout.begin || at >= blackout.end) continue;
      at = blackout.end + (at - blackout.begin) / 50;
    }
    last_ = std::max(last_, at);
    return last_;
  }

 private:
  const PathSpec spec_;
  const std::vector<Blackout> blackouts_;
  std::mt19937 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  std::chrono::nanoseconds last_{0};
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_NETWORK_PATH_H_
