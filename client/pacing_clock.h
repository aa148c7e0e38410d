#ifndef EARSHOT_CLIENT_PACING_CLOCK_H_
#define EARSHOT_CLIENT_PACING_CLOCK_H_

#include <cstdint>

#include "client/monotonic_time.h"

namespace earshot {

// Media position as a function of monotonic time: how far a sound card would
// have come. It runs at the nominal rate, steered by parts per million; Stop
// and holds move only what comes after. It knows neither grants nor queues: its
// owner holds it where they end.
// Thread: the loop of its owner. Positions are frames since Reset().
class PacingClock {
 public:
  // Stands still at `position`, at the nominal rate.
  void Reset(int rate_hz, int64_t position = 0);
  void Start(MonotonicTime now);
  void Stop(MonotonicTime now);
  // From `now` on it runs faster by so many parts per million.
  void SetPpm(double ppm, MonotonicTime now);
  // If it has passed `position`, it goes back there and runs on from there:
  // what was waited for is not made up for. Returns whether it had.
  bool HoldAt(int64_t position, MonotonicTime now);

  bool running() const { return running_; }
  double ppm() const { return ppm_; }
  // Whole frames that have passed.
  int64_t Position(MonotonicTime now) const;
  // The first instant at which Position() is at least `position`; max() while
  // the clock stands still and has not passed it.
  MonotonicTime TimeOf(int64_t position) const;

 private:
  double Exact(MonotonicTime now) const;
  void Anchor(double position, MonotonicTime now);

  int rate_hz_ = 48000;
  double ppm_ = 0;
  double frames_per_ns_ = 48000 / 1e9;
  bool running_ = false;
  MonotonicTime anchor_time_;
  double anchor_position_ = 0;  // may lie between frames
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PACING_CLOCK_H_
