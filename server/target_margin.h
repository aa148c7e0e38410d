#ifndef EARSHOT_SERVER_TARGET_MARGIN_H_
#define EARSHOT_SERVER_TARGET_MARGIN_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "server/stream_types.h"

namespace earshot {

// Between what the target margin moves. Equal ones fix it.
struct MarginLimits {
  std::chrono::milliseconds floor{10};
  // In place of the floor, for clients that want the least delay.
  std::chrono::milliseconds low_latency_floor{6};
  // Beyond it, it is the network's fault.
  std::chrono::milliseconds ceiling{500};
  // Before anything is known of the network; half of it for low latency.
  std::chrono::milliseconds start{20};
};

// How early packets should come, so that the latest one of a few minutes would
// still have been in time: learnt from how late packets were against the mean.
// It goes up at once and sinks slowly, and only while sound plays; what was
// very late only once counts for little, and not for long. A session keeps one
// for all of its epochs. Constant memory. Thread: none of its own; Session
// serializes calls.
class TargetMargin {
 public:
  static constexpr std::chrono::seconds kBucket{10};
  static constexpr int kBuckets = 12;

  explicit TargetMargin(const MarginLimits& limits);

  // An epoch is about to be played: which floor counts from here on.
  void BeginEpoch(bool low_latency);
  // A packet came so much later than the mean.
  void AddLateness(std::chrono::nanoseconds late, MonotonicTime now);
  // Time passes while sound plays: every few milliseconds.
  void Update(MonotonicTime now);

  std::chrono::nanoseconds target() const { return target_; }
  // Why it is what it is, for people: such as "floor".
  std::string Reason(MonotonicTime now) const;

 private:
  struct Bucket {
    int64_t number = -1;  // time / kBucket
    std::chrono::nanoseconds worst{0};
    MonotonicTime when;
  };

  // The worst lateness that is remembered, and counts.
  Bucket Worst(MonotonicTime now) const;
  // How much of it would do for an hour, if the buckets tell.
  std::optional<std::chrono::nanoseconds> Expected(
      std::chrono::nanoseconds worst, MonotonicTime now) const;
  std::chrono::nanoseconds Wanted(MonotonicTime now) const;
  std::chrono::nanoseconds floor() const;
  std::chrono::nanoseconds ceiling() const;

  const MarginLimits limits_;
  bool low_latency_ = false;
  bool started_ = false;  // an epoch was begun
  bool moved_ = false;    // from the start value
  std::chrono::nanoseconds target_;
  std::optional<MonotonicTime> last_update_;
  std::array<Bucket, kBuckets> buckets_ = {};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_TARGET_MARGIN_H_
