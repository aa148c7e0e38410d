#include "server/target_margin.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// The worst of a few minutes is exceeded in the next few: this much is added.
constexpr nanoseconds kSafety = std::chrono::milliseconds(4);
constexpr int kSafetyPercent = 25;
// Maxima are spread as Gumbel says: that of the 360 buckets of an hour is about
// 4.2 standard deviations beyond the mean of a bucket's, and few buckets tell
// the deviation badly. Where every bucket has seen the same (packets that are
// lost and sent again), it is far less than that quarter.
constexpr double kDeviations = 5;
constexpr int kFewestBuckets = 5;
// What is later than this happened once, and is no habit of the network until
// something like it happens again: after one blackout it would be too late for
// the delay to help, and it would stay for minutes.
constexpr nanoseconds kMostOfOne = std::chrono::milliseconds(60);
// A hiccup of a machine, too: it is waited for its like for so long.
constexpr std::chrono::seconds kOneStays{30};
// What is worse than all else by this factor happened once.
constexpr int kAlone = 3;
// It sinks by this part of the time, 2 ms a second: the client's slew can
// follow.
constexpr int64_t kSinkPart = 500;
// A longer time between two updates is no time that was played.
constexpr nanoseconds kMaxStep = std::chrono::milliseconds(200);

int64_t BucketNumber(MonotonicTime now) {
  return now.time_since_epoch() / TargetMargin::kBucket;
}

double Milliseconds(nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace

TargetMargin::TargetMargin(const MarginLimits& limits)
    : limits_(limits), target_(limits.start) {}

void TargetMargin::BeginEpoch(bool low_latency) {
  low_latency_ = low_latency;
  if (!started_) {
    started_ = true;
    target_ = low_latency ? limits_.start / 2 : limits_.start;
  }
  target_ = std::clamp(target_, floor(), ceiling());
  last_update_.reset();
}

void TargetMargin::AddLateness(nanoseconds late, MonotonicTime now) {
  const int64_t number = BucketNumber(now);
  Bucket& bucket = buckets_[static_cast<size_t>(number % kBuckets)];
  if (bucket.number != number) bucket = {number, nanoseconds(0), now};
  if (late <= bucket.worst) return;
  bucket.worst = std::min(late, ceiling());
  bucket.when = now;
  Update(now);
}

void TargetMargin::Update(MonotonicTime now) {
  const nanoseconds step = last_update_
                               ? std::clamp(nanoseconds(now - *last_update_),
                                            nanoseconds(0), kMaxStep)
                               : nanoseconds(0);
  last_update_ = now;
  const nanoseconds before = target_;
  const nanoseconds sunk = target_ - step / kSinkPart;
  target_ = std::max(Wanted(now), sunk);
  if (target_ != before) moved_ = true;
}

std::string TargetMargin::Reason(MonotonicTime now) const {
  const nanoseconds wanted = Wanted(now);
  const Bucket worst = Worst(now);
  if (target_ > wanted)
    return moved_ ? "sinking: the network got better" : "start";
  if (worst.worst > nanoseconds(0) && wanted > floor()) {
    return absl::StrFormat(
        "%sa packet was %.1f ms late %d s ago",
        wanted == ceiling() ? "ceiling: " : "", Milliseconds(worst.worst),
        std::chrono::duration_cast<std::chrono::seconds>(now - worst.when)
            .count());
  }
  return "floor";
}

TargetMargin::Bucket TargetMargin::Worst(MonotonicTime now) const {
  const int64_t oldest = BucketNumber(now) - kBuckets + 1;
  Bucket worst;
  nanoseconds second(0);
  for (const Bucket& bucket : buckets_) {
    if (bucket.number < oldest) continue;
    if (bucket.worst > worst.worst) {
      second = worst.worst;
      worst = bucket;
    } else {
      second = std::max(second, bucket.worst);
    }
  }
  nanoseconds most = kAlone * second;
  if (now - worst.when <= kOneStays) most = std::max(kMostOfOne, most);
  worst.worst = std::min(worst.worst, most);
  return worst;
}

nanoseconds TargetMargin::Wanted(MonotonicTime now) const {
  const nanoseconds worst = Worst(now).worst;
  nanoseconds late = worst + worst * kSafetyPercent / 100;
  if (const auto expected = Expected(worst, now); expected.has_value()) {
    late = std::min(late, *expected);
  }
  return std::clamp(late + kSafety, floor(), ceiling());
}

std::optional<nanoseconds> TargetMargin::Expected(nanoseconds worst,
                                                  MonotonicTime now) const {
  const int64_t newest = BucketNumber(now);
  int count = 0;
  double sum = 0;
  double squares = 0;
  for (const Bucket& bucket : buckets_) {  // those that are complete
    if (bucket.number <= newest - kBuckets || bucket.number >= newest) continue;
    const auto late =
        static_cast<double>(std::min(bucket.worst, worst).count());
    ++count;
    sum += late;
    squares += late * late;
  }
  if (count < kFewestBuckets) return std::nullopt;
  const double mean = sum / count;
  const double variance = std::max(0.0, squares - sum * mean) / (count - 1);
  const double late = mean + kDeviations * std::sqrt(variance);
  return std::max(worst, nanoseconds(static_cast<int64_t>(late)));
}

nanoseconds TargetMargin::floor() const {
  return std::min<nanoseconds>(
      low_latency_ ? limits_.low_latency_floor : limits_.floor,
      limits_.ceiling);
}

nanoseconds TargetMargin::ceiling() const { return limits_.ceiling; }

}  // namespace earshot
