#ifndef EARSHOT_CLIENT_MARGIN_STEERING_H_
#define EARSHOT_CLIENT_MARGIN_STEERING_H_

#include <chrono>
#include <optional>

#include "client/monotonic_time.h"

namespace earshot {

// How much faster than its nominal rate the pacing clock has to run so that
// packets arrive as early as the service wants: a controller of the margin
// error that the service reports. Its integral part is the drift between the
// two clocks; what is left of the error is worked off slowly, so that jitter of
// the network does not shake the guest's clock, and faster only if it is large.
// It neither smooths the error (the service reports a mean) nor moves the clock
// (PacingClock::SetPpm).
// Thread: the loop of its owner. Rates are parts per million; positive is
// faster.
class MarginSteering {
 public:
  // Forgets everything: another service, thus another clock.
  void Reset();
  // The mean margin was larger than the target by `error`. Returns ppm(). The
  // target tells how much the network shakes, and thus what error is large;
  // without it, it is that of a quiet one.
  double OnError(
      std::chrono::nanoseconds error, MonotonicTime now,
      std::chrono::nanoseconds target = std::chrono::milliseconds(10));
  // Nothing is known for a while: paused, lost, or a Progress that tells no
  // error. From here on ppm() is the drift alone, and the time until the next
  // error does not count.
  void Hold();

  double ppm() const;
  // How much faster than this host's clock the service plays.
  double drift_ppm() const { return integral_ * 1e6; }

 private:
  // Both are parts of one, as a rate.
  double integral_ = 0;
  double correction_ = 0;
  std::optional<MonotonicTime> last_error_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_MARGIN_STEERING_H_
