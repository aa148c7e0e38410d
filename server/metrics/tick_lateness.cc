#include "server/metrics/tick_lateness.h"

#include <algorithm>

namespace earshot {

void TickLateness::Add(std::chrono::nanoseconds late) {
  const int64_t ns = std::max<int64_t>(late.count(), 0);
  const auto bound =
      std::lower_bound(kBounds.begin(), kBounds.end(), double(ns) / 1e9);
  counts_[static_cast<size_t>(bound - kBounds.begin())].fetch_add(
      1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
}

std::vector<uint64_t> TickLateness::counts() const {
  std::vector<uint64_t> counts;
  for (const auto& count : counts_) {
    counts.push_back(count.load(std::memory_order_relaxed));
  }
  return counts;
}

double TickLateness::sum_seconds() const {
  return static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1e9;
}

}  // namespace earshot
