#ifndef EARSHOT_DEVICE_SOUND_JACK_H_
#define EARSHOT_DEVICE_SOUND_JACK_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "device/sound/pcm_output.h"
#include "device/sound/virtio_snd.h"

namespace earshot {

// The jack of one playback stream (5.14.6.4): a line output into which the far
// end is plugged while it is there. Linux shows it as "Line Out Jack".
//
// It tells nobody: poll it, and ask. Thread: the device's loop.
class Jack {
 public:
  // How long the far end is gone before the jack says so. A guest's desktop
  // moves its sound elsewhere when a plug is pulled, which is worse than what a
  // call costs that breaks and comes back; the sound of so short an outage is
  // bridged. A plug that is put in is told at once.
  static constexpr std::chrono::seconds kOutage{1};

  // `output` outlives it. `id` is the stream's, too.
  Jack(const PcmOutput* output, uint32_t id) : output_(output), id_(id) {}

  void Poll(MonotonicTime now);
  bool connected() const { return connected_; }
  // When to Poll() again; max() for not before the output changes.
  MonotonicTime NextDeadline() const;
  // 5.14.6.4.1.1
  SndJackInfo Info() const;

 private:
  const PcmOutput* output_;
  uint32_t id_;
  bool connected_ = false;
  std::optional<MonotonicTime> gone_since_;  // only while connected_
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_JACK_H_
