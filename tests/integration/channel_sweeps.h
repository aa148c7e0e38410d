#ifndef EARSHOT_TESTS_INTEGRATION_CHANNEL_SWEEPS_H_
#define EARSHOT_TESTS_INTEGRATION_CHANNEL_SWEEPS_H_

#include <cstdint>
#include <vector>

#include "device/sound/pcm_params.h"
#include "tests/integration/playback_rig.h"

namespace earshot {

// Sound that is known at every rate: a sweep in each channel of a guest, which
// is in a band of its own, so that no channel can be taken for another and no
// frame for its neighbor. Low frequency effects have only low ones.
class ChannelSweeps {
 public:
  // Channels as the device maps them for the guest.
  explicit ChannelSweeps(int channels) : channels_(channels) {}

  double Value(int channel, double seconds) const;
  // As a guest plays so many frames.
  std::vector<uint8_t> Guest(const PcmFormat& format, int rate_hz,
                             int frames) const;
  // What a lossless way makes of them in a WAV file.
  std::vector<int16_t> Lossless(const PcmFormat& format, int rate_hz,
                                int frames) const;

  // How a recording compares, channel by channel of the file.
  struct Heard {
    double snr_db = 0;      // of the worst channel but the next
    double low_snr_db = 0;  // of low frequency effects, if there are any
    int lag_frames = 0;     // at which it fits best, of all channels together
    int channels_ok = 0;    // that sound like their own sweep and no other
  };
  Heard Compare(const Recording& recording) const;
  bool IsLow(int channel) const;

 private:
  const int channels_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_CHANNEL_SWEEPS_H_
