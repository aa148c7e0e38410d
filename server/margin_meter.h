#ifndef EARSHOT_SERVER_MARGIN_METER_H_
#define EARSHOT_SERVER_MARGIN_METER_H_

#include <chrono>
#include <optional>

#include "server/stream_types.h"

namespace earshot {

// The mean of the margins of the packets that came lately, each weighed by how
// long it plays: exponential, over 4 s (over all of them at first), and again
// over itself, so that it does not lag behind a margin that is being changed on
// purpose. Constant memory. Thread: none of its own.
class MarginMeter {
 public:
  static constexpr std::chrono::milliseconds kAverage{4000};
  // A mean of less says little, and soon none at all is news.
  static constexpr std::chrono::milliseconds kWarmUp{500};
  static constexpr std::chrono::milliseconds kStale{2000};

  // Returns how much later than the mean it was; negative if earlier.
  std::chrono::nanoseconds Add(std::chrono::nanoseconds margin,
                               std::chrono::nanoseconds duration,
                               MonotonicTime now);
  // What Add() would return, for a packet that does not count for the mean.
  std::chrono::nanoseconds Lateness(std::chrono::nanoseconds margin) const;
  // Not known while there is too little, or nothing new.
  std::optional<std::chrono::nanoseconds> Mean(MonotonicTime now) const;
  // Forgets everything: the delay has changed on purpose.
  void Reset() { *this = MarginMeter(); }

 private:
  double Level() const;  // the mean, in ns

  double mean_ns_ = 0;
  double mean_of_mean_ns_ = 0;
  std::chrono::nanoseconds measured_{0};  // the packets' duration
  MonotonicTime last_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_MARGIN_METER_H_
