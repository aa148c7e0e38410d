#ifndef EARSHOT_DEVICE_SOUND_DEVICE_QUEUE_H_
#define EARSHOT_DEVICE_SOUND_DEVICE_QUEUE_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "device/virtio/descriptor_chain.h"
#include "device/virtio/virtqueue.h"

namespace earshot {

// One of the sound device's queues, which the transport starts and stops
// underneath it. Knows which popped chains are still good: those from before
// the last Stop() are void, and answering them does nothing.
//
// Buffers refer to it, so it outlives them. Thread: the device's loop.
class DeviceQueue {
 public:
  // The most chains out at a time, whatever the size of the ring: bounds what
  // a guest can make the device hold. (Linux has 16 of a stream at most.)
  static constexpr int kMaxInFlight = 1024;

  // A popped chain is tied to the run of the queue that it came from.
  struct Ticket {
    uint64_t run = 0;
  };

  DeviceQueue() = default;
  DeviceQueue(const DeviceQueue&) = delete;
  DeviceQueue& operator=(const DeviceQueue&) = delete;

  void Start(Virtqueue* queue);
  void Stop();
  // The driver forgets its buffers: what was popped is void.
  void Invalidate();
  bool started() const { return queue_ != nullptr; }

  // Whether another chain may be out. A driver that follows the rules never
  // has more of them than the ring holds (2.7.13).
  bool HasRoom() const;
  // As Virtqueue::Pop(); none also if the queue is stopped or has no room.
  absl::StatusOr<std::optional<DescriptorChain>> Pop();
  Ticket ticket() const { return Ticket{run_}; }
  bool Holds(Ticket ticket) const {
    return queue_ != nullptr && ticket.run == run_;
  }

  // Gives a chain back with `written` bytes; nothing happens if it is void.
  void PushUsed(const DescriptorChain& chain, uint32_t written, Ticket ticket);
  // Tells the driver, once, of what was pushed since the last time.
  void Notify();
  // As Virtqueue's; true if the queue is stopped.
  bool DriverHasLooked() const {
    return queue_ == nullptr || queue_->DriverHasLooked();
  }

  // As Virtqueue's. EnableKicks() is false if the queue is stopped.
  bool EnableKicks();
  void DisableKicks();

  int in_flight() const { return in_flight_; }
  // How many chains one call may take before others get their turn: what a ring
  // of the usual size holds, however fast the guest fills it again.
  int budget() const {
    return queue_ == nullptr ? 0 : std::min<int>(kMaxInFlight, queue_->size());
  }
  bool broken() const { return queue_ != nullptr && queue_->broken(); }

 private:
  Virtqueue* queue_ = nullptr;
  uint64_t run_ = 0;
  int in_flight_ = 0;
  bool used_pending_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_DEVICE_QUEUE_H_
