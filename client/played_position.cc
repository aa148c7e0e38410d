#include "client/played_position.h"

#include <algorithm>

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// Progress comes every 100 ms while an epoch plays: the position is carried
// forward for no longer than two of them.
constexpr std::chrono::milliseconds kMaxExtrapolation{200};
// In silence, every second; and the service needs nothing of us to go on.
constexpr std::chrono::milliseconds kMaxInSilence{3000};

}  // namespace

void PlayedPosition::Reset(int rate_hz) {
  *this = PlayedPosition();
  rate_hz_ = rate_hz;
}

void PlayedPosition::OnSaid(int64_t played, nanoseconds way, MonotonicTime now,
                            bool silent) {
  // It stands still while it gathers packets.
  moving_ = played > said_;
  said_ = position_ = played;
  silent_ = silent;
  time_ = now - std::clamp<nanoseconds>(way, nanoseconds(0), kMaxExtrapolation);
}

void PlayedPosition::Freeze(MonotonicTime now) {
  position_ = At(now);
  moving_ = false;
}

int64_t PlayedPosition::At(MonotonicTime now) const {
  if (!moving_) return position_;
  const nanoseconds since = std::clamp<nanoseconds>(
      now - time_, nanoseconds(0), silent_ ? kMaxInSilence : kMaxExtrapolation);
  return position_ + since.count() / 1000 * rate_hz_ / 1000000;
}

}  // namespace earshot
