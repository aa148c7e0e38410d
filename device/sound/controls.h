#ifndef EARSHOT_DEVICE_SOUND_CONTROLS_H_
#define EARSHOT_DEVICE_SOUND_CONTROLS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "device/sound/pcm_output.h"
#include "device/sound/virtio_snd.h"
#include "device/virtio/descriptor_chain.h"

namespace earshot {

// The control elements of the device (virtio 1.3, 5.14.6.10): of each stream a
// volume and a mute switch. It carries out their requests, and tells of
// changes, whoever made them: Linux leaves that to the device also where the
// change is its own ("put" of its driver never says that something changed).
//
//   id 2n      "Master Playback Volume", index n: 0 to 120, in steps of 0.5 dB
//              from -60 dB, where nothing is heard, to 0 dB
//   id 2n + 1  "Master Playback Switch", index n: 1 is heard, 0 is mute, which
//              is how ALSA has its switches
//
// The state is the outputs'. A gain between two steps stays what it is until
// the guest sets another step. Thread: the device's loop; nothing blocks.
class Controls {
 public:
  static constexpr int32_t kSteps = 120;
  // Says that these (bits of SndCtlEventMask) have changed.
  using Notify = std::function<void(uint16_t control_id, uint16_t mask)>;

  // The outputs outlive it, with the stream's id as their index.
  Controls(std::vector<PcmOutput*> outputs, Notify notify);

  static uint32_t Count(const std::vector<PcmOutput*>& outputs) {
    return static_cast<uint32_t>(outputs.size()) * kPerStream;
  }
  uint32_t count() const {
    return static_cast<uint32_t>(streams_.size()) * kPerStream;
  }

  // Whether VIRTIO_SND_F_CTLS was negotiated. Without it every request is
  // refused, and nothing is told.
  void set_negotiated(bool negotiated) { negotiated_ = negotiated; }

  // Carries out a request of the driver, from kSndCtlInfo to
  // kSndCtlTlvCommand, and writes into `chain` what follows the status. Its
  // place is counted in `*written`.
  SndStatus Handle(uint32_t code, DescriptorChain& chain, MonotonicTime now,
                   uint32_t* written);

  // Somebody else may have changed something.
  void Poll();
  // The driver starts from nothing, and knows what it reads.
  void Reset();

 private:
  static constexpr uint32_t kPerStream = 2;
  struct Stream {
    PcmOutput* output = nullptr;
    // What the driver was told.
    uint32_t volume = 0;
    uint32_t heard = 0;
  };

  SndStatus Info(DescriptorChain& chain, uint32_t* written);
  SndStatus Read(uint32_t control_id, DescriptorChain& chain,
                 uint32_t* written);
  SndStatus Write(uint32_t control_id, const DescriptorChain& chain,
                  MonotonicTime now);
  SndStatus ReadTlv(uint32_t control_id, DescriptorChain& chain,
                    uint32_t* written);
  uint32_t Value(uint32_t control_id) const;
  void Look(uint32_t stream_id);

  std::vector<Stream> streams_;
  const Notify notify_;
  bool negotiated_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_CONTROLS_H_
