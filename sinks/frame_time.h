#ifndef EARSHOT_SINKS_FRAME_TIME_H_
#define EARSHOT_SINKS_FRAME_TIME_H_

#include <chrono>
#include <cstdint>

namespace earshot {

// Frames in a duration, rounded down.
inline int64_t FramesIn(std::chrono::nanoseconds duration, int rate_hz) {
  // Split so that a long duration does not overflow.
  const int64_t seconds = duration.count() / 1'000'000'000;
  const int64_t rest = duration.count() % 1'000'000'000;
  return seconds * rate_hz + rest * rate_hz / 1'000'000'000;
}

// How long that many frames last.
inline std::chrono::nanoseconds DurationOf(int64_t frames, int rate_hz) {
  return std::chrono::nanoseconds(frames / rate_hz * 1'000'000'000 +
                                  frames % rate_hz * 1'000'000'000 / rate_hz);
}

}  // namespace earshot

#endif  // EARSHOT_SINKS_FRAME_TIME_H_
