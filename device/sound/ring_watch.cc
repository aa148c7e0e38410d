#include "device/sound/ring_watch.h"

#include <algorithm>

namespace earshot {

using std::chrono::nanoseconds;

void RingWatch::Reset(int ring_frames, int rate_hz) {
  *this = RingWatch();
  if (ring_frames <= 0 || rate_hz <= 0) return;
  ring_frames_ = ring_frames;
  quarter_ = nanoseconds(int64_t{ring_frames} * 250000000 / rate_hz);
}

void RingWatch::Look(bool driver_has_looked, MonotonicTime now) {
  const nanoseconds notice =
      holds_ ? kNotice : std::min<nanoseconds>(kNotice, quarter_);
  if (seen_ && now - seen_->at >= notice) {
    noticed_ = seen_->end;
    seen_.reset();
  }
  if (!seen_ && driver_has_looked && given_ > noticed_) seen_ = {given_, now};
}

bool RingWatch::Holds(int64_t end, MonotonicTime now) {
  // A ring of one buffer comes back as a whole anyway.
  holds_ = ring_frames_ > 0 && end - noticed_ >= ring_frames_ &&
           given_ > noticed_ && now - given_at_ < kPatience;
  return holds_;
}

void RingWatch::GiveBack(int64_t end, MonotonicTime now) {
  given_ = end;
  holds_ = false;
  given_at_ = now;
}

}  // namespace earshot
