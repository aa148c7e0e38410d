#include "server/margin_meter.h"

namespace earshot {
namespace {

int64_t BucketNumber(MonotonicTime now) {
  return now.time_since_epoch() / MarginMeter::kBucket;
}

}  // namespace

void MarginMeter::Add(std::chrono::nanoseconds margin, MonotonicTime now) {
  const int64_t number = BucketNumber(now);
  Bucket& bucket = buckets_[static_cast<size_t>(number % kBuckets)];
  if (bucket.number != number) bucket = {number, 0, 0};
  bucket.sum_ns += margin.count();
  ++bucket.count;
}

std::optional<std::chrono::nanoseconds> MarginMeter::Mean(
    MonotonicTime now) const {
  const int64_t oldest = BucketNumber(now) - kBuckets + 1;
  int64_t sum_ns = 0;
  int64_t count = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.count == 0 || bucket.number < oldest) continue;
    sum_ns += bucket.sum_ns;
    count += bucket.count;
  }
  if (count == 0) return std::nullopt;
  return std::chrono::nanoseconds(sum_ns / count);
}

}  // namespace earshot
