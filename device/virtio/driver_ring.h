#ifndef EARSHOT_DEVICE_VIRTIO_DRIVER_RING_H_
#define EARSHOT_DEVICE_VIRTIO_DRIVER_RING_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/types/span.h"
#include "device/virtio/fake_ram.h"
#include "device/virtio/split_ring.h"
#include "device/virtio/virtqueue.h"

namespace earshot {

// A chain as a test wants it: one descriptor for each part.
struct FakeChain {
  std::vector<std::vector<uint8_t>> readable = {};
  std::vector<uint32_t> writable = {};  // sizes in bytes
  bool indirect = false;  // the descriptors in a table of their own
};

// A chain that came back.
struct UsedChain {
  uint64_t token = 0;               // what Add() returned
  uint32_t written = 0;             // as the device says
  std::vector<uint8_t> bytes = {};  // all writable parts, one behind the other
};

// The driver's side of one split virtqueue, for tests, as Linux does it. How
// the device hears of kicks and the driver of interrupts is not its business,
// so it serves a device in this process as well as one behind a socket.
// A test that misuses it aborts.
class DriverRing {
 public:
  // `ram` outlives the ring.
  DriverRing(FakeRam* ram, uint16_t size, bool event_idx);
  DriverRing(const DriverRing&) = delete;
  DriverRing& operator=(const DriverRing&) = delete;

  // Forgets every chain and begins at 0, as after a reset of the device.
  void Reset(bool event_idx);

  const Virtqueue::Layout& layout() const { return layout_; }

  // Makes a chain available. Its token is never used again by this ring.
  uint64_t Add(const FakeChain& chain);
  // Whether the ring has descriptors left for `chain`.
  bool HasRoomFor(const FakeChain& chain) const;
  // The bytes of a chain that has not come back: a driver may still write to
  // the `part`-th readable one.
  absl::Span<uint8_t> Readable(uint64_t token, size_t part);

  // Whether the device wants a kick for what was added since the last call.
  bool NeedsKick();

  // What the device has used since the last call; asks for an interrupt at
  // the next one unless interrupts are off.
  std::vector<UsedChain> Collect();
  void SetInterrupts(bool on);

  uint16_t avail_index() const { return avail_index_; }
  uint16_t used_index() const { return used_index_; }  // collected so far
  size_t in_flight() const { return chains_.size(); }

  // For malformed rings: raw descriptors, and entries of the avail ring.
  SplitDescriptor* descriptor(uint16_t index);
  void PublishHead(uint16_t head);
  void SetAvailIndex(uint16_t index);

 private:
  struct Chain {
    uint64_t token = 0;
    std::vector<uint16_t> descriptors;
    std::vector<uint64_t> buffers;  // guest physical, in order
    std::vector<uint32_t> sizes;
    size_t readable_count = 0;
    uint64_t table = 0;  // the indirect one's address
  };

  void Release(const Chain& chain);
  uint8_t* avail() const { return ram_->At(avail_address_); }
  uint8_t* used() const { return ram_->At(used_address_); }
  void ArmInterrupt();

  FakeRam* const ram_;
  const uint16_t size_;
  bool event_idx_;
  bool interrupts_ = true;
  uint64_t descriptor_address_ = 0;
  uint64_t avail_address_ = 0;
  uint64_t used_address_ = 0;
  Virtqueue::Layout layout_;
  std::vector<uint16_t> free_;
  std::map<uint16_t, Chain> chains_;  // by head
  uint64_t next_token_ = 1;
  uint16_t avail_index_ = 0;
  uint16_t kicked_index_ = 0;
  uint16_t used_index_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_DRIVER_RING_H_
