#ifndef EARSHOT_SERVER_SOURCE_LATENESS_H_
#define EARSHOT_SERVER_SOURCE_LATENESS_H_

#include <chrono>
#include <cstdint>

#include "server/margin_meter.h"
#include "server/stream_types.h"

namespace earshot {

// How late packets left the guest, against how regularly they usually do: from
// the times at which the client captured them. Clocks need not agree.
// Thread: none of its own.
class SourceLateness {
 public:
  // A packet that follows the last one. `capture_time_ns` is what the client
  // said, and may be anything; 0 or less is unknown.
  std::chrono::nanoseconds Add(int64_t capture_time_ns,
                               std::chrono::nanoseconds duration,
                               MonotonicTime now);
  // The next packet does not follow the last one.
  void Reset() { *this = SourceLateness(); }

 private:
  MarginMeter meter_;
  int64_t last_capture_ns_ = 0;
  std::chrono::nanoseconds behind_{0};  // since the first packet
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SOURCE_LATENESS_H_
