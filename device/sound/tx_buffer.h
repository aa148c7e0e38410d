#ifndef EARSHOT_DEVICE_SOUND_TX_BUFFER_H_
#define EARSHOT_DEVICE_SOUND_TX_BUFFER_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "device/sound/device_queue.h"
#include "device/sound/virtio_snd.h"
#include "device/virtio/descriptor_chain.h"

namespace earshot {

// A buffer of the TX queue, which the guest waits for: it is answered exactly
// once. Dropping it unanswered is our bug; the guest then gets IO_ERR, and a
// debug build aborts. Once its queue has stopped, it reads as empty and
// answering is a harmless no-op: the driver offers it again, or is gone.
//
// Move-only. The payload stays in the guest's memory until it is read.
// Thread: the device's loop. `queue` outlives it.
class TxBuffer {
 public:
  TxBuffer(DescriptorChain chain, DeviceQueue* queue);
  TxBuffer(TxBuffer&& other) noexcept;
  TxBuffer& operator=(TxBuffer&& other) noexcept;
  ~TxBuffer();

  // Whether it can hold the header and the status (5.14.6.8).
  bool well_formed() const {
    return chain_.readable_size() >= sizeof(SndPcmXfer) &&
           chain_.writable_size() >= sizeof(SndPcmStatus);
  }
  // The stream that its header names. Read once: the guest may change it.
  uint32_t stream_id() const { return stream_id_; }

  // The sound that it carries, in bytes; its end may not be a whole frame.
  size_t payload_bytes() const {
    return well_formed() ? chain_.readable_size() - sizeof(SndPcmXfer) : 0;
  }
  // Copies payload out from byte `offset` on, as the guest's memory holds it
  // now; returns how many bytes there were, at most out.size().
  size_t ReadPayload(size_t offset, absl::Span<uint8_t> out) const;

  // Whether the driver has looked at all that its queue gave back.
  bool driver_has_looked() const {
    return queue_ == nullptr || queue_->DriverHasLooked();
  }

  // Answers. 5.14.6.8: nothing but OK or IO_ERR goes on a data queue.
  // `latency_bytes`: how much sound is ahead of this buffer's end.
  void Complete(uint32_t latency_bytes) {
    Answer(SndStatus::kOk, latency_bytes);
  }
  void Fail() { Answer(SndStatus::kIoErr, 0); }

 private:
  void Answer(SndStatus status, uint32_t latency_bytes);
  void AnswerIfDropped();

  DescriptorChain chain_;
  DeviceQueue* queue_;  // null once answered or moved from
  DeviceQueue::Ticket ticket_;
  uint32_t stream_id_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_TX_BUFFER_H_
