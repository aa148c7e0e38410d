#ifndef EARSHOT_CLIENT_PLAYED_POSITION_H_
#define EARSHOT_CLIENT_PLAYED_POSITION_H_

#include <chrono>
#include <cstdint>

#include "client/monotonic_time.h"

namespace earshot {

// Where the service's play-out is now: what it said last, carried forward by
// the time that has passed since, while it moves. Thread: the loop of its
// owner. Positions are frames since the epoch began.
class PlayedPosition {
 public:
  // An epoch begins.
  void Reset(int rate_hz);
  // The service said so; its word has traveled for `way`. `silent`: of digital
  // silence that lasts.
  void OnSaid(int64_t played, std::chrono::nanoseconds way, MonotonicTime now,
              bool silent);
  // It stands still, or nothing is known of it.
  void Freeze(MonotonicTime now);
  // As it was said last.
  int64_t said() const { return said_; }
  bool moving() const { return moving_; }
  int64_t At(MonotonicTime now) const;

 private:
  int rate_hz_ = 48000;
  int64_t said_ = 0;
  int64_t position_ = 0;  // at `time_`
  MonotonicTime time_;
  bool silent_ = false;
  bool moving_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAYED_POSITION_H_
