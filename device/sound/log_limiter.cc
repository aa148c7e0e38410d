#include "device/sound/log_limiter.h"

#include <utility>

namespace earshot {

std::optional<int64_t> LogLimiter::Admit(MonotonicTime now) {
  if (now - window_start_ >= std::chrono::seconds(1)) {
    window_start_ = now;
    lines_in_window_ = 0;
  }
  if (lines_in_window_ == kLinesPerSecond) {
    ++suppressed_;
    return std::nullopt;
  }
  ++lines_in_window_;
  return std::exchange(suppressed_, 0);
}

}  // namespace earshot
