#include "client/pacing_clock.h"

#include <algorithm>
#include <cmath>

namespace earshot {

using std::chrono::nanoseconds;

void PacingClock::Reset(int rate_hz, int64_t position) {
  rate_hz_ = rate_hz;
  ppm_ = 0;
  frames_per_ns_ = rate_hz / 1e9;
  running_ = false;
  anchor_position_ = static_cast<double>(position);
}

void PacingClock::Start(MonotonicTime now) {
  if (running_) return;
  running_ = true;
  anchor_time_ = now;
}

void PacingClock::Stop(MonotonicTime now) {
  if (!running_) return;
  Anchor(Exact(now), now);
  running_ = false;
}

void PacingClock::SetPpm(double ppm, MonotonicTime now) {
  Anchor(Exact(now), now);
  ppm_ = ppm;
  frames_per_ns_ = rate_hz_ / 1e9 * (1 + ppm * 1e-6);
}

bool PacingClock::HoldAt(int64_t position, MonotonicTime now) {
  const auto limit = static_cast<double>(position);
  if (Exact(now) <= limit) return false;
  Anchor(limit, now);
  return true;
}

int64_t PacingClock::Position(MonotonicTime now) const {
  return static_cast<int64_t>(std::floor(Exact(now)));
}

MonotonicTime PacingClock::TimeOf(int64_t position) const {
  const double ahead = static_cast<double>(position) - anchor_position_;
  if (ahead <= 0) return anchor_time_;
  if (!running_) return MonotonicTime::max();
  // Beyond a century "never" is near enough, and no duration overflows.
  const double ns = std::ceil(ahead / frames_per_ns_);
  if (ns > 3e18) return MonotonicTime::max();
  MonotonicTime time = anchor_time_ + nanoseconds(static_cast<int64_t>(ns));
  while (Position(time) < position) time += nanoseconds(1);
  return time;
}

double PacingClock::Exact(MonotonicTime now) const {
  if (!running_) return anchor_position_;
  const nanoseconds elapsed = std::max(now - anchor_time_, nanoseconds(0));
  return anchor_position_ +
         static_cast<double>(elapsed.count()) * frames_per_ns_;
}

void PacingClock::Anchor(double position, MonotonicTime now) {
  anchor_position_ = position;
  anchor_time_ = std::max(anchor_time_, now);
}

}  // namespace earshot
