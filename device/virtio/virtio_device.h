#ifndef EARSHOT_DEVICE_VIRTIO_VIRTIO_DEVICE_H_
#define EARSHOT_DEVICE_VIRTIO_VIRTIO_DEVICE_H_

#include <chrono>
#include <cstdint>

#include "absl/types/span.h"
#include "device/virtio/virtqueue.h"

namespace earshot {

// Monotonic time is always an argument: nothing that decides reads a clock.
using MonotonicTime = std::chrono::steady_clock::time_point;

// The border between a virtio device and its transport (vhost-user, or the
// FakeDriver in tests). The transport owns the queues and the guest's memory;
// the device is told of what happens to them.
//
// Thread: every call comes from the device's loop. Nothing may block.
class VirtioDevice {
 public:
  virtual ~VirtioDevice() = default;

  virtual int queue_count() const = 0;
  // Feature bits of the device's own type (0 to 23) that it offers.
  virtual uint64_t device_features() const = 0;
  // What the driver has accepted of them.
  virtual void SetDriverFeatures(uint64_t features) = 0;
  // Fills `out` with the configuration space from byte `offset` on; what lies
  // beyond it reads as 0.
  virtual void ReadConfig(uint32_t offset, absl::Span<uint8_t> out) const = 0;

  // The queue may be used from now on; it must be scanned at once, since a
  // kick may have come earlier. `queue` stays valid until StopQueue.
  virtual void StartQueue(int index, Virtqueue* queue, MonotonicTime now) = 0;
  // The queue must not be touched any more. Chains that were popped and not
  // pushed are forgotten: the transport offers them again if it resumes.
  virtual void StopQueue(int index, MonotonicTime now) = 0;
  // The driver has made buffers available.
  virtual void OnKick(int index, MonotonicTime now) = 0;
  // The driver starts from nothing: every stream is dropped.
  virtual void Reset(MonotonicTime now) = 0;

  // When OnTimer() wants to be called, MonotonicTime::max() for never. Asked
  // again after every call to this object.
  virtual MonotonicTime NextDeadline(MonotonicTime now) const = 0;
  virtual void OnTimer(MonotonicTime now) = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_VIRTIO_DEVICE_H_
