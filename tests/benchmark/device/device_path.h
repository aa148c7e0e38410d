#ifndef EARSHOT_TESTS_BENCHMARK_DEVICE_DEVICE_PATH_H_
#define EARSHOT_TESTS_BENCHMARK_DEVICE_DEVICE_PATH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "client/packet_encoder.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/pcm_output.h"
#include "device/sound/sound_device.h"

namespace earshot {

// From the TX ring to coded packets: driver's ring, sound device, sample
// conversion, encoder; 48 kHz stereo S16 in packets of 10 ms, no network,
// virtual time. It plays the chord, again and again.
class DevicePath {
 public:
  // The guest's period is in frames.
  static absl::StatusOr<std::unique_ptr<DevicePath>> Create(int complexity,
                                                            int period_frames);
  ~DevicePath();

  // So many more frames, in whole periods.
  void Play(int frames);
  int64_t packets() const;

 private:
  class Output;

  DevicePath(std::unique_ptr<PacketEncoder> encoder, int period_frames);
  void Send();

  const int period_frames_;
  const std::vector<uint8_t> sound_;
  size_t at_ = 0;
  const std::unique_ptr<Output> output_;
  SoundDevice device_;
  FakeSoundDriver driver_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_DEVICE_DEVICE_PATH_H_
