#ifndef EARSHOT_SERVER_MARGIN_METER_H_
#define EARSHOT_SERVER_MARGIN_METER_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "server/stream_types.h"

namespace earshot {

// The mean of the margins of the packets of the last 4 s, in constant memory:
// sums of 250 ms each. Thread: none of its own.
class MarginMeter {
 public:
  static constexpr std::chrono::milliseconds kBucket{250};
  static constexpr int kBuckets = 16;  // 4 s: architecture, the control law

  void Add(std::chrono::nanoseconds margin, MonotonicTime now);
  // Not known if no packet came within the window.
  std::optional<std::chrono::nanoseconds> Mean(MonotonicTime now) const;
  // Forgets everything: the delay has changed on purpose.
  void Reset() { buckets_ = {}; }

 private:
  struct Bucket {
    int64_t number = -1;  // time / kBucket
    int64_t sum_ns = 0;
    int64_t count = 0;
  };

  std::array<Bucket, kBuckets> buckets_ = {};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_MARGIN_METER_H_
