#include "client/cli/listen/arrival_clock.h"

#include <algorithm>

namespace earshot {

void ArrivalClock::OnArrival(std::chrono::nanoseconds line, bool in_time,
                             MonotonicTime now) {
  const MonotonicTime start = now - line;
  if (!earliest_.has_value()) {
    start_window_ = now;
  } else if (now - start_window_ >= kStartWindow) {
    start_window_ = now;
    earliest_before_ = earliest_;
    earliest_.reset();
  }
  earliest_ = std::min(start, earliest_.value_or(start));
  if (!in_time) return;
  if (now - lateness_window_ >= kLatenessWindow) {
    std::rotate(latest_.begin(), latest_.end() - 1, latest_.end());
    latest_[0] = std::chrono::nanoseconds(0);
    lateness_window_ = now;
  }
  latest_[0] = std::max(latest_[0], start - *this->start());
}

void ArrivalClock::StartRun() {
  earliest_.reset();
  earliest_before_.reset();
}

std::optional<MonotonicTime> ArrivalClock::start() const {
  if (!earliest_.has_value()) return std::nullopt;
  return std::min(*earliest_, earliest_before_.value_or(*earliest_));
}

std::chrono::nanoseconds ArrivalClock::lateness() const {
  return *std::max_element(latest_.begin(), latest_.end());
}

}  // namespace earshot
