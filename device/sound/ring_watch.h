#ifndef EARSHOT_DEVICE_SOUND_RING_WATCH_H_
#define EARSHOT_DEVICE_SOUND_RING_WATCH_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "device/sound/pcm_output.h"

namespace earshot {

// What a guest knows of the buffers that came back to it. Linux's driver counts
// them modulo its ring: if a whole ring comes back between two looks, it sees
// that nothing did, takes its ring for full, and waits for ever. That happens
// where the device comes late by a ring, or the guest stands still for so long.
// So the buffer that makes the ring whole has to wait until the guest has
// noticed one before it.
//
// Positions are in frames since the epoch began. Thread: the device's loop.
class RingWatch {
 public:
  // From the driver's interrupt, of which the queue tells, to its next look at
  // its position: a work item, or an application's timer, of a busy guest.
  // While nothing is wrong a quarter of a ring is enough.
  static constexpr std::chrono::milliseconds kNotice{20};
  // A driver that never tells that it has looked gets its buffer after all.
  static constexpr std::chrono::seconds kPatience{1};

  // An epoch begins. Without a known ring nothing is held back.
  void Reset(int ring_frames, int rate_hz);
  // Whether the driver has looked at all that came back.
  void Look(bool driver_has_looked, MonotonicTime now);
  // Whether the guest's last buffer, which ends there, has to wait.
  bool Holds(int64_t end, MonotonicTime now);
  // The buffer that ends there goes back.
  void GiveBack(int64_t end, MonotonicTime now);

 private:
  int64_t ring_frames_ = 0;
  std::chrono::nanoseconds quarter_{0};  // of a ring
  bool holds_ = false;
  int64_t given_ = 0;    // back, up to there
  int64_t noticed_ = 0;  // by the guest, at least
  MonotonicTime given_at_{};
  // What was given back when the driver looked, and when that was.
  struct Seen {
    int64_t end = 0;
    MonotonicTime at;
  };
  std::optional<Seen> seen_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_RING_WATCH_H_
