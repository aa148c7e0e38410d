#ifndef EARSHOT_TESTS_SIMULATION_VIRTUAL_CLIENT_H_
#define EARSHOT_TESTS_SIMULATION_VIRTUAL_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "client/credit_window.h"
#include "client/margin_steering.h"
#include "client/monotonic_time.h"
#include "client/pacing_clock.h"

namespace earshot {

// A device's side of the loop, as remote_player has it: the pacing clock lets
// packets go, as far as the grant reaches; then it waits for a while, then it
// discards. The guest fills its ring at once. Virtual time; no codec, no call.
class VirtualClient {
 public:
  struct Output {
    std::function<void(int64_t first_frame, int64_t frame_count)> packet;
    std::function<void(int64_t first_frame, int64_t frame_count)> skip;
  };

  VirtualClient(int rate_hz, int64_t packet_frames, Output output);

  void Start(MonotonicTime now, int64_t initial_frames);
  void Stop(MonotonicTime now);
  void Resume(MonotonicTime now);
  // Sends what is due.
  void Wake(MonotonicTime now);
  // When it wants to be woken.
  MonotonicTime NextDue(MonotonicTime now) const;
  void OnProgress(int64_t granted_frame,
                  std::optional<std::chrono::nanoseconds> margin_error,
                  std::chrono::nanoseconds target_margin, MonotonicTime now);

  double ppm() const { return clock_.ppm(); }
  int64_t produced() const { return produced_; }
  int64_t sent() const { return sent_; }
  int64_t skipped() const { return skipped_; }
  std::chrono::nanoseconds stalled() const { return stalled_; }

 private:
  int64_t Limit() const;
  void EndStall(MonotonicTime now);

  const int rate_hz_;
  const int64_t packet_frames_;
  const Output output_;
  PacingClock clock_;
  MarginSteering steering_;
  CreditWindow credit_;
  int64_t produced_ = 0;
  int64_t sent_ = 0;  // skips included
  int64_t skipped_ = 0;
  bool free_run_ = false;
  std::optional<MonotonicTime> stalled_since_;
  std::chrono::nanoseconds stalled_{0};
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_VIRTUAL_CLIENT_H_
