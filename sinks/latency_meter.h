#ifndef EARSHOT_SINKS_LATENCY_METER_H_
#define EARSHOT_SINKS_LATENCY_METER_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace earshot {

// How long after it was pulled a frame is heard, on average over time, from
// what a card says after each write. One thread adds, any reads.
class LatencyMeter {
 public:
  // `delay` is what a frame written now would have to wait, `written` what was
  // just written: right before it, the last frame pulled had that much less to
  // wait.
  void Add(std::chrono::nanoseconds delay, std::chrono::nanoseconds written) {
    const auto now = static_cast<double>(
        std::max(delay - written / 2, std::chrono::nanoseconds(0)).count());
    const auto before = static_cast<double>(latency_ns_.load());
    latency_ns_ = static_cast<int64_t>(
        before == 0 ? now : before + kSmoothing * (now - before));
  }
  void Reset() { latency_ns_ = 0; }

  // 0 while unknown.
  std::chrono::nanoseconds latency() const {
    return std::chrono::nanoseconds(latency_ns_.load());
  }

 private:
  // Of some hundred writes a second, so over a few tenths of one.
  static constexpr double kSmoothing = 0.02;

  std::atomic<int64_t> latency_ns_{0};
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_LATENCY_METER_H_
