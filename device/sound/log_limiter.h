#ifndef EARSHOT_DEVICE_SOUND_LOG_LIMITER_H_
#define EARSHOT_DEVICE_SOUND_LOG_LIMITER_H_

#include <chrono>
#include <cstdint>
#include <optional>

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// Decides which of a guest's mistakes are worth a line, so that a hostile guest
// cannot flood the log. It writes nothing itself. Thread: the device's loop.
class LogLimiter {
 public:
  // Enough to see what goes wrong, and 18000 lines an hour at the very most.
  static constexpr int kLinesPerSecond = 5;

  // If a line may be written now: how many were suppressed before it.
  std::optional<int64_t> Admit(MonotonicTime now);

 private:
  MonotonicTime window_start_{};
  int lines_in_window_ = 0;
  int64_t suppressed_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_LOG_LIMITER_H_
