#ifndef EARSHOT_DEVICE_SOUND_SOUND_DEVICE_H_
#define EARSHOT_DEVICE_SOUND_SOUND_DEVICE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "device/sound/control_handler.h"
#include "device/sound/controls.h"
#include "device/sound/device_queue.h"
#include "device/sound/event_queue.h"
#include "device/sound/jack.h"
#include "device/sound/log_limiter.h"
#include "device/sound/pcm_output.h"
#include "device/sound/pcm_params.h"
#include "device/sound/pcm_stream.h"
#include "device/sound/virtio_snd.h"
#include "device/virtio/virtio_device.h"

namespace earshot {

// What a sound device has to offer.
struct SoundDeviceOptions {
  PcmOffer offer;     // of every stream
  bool jacks = true;  // one for each stream
  // Volume and mute of each stream: VIRTIO_SND_F_CTLS. A VMM that does not know
  // of it makes the guest see nonsense, so it has to be asked for.
  bool controls = false;
};

// The virtio sound device (virtio 5.14): playback streams with their jacks,
// channel maps and control elements, and events about them. It pops the queues,
// routes TX buffers to their PcmStream, has the ControlHandler carry out
// requests, and refuses what a guest must not do; nothing that a guest does
// stops it.
//
// It knows neither the transport above nor the outputs' far end below. Thread:
// the device's loop; nothing blocks.
class SoundDevice final : public VirtioDevice {
 public:
  struct Stats {
    int64_t control_requests = 0;
    int64_t control_refused = 0;   // answered with BAD_MSG or NOT_SUPP
    int64_t malformed_chains = 0;  // given back without a status
    int64_t tx_refused = 0;        // TX buffers answered with IO_ERR on arrival
    int64_t rx_refused = 0;        // there is no input stream
  };

  // One playback stream for each output, with the output's index as its id.
  // The outputs outlive the device.
  explicit SoundDevice(const std::vector<PcmOutput*>& outputs,
                       SoundDeviceOptions options = {});
  ~SoundDevice() override;
  SoundDevice(const SoundDevice&) = delete;
  SoundDevice& operator=(const SoundDevice&) = delete;

  // VirtioDevice:
  int queue_count() const override { return kSndQueueCount; }
  uint64_t device_features() const override {
    return controls_ != nullptr ? kSndFeatureCtls : 0;
  }
  void SetDriverFeatures(uint64_t features) override;
  void ReadConfig(uint32_t offset, absl::Span<uint8_t> out) const override;
  void StartQueue(int index, Virtqueue* queue, MonotonicTime now) override;
  void StopQueue(int index, MonotonicTime now) override;
  void OnKick(int index, MonotonicTime now) override;
  void Reset(MonotonicTime now) override;
  MonotonicTime NextDeadline(MonotonicTime now) const override;
  void OnTimer(MonotonicTime now) override;

  int stream_count() const { return static_cast<int>(streams_.size()); }
  const PcmStream& stream(int id) const { return *streams_.at(id); }
  // One for each stream; none, if they are not offered.
  const std::vector<Jack>& jacks() const { return jacks_; }
  const Stats& stats() const { return stats_; }
  const EventQueue::Stats& event_stats() const { return events_.stats(); }

 private:
  // Looks at every ring and stream, whichever was kicked: a kick that was lost
  // or overtaken does not matter then.
  void Service(MonotonicTime now);
  // Pops a queue until it is empty, has no room, or has had its turn: `most`
  // chains, or the queue's budget.
  template <typename Handler>
  void Drain(SndQueue index, int most, MonotonicTime now, Handler handle);
  void ServeControl(MonotonicTime now);
  void ServeTx(MonotonicTime now);
  void ServeRx(MonotonicTime now);
  void PollJacks(MonotonicTime now);
  void PollStreams(MonotonicTime now);
  bool StreamsWatchTx() const;
  void RouteTx(DescriptorChain chain, MonotonicTime now);
  void LogRefusedTx(uint32_t stream_id, const char* why, MonotonicTime now);

  // Before the streams, whose buffers refer to them.
  std::array<DeviceQueue, kSndQueueCount> queues_;
  std::vector<std::unique_ptr<PcmStream>> streams_;
  std::vector<Jack> jacks_;
  EventQueue events_;
  const std::unique_ptr<Controls> controls_;  // null: not offered
  ControlHandler control_;
  const SndConfig config_;
  const size_t buffers_per_stream_;
  LogLimiter log_limiter_;
  bool unfinished_ = false;  // a queue has had its turn and holds more
  Stats stats_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_SOUND_DEVICE_H_
