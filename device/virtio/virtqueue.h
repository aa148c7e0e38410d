#ifndef EARSHOT_DEVICE_VIRTIO_VIRTQUEUE_H_
#define EARSHOT_DEVICE_VIRTIO_VIRTQUEUE_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/virtio/descriptor_chain.h"
#include "device/virtio/guest_memory.h"

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
  static absl::StatusOr<Virtqueue> Create(const GuestMemory* memory,
                                          const Layout& layout,
                                          uint16_t next_avail, bool event_idx,
                                          std::function<void()> notify);

  // The next chain, none if the ring is empty. An error means that this chain
  // is malformed: its head, if it could be read, has been returned to the
  // driver with length 0, and the queue goes on with the next one. An avail
  // index that runs ahead of the ring by more than its size is an error too,
  // and the queue is then broken: it stays empty until it is set up again.
  absl::StatusOr<std::optional<DescriptorChain>> Pop();

  // Gives a chain back with `written` bytes. The driver hears of it at Notify().
  void PushUsed(const DescriptorChain& chain, uint32_t written);
  // Tells the driver of what was pushed since the last time, if it asked to
  // know (2.7.7, 2.7.10): call it once after a batch.
  void Notify();

  // Asks for a kick at the next available buffer; returns true if one became
  // available meanwhile, so that the caller polls again (2.7.10).
  bool EnableKicks();
  // Says that kicks are not needed for now.
  void DisableKicks();

  uint16_t next_avail() const;  // the next entry that Pop() takes
  uint16_t used_index() const;  // how many were pushed, modulo 2^16
  uint16_t size() const;
  bool broken() const;

 private:
  // (the implementer's)
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_VIRTQUEUE_H_
