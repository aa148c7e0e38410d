#ifndef EARSHOT_DEVICE_SOUND_CONTROL_HANDLER_H_
#define EARSHOT_DEVICE_SOUND_CONTROL_HANDLER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "device/sound/controls.h"
#include "device/sound/event_queue.h"
#include "device/sound/jack.h"
#include "device/sound/pcm_params.h"
#include "device/sound/pcm_stream.h"
#include "device/sound/virtio_snd.h"
#include "device/virtio/descriptor_chain.h"

namespace earshot {

// Carries out one request of the control queue (5.14.6) on the device's parts,
// and writes the answer into its chain. Every request that has room for a
// status gets one, at once; nothing here waits for the far end.
//
// Thread: the device's loop.
class ControlHandler {
 public:
  // What was asked and how it ended, for logs and counters.
  struct Outcome {
    uint32_t code = 0;       // of the request, as the guest wrote it
    uint32_t stream_id = 0;  // of PCM commands
    SndStatus status = SndStatus::kBadMsg;
    uint32_t written = 0;  // bytes of the answer, 0 if it has no room for one
  };

  // What requests are carried out on. All of it outlives the handler.
  struct Parts {
    PcmOffer offer;  // of every stream
    const std::vector<std::unique_ptr<PcmStream>>* streams = nullptr;
    const std::vector<Jack>* jacks = nullptr;
    // Hears what the driver asks for, and what it was told.
    EventQueue* events = nullptr;
    // Null if there are none (VIRTIO_SND_F_CTLS is not offered).
    Controls* controls = nullptr;
    // Queues what is on the TX ring: a kick may still be under way when the
    // command that refers to it arrives.
    std::function<void(MonotonicTime)> poll_tx;
  };

  explicit ControlHandler(Parts parts);

  Outcome Handle(DescriptorChain& chain, MonotonicTime now);

  // Channel maps of all streams: one for each channel count of each.
  uint32_t chmap_count() const {
    return static_cast<uint32_t>(chmap_infos_.size());
  }

 private:
  SndStatus QueryInfo(uint32_t code, DescriptorChain& chain, uint32_t* written);
  SndStatus QueryJacks(const SndQueryInfo& query, DescriptorChain& chain,
                       uint32_t* written);
  SndStatus SetParams(uint32_t stream_id, const DescriptorChain& chain,
                      MonotonicTime now);
  SndStatus Command(uint32_t code, uint32_t stream_id, MonotonicTime now);
  PcmStream* Find(uint32_t stream_id) const;

  const Parts parts_;
  // 5.14.6.2: what belongs together has the same hda_fn_nid, the stream's id.
  // Linux makes a PCM device of each.
  std::vector<SndPcmInfo> pcm_infos_;
  std::vector<SndChmapInfo> chmap_infos_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_CONTROL_HANDLER_H_
