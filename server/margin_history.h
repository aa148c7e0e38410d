#ifndef EARSHOT_SERVER_MARGIN_HISTORY_H_
#define EARSHOT_SERVER_MARGIN_HISTORY_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/stream_types.h"

namespace earshot {

// How long before they were due the packets of the last 2 minutes came.
struct MarginQuantiles {
  std::chrono::nanoseconds min{0};
  std::chrono::nanoseconds p1{0};
  std::chrono::nanoseconds p10{0};
  std::chrono::nanoseconds p50{0};
  std::chrono::nanoseconds p90{0};
};

// The margins of the last 2 minutes as histograms of 10 s each: exact to
// 0.25 ms below 4 ms, and to 12 % beyond; the least one is exact. 5 kB, and
// nothing is allocated. Thread: none of its own.
class MarginHistory {
 public:
  static constexpr std::chrono::seconds kSlot{10};
  static constexpr size_t kSlots = 13;  // the one under way, and 2 minutes

  void Add(std::chrono::nanoseconds margin, MonotonicTime now);
  // Nothing if no packet came.
  std::optional<MarginQuantiles> Quantiles(MonotonicTime now) const;

 private:
  // Of each sign: 16 of 0.25 ms, then 8 for each doubling, up to 4 s.
  static constexpr int kLinear = 16;
  static constexpr int kPerDoubling = 8;
  static constexpr int kDoublings = 10;
  static constexpr int kOfSign = kLinear + kPerDoubling * kDoublings;
  static constexpr size_t kBuckets = 2 * kOfSign;

  // How many packets came with such margins.
  struct Count {
    uint16_t bucket;
    uint16_t packets;
  };
  struct Slot {
    int64_t number = -1;  // of the 10 s, on the monotonic clock
    std::chrono::nanoseconds min{0};
    // Of the buckets that are not empty, which are few: there is one of these
    // for each stream and slot.
    std::vector<Count> counts;
  };

  static int64_t NumberOf(MonotonicTime now);
  static size_t BucketOf(std::chrono::nanoseconds margin);
  // The least margin of a bucket.
  static std::chrono::nanoseconds BottomOf(size_t bucket);
  static int64_t BottomOfSize(int index);  // in 0.25 ms

  std::array<Slot, kSlots> slots_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_MARGIN_HISTORY_H_
