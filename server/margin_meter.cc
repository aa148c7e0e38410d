#include "server/margin_meter.h"

#include <algorithm>
#include <cmath>

namespace earshot {

using std::chrono::nanoseconds;

nanoseconds MarginMeter::Add(nanoseconds margin, nanoseconds duration,
                             MonotonicTime now) {
  if (now - last_ > kStale) Reset();
  const nanoseconds late = Lateness(margin);
  const bool first = measured_ <= nanoseconds(0);
  measured_ += std::max(duration, nanoseconds(1));
  last_ = now;
  const auto m = static_cast<double>(margin.count());
  if (first) {
    mean_ns_ = mean_of_mean_ns_ = m;
    return late;
  }
  const nanoseconds over = std::min<nanoseconds>(measured_, kAverage);
  const double weight = std::min(1.0, static_cast<double>(duration.count()) /
                                          static_cast<double>(over.count()));
  mean_ns_ += weight * (m - mean_ns_);
  mean_of_mean_ns_ += weight * (mean_ns_ - mean_of_mean_ns_);
  return late;
}

nanoseconds MarginMeter::Lateness(nanoseconds margin) const {
  if (measured_ <= nanoseconds(0)) return nanoseconds(0);
  // What comes too early all of a sudden makes nothing after it late.
  const double expected = std::min(Level(), mean_ns_);
  return nanoseconds(std::llround(expected)) - margin;
}

std::optional<nanoseconds> MarginMeter::Mean(MonotonicTime now) const {
  if (measured_ < kWarmUp || now - last_ > kStale) return std::nullopt;
  return nanoseconds(std::llround(Level()));
}

// A mean lags behind a trend by as much as its own mean lags behind it.
double MarginMeter::Level() const { return 2 * mean_ns_ - mean_of_mean_ns_; }

}  // namespace earshot
