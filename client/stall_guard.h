#ifndef EARSHOT_CLIENT_STALL_GUARD_H_
#define EARSHOT_CLIENT_STALL_GUARD_H_

#include <chrono>
#include <optional>

#include "client/monotonic_time.h"

namespace earshot {

// For how long the clock waits for a grant before it runs free. Thread: the
// loop of its owner.
class StallGuard {
 public:
  // ALSA in the guest gives up after max(100 ms, 1.1 rings) without a period:
  // half a ring, and 80 ms at most.
  void Reset(int buffer_frames, int rate_hz);

  std::chrono::nanoseconds budget() const { return budget_; }
  bool waiting() const { return since_.has_value(); }
  // It waits, since then if it did not before.
  void Wait(MonotonicTime since);
  // It does not wait any more.
  void End(MonotonicTime now);
  // When the budget, or less if there is `less` to wait for, is used up, if it
  // began to wait then.
  MonotonicTime Deadline(MonotonicTime since,
                         std::chrono::nanoseconds budget) const {
    return (since_ ? *since_ : since) + budget;
  }
  // All its waits.
  std::chrono::nanoseconds total() const { return total_; }

 private:
  std::chrono::nanoseconds budget_{0};
  std::chrono::nanoseconds total_{0};
  std::optional<MonotonicTime> since_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_STALL_GUARD_H_
