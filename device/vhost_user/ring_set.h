#ifndef EARSHOT_DEVICE_VHOST_USER_RING_SET_H_
#define EARSHOT_DEVICE_VHOST_USER_RING_SET_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/vhost_user/connection.h"
#include "device/vhost_user/inflight_buffer.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/guest_memory.h"
#include "device/virtio/inflight_log.h"
#include "device/virtio/virtio_device.h"
#include "device/virtio/virtqueue.h"

namespace earshot::vhost_user {

// The rings of a device, as a VMM sets them up, and the device's queues while
// they run. The device has a queue while its ring is started (a kick fd came,
// until GET_VRING_BASE), enabled, and within memory.
//
// A ring goes on from the used index in memory, whatever base the VMM gives:
// some give the avail index, and what was taken and not used must be seen
// again. Which buffers those are is kept in an InflightLog: in the VMM's
// buffer if it has set one, else in memory of our own.
//
// A VMM pauses and resets by the same messages. The control queue tells them
// apart: base 0 for queue 0 means that the driver begins from nothing, any
// other that it goes on.
//
// Thread: the device's loop.
class RingSet {
 public:
  // See Session.
  using WatchKick = std::function<absl::Status(int ring, int fd)>;

  // Both outlive it.
  RingSet(VirtioDevice* device, const GuestMemory* memory,
          WatchKick watch_kick);
  RingSet(const RingSet&) = delete;
  RingSet& operator=(const RingSet&) = delete;

  int size() const { return static_cast<int>(rings_.size()); }

  // What the driver has accepted of all features. Rings of a VMM that cannot
  // enable them (`enable_all`) are always enabled.
  void SetFeatures(uint64_t features, bool enable_all, MonotonicTime now);
  uint64_t features() const { return features_; }

  // What the requests of these names do; an error is a refusal.
  absl::Status SetNum(const VringState& state, MonotonicTime now);
  absl::Status SetAddress(const VringAddress& address, MonotonicTime now);
  absl::Status SetBase(const VringState& state, MonotonicTime now);
  absl::StatusOr<VringState> GetBase(const VringState& state,
                                     MonotonicTime now);
  absl::Status SetEnable(const VringState& state, MonotonicTime now);
  absl::Status SetKick(Message& message, MonotonicTime now);
  absl::Status SetCall(Message& message);
  absl::Status SetErr(Message& message);
  void SetInflight(InflightBuffer buffer, MonotonicTime now);

  // The kick fd of a ring is readable.
  void OnKick(int index, MonotonicTime now);
  // Logs, and tells the VMM, of each ring that the driver has broken: once.
  void ReportBroken();

  // Gives the device every queue that may run, or takes all from it.
  void Start(MonotonicTime now);
  void Stop(MonotonicTime now);
  // The driver begins from nothing.
  void ResetDevice(MonotonicTime now);
  // The VMM does: every ring is as at first, and so is the device.
  void Clear(MonotonicTime now);
  // RESET_DEVICE: the rings are stopped and disabled, and the device is reset.
  void DisableAndReset(MonotonicTime now);

  // kDataLoss if the VMM has taken its inflight buffer away.
  absl::Status CheckMemory() const;

 private:
  struct Ring {
    Virtqueue::Layout layout;
    uint16_t base = 0;  // while it does not run
    bool started = false;
    bool enabled = false;
    UniqueFd kick;
    UniqueFd call;
    UniqueFd error;
    std::vector<uint64_t> own_log;  // if the VMM has none for us
    std::optional<InflightLog> inflight;
    std::optional<Virtqueue> queue;  // the device has it
    bool broken_reported = false;
  };

  absl::StatusOr<Ring*> At(uint64_t index);
  absl::StatusOr<Ring*> OfFd(const Message& message);
  absl::Status SetLayout(Ring& ring, const Virtqueue::Layout& layout,
                         MonotonicTime now);
  absl::Status StartRing(Ring& ring, MonotonicTime now);
  void StopRing(Ring& ring, MonotonicTime now);
  void OpenLog(Ring& ring);
  void Unwatch(Ring& ring);
  int IndexOf(const Ring& ring) const;

  VirtioDevice* const device_;
  const GuestMemory* const memory_;
  const WatchKick watch_kick_;
  uint64_t features_ = 0;
  std::optional<InflightBuffer> inflight_;  // the VMM's
  std::vector<Ring> rings_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_RING_SET_H_
