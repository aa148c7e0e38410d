#ifndef EARSHOT_SERVER_STREAM_TYPES_H_
#define EARSHOT_SERVER_STREAM_TYPES_H_

#include <chrono>
#include <cstdint>

#include "codec/coded_format.h"

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// One epoch as the client began it, already checked.
struct EpochParams : CodedFormat {
  uint64_t epoch = 0;
  // The client wants the least delay.
  bool low_latency = false;
  int guest_buffer_frames = 0;
  int guest_period_frames = 0;
  // The guest's own rate, if the client has resampled; else 0.
  int guest_rate_hz = 0;
  // Where positions start: 0, or where an epoch goes on after a new Open.
  int64_t first_frame = 0;
};

// Far below 2^63, so that sums of two positions never overflow: 3000 years.
constexpr int64_t kMaxPosition = int64_t{1} << 52;

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_TYPES_H_
