#ifndef EARSHOT_DEVICE_VIRTIO_VIRTQUEUE_H_
#define EARSHOT_DEVICE_VIRTIO_VIRTQUEUE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/virtio/descriptor_chain.h"
#include "device/virtio/guest_memory.h"
#include "device/virtio/inflight_log.h"

namespace earshot {

// The device's side of one split virtqueue (virtio 2.7), with indirect
// descriptors and EVENT_IDX. Everything in the rings is foreign: indices,
// lengths and addresses are checked, and read once.
//
// It does not know eventfds: `notify` tells the driver that buffers were used.
// Thread: the device's loop.
class Virtqueue {
 public:
  struct Layout {
    uint16_t size = 0;              // entries, a power of 2, up to 32768
    uint64_t descriptor_table = 0;  // addresses as the VMM gives them (user)
    uint64_t avail_ring = 0;
    uint64_t used_ring = 0;
  };

  // The most descriptors a chain may have, whatever the size of the ring.
  static constexpr int kMaxChainLength = 1024;

  // `memory` outlives the queue. `next_avail` is where to go on. Fails if the
  // rings are misaligned or not within memory.
  // With an `inflight` log, which is of the ring's size and outlives the queue
  // too, Pop() first offers again what the log says was taken and not given
  // back, and the ring goes on behind it, whatever `next_avail` is.
  static absl::StatusOr<Virtqueue> Create(const GuestMemory* memory,
                                          const Layout& layout,
                                          uint16_t next_avail, bool event_idx,
                                          std::function<void()> notify,
                                          InflightLog* inflight = nullptr);

  // How many buffers the device has used so far, as the ring in memory says,
  // modulo 2^16: where a queue whose buffers are used in order goes on.
  static absl::StatusOr<uint16_t> ReadUsedIndex(const GuestMemory& memory,
                                                const Layout& layout);

  // The next chain, none if the ring is empty. An error means that this chain
  // is malformed: its head, if it could be read, has been returned to the
  // driver with length 0, and the queue goes on with the next one. An avail
  // index that runs ahead of the ring by more than its size is an error too,
  // and the queue is then broken: it stays empty until it is set up again.
  absl::StatusOr<std::optional<DescriptorChain>> Pop();

  // Gives a chain back with `written` bytes. The driver hears of it at
  // Notify().
  void PushUsed(const DescriptorChain& chain, uint32_t written);
  // Tells the driver of what was pushed since the last time, if it asked to
  // know (2.7.7, 2.7.10): call it once after a batch.
  void Notify();
  // Whether the driver has looked at all that was pushed, as far as it tells:
  // with EVENT_IDX by the event that it waits for next, else yes.
  bool DriverHasLooked() const;

  // Asks for a kick at the next available buffer; returns true if one became
  // available meanwhile, so that the caller polls again (2.7.10).
  bool EnableKicks();
  // Says that kicks are not needed for now.
  void DisableKicks();

  uint16_t next_avail() const { return next_avail_; }  // Pop() takes it next
  uint16_t used_index() const { return used_index_; }  // pushed, modulo 2^16
  uint16_t size() const { return size_; }
  bool broken() const { return broken_; }

 private:
  Virtqueue() = default;

  absl::StatusOr<std::optional<uint16_t>> NextHead();
  absl::StatusOr<DescriptorChain> Walk(uint16_t head) const;
  void PushUsed(uint16_t head, uint32_t written);

  const GuestMemory* memory_ = nullptr;
  std::function<void()> notify_;
  uint8_t* descriptors_ = nullptr;
  uint8_t* avail_ = nullptr;
  uint8_t* used_ = nullptr;
  uint16_t size_ = 0;
  bool event_idx_ = false;
  bool broken_ = false;

  InflightLog* inflight_ = nullptr;
  std::deque<uint16_t> again_;  // heads that the log has, to be offered first
  uint16_t next_avail_ = 0;
  uint16_t used_index_ = 0;
  // used_index_ at the last Notify(), none before the first: what was signaled
  // before the queue was set up is not known.
  std::optional<uint16_t> notified_index_;
  bool pushed_ = false;  // since the last Notify()
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_VIRTQUEUE_H_
