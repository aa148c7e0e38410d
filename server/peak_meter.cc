#include "server/peak_meter.h"

#include <algorithm>
#include <cmath>

namespace earshot {

void PeakMeter::Add(absl::Span<const float> sound, MonotonicTime now) {
  float peak = 0;
  for (const float sample : sound) peak = std::max(peak, std::fabs(sample));
  if (now >= half_end_) {
    half_end_ = now + kHalf;
    last_half_ = this_half_.load();
    this_half_ = peak;
  } else {
    this_half_ = std::max(this_half_.load(), peak);
  }
}

double PeakMeter::dbfs() const {
  const float peak = std::max(this_half_.load(), last_half_.load());
  if (!(peak > 0)) return kSilenceDb;
  return std::max(kSilenceDb, 20 * std::log10(static_cast<double>(peak)));
}

}  // namespace earshot
