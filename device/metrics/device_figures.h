#ifndef EARSHOT_DEVICE_METRICS_DEVICE_FIGURES_H_
#define EARSHOT_DEVICE_METRICS_DEVICE_FIGURES_H_

#include <vector>

#include "client/player_types.h"
#include "device/sound/pcm_stream.h"
#include "device/sound/sound_device.h"
#include "device/vhost_user/backend.h"

namespace earshot {

// How one stream of the card stands.
struct StreamFigures {
  PcmStream::State state = PcmStream::State::kInitial;
  PcmStream::Stats guest;
  PlayerStats player;
  PlayerTotals total;
  // From the guest's clock to the listener's ear, in seconds.
  double delay_seconds = 0;
};

// How the device stands at one moment: a value, for others than the loop's
// thread to look at.
struct DeviceFigures {
  bool vmm_connected = false;
  vhost_user::Backend::Stats vmm;
  SoundDevice::Stats sound;
  std::vector<StreamFigures> streams;
  std::vector<bool> jacks;  // plugged in, by stream; empty if there are none
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_METRICS_DEVICE_FIGURES_H_
