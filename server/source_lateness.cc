#include "server/source_lateness.h"

#include <algorithm>

namespace earshot {

using std::chrono::nanoseconds;

namespace {

// Nothing that is later than this needs to be told apart.
constexpr nanoseconds kMost = std::chrono::seconds(10);

}  // namespace

nanoseconds SourceLateness::Add(int64_t capture_time_ns, nanoseconds duration,
                                MonotonicTime now) {
  if (capture_time_ns <= 0) {
    Reset();
    return nanoseconds(0);
  }
  if (last_capture_ns_ > 0) {
    const nanoseconds passed = std::clamp(
        nanoseconds(capture_time_ns - last_capture_ns_), -kMost, kMost);
    behind_ = std::clamp(behind_ + passed - duration, -kMost, kMost);
  }
  last_capture_ns_ = capture_time_ns;
  return meter_.Add(-behind_, duration, now);
}

}  // namespace earshot
