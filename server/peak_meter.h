#ifndef EARSHOT_SERVER_PEAK_METER_H_
#define EARSHOT_SERVER_PEAK_METER_H_

#include <atomic>
#include <chrono>

#include "absl/types/span.h"
#include "server/stream_types.h"

namespace earshot {

// The loudest sample of late: of the last 150 to 300 ms. One thread adds; any
// thread asks.
class PeakMeter {
 public:
  // What digital silence is shown as, in dB of full scale.
  static constexpr double kSilenceDb = -100;
  static constexpr std::chrono::milliseconds kHalf{150};

  void Add(absl::Span<const float> sound, MonotonicTime now);
  // In dB of full scale, from kSilenceDb; above 0 where a guest's floats are.
  double dbfs() const;

 private:
  MonotonicTime half_end_;
  std::atomic<float> this_half_{0};
  std::atomic<float> last_half_{0};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_PEAK_METER_H_
