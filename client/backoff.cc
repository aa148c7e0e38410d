#include "client/backoff.h"

#include <algorithm>

namespace earshot {

std::chrono::microseconds Backoff::Next(bool wanted) {
  using std::chrono::microseconds;
  const microseconds cap = wanted ? options_.cap : options_.idle_cap;
  const microseconds delay = std::min(next_, cap);
  const double longer = static_cast<double>(delay.count()) * options_.factor;
  next_ = std::min(microseconds(static_cast<int64_t>(longer)), cap);
  std::uniform_real_distribution<double> spread(1 - options_.jitter,
                                                1 + options_.jitter);
  return microseconds(static_cast<int64_t>(static_cast<double>(delay.count()) *
                                           spread(random_)));
}

std::chrono::microseconds Backoff::AtLeast(std::chrono::milliseconds least) {
  using std::chrono::microseconds;
  std::uniform_real_distribution<double> spread(1, 1 + options_.jitter);
  const auto delay = static_cast<double>(microseconds(least).count());
  return microseconds(static_cast<int64_t>(delay * spread(random_)));
}

}  // namespace earshot
