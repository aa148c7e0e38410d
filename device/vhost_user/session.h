#ifndef EARSHOT_DEVICE_VHOST_USER_SESSION_H_
#define EARSHOT_DEVICE_VHOST_USER_SESSION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/vhost_user/connection.h"
#include "device/vhost_user/mapped_region.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/virtio_device.h"
#include "device/virtio/virtqueue.h"

namespace earshot::vhost_user {

// What one VMM has set up: features, memory and rings. Answers its messages
// and runs the device's queues accordingly; it knows no socket and no loop.
//
// The device has a queue while its ring is started (a kick fd came, until
// GET_VRING_BASE), enabled, and within memory. A ring goes on from the used
// index in memory, whatever base the VMM gives: some give the avail index, and
// what was taken and not used must be seen again.
//
// A VMM pauses and resets by the same messages. The control queue tells them
// apart: base 0 for queue 0 means that the driver begins from nothing, any
// other that it goes on.
//
// Thread: the device's loop.
class Session {
 public:
  // The loop is to call OnKick() whenever `fd` is readable, until the next
  // call for this ring; -1: no more. An error: `fd` cannot be waited for.
  using WatchKick = std::function<absl::Status(int ring, int fd)>;

  // Resets the device. `device` outlives the session.
  Session(VirtioDevice* device, WatchKick watch_kick, MonotonicTime now);
  // Close() comes first.
  ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Carries out a message; returns the payload of the reply, none if the VMM
  // does not expect one. An error: the connection is to be closed. What is
  // well-formed and cannot be done is no error: it is refused and logged.
  absl::StatusOr<std::optional<std::vector<uint8_t>>> Handle(Message message,
                                                             MonotonicTime now);

  // The kick fd of a ring is readable.
  void OnKick(int ring, MonotonicTime now);

  // Takes everything from the device, resets it, and forgets the memory.
  void Close(MonotonicTime now);

 private:
  struct Ring {
    Virtqueue::Layout layout;
    uint16_t base = 0;  // while it does not run
    bool started = false;
    bool enabled = false;
    UniqueFd kick;
    UniqueFd call;
    UniqueFd error;
    std::optional<Virtqueue> queue;  // the device has it
  };
  using Payload = std::vector<uint8_t>;
  using Reply = absl::StatusOr<std::optional<Payload>>;

  // Requests with a reply of their own.
  Reply GetVringBase(const Message& message, MonotonicTime now);
  Reply GetConfig(const Message& message) const;
  // All others: an error is what is refused.
  absl::Status Set(Message& message, MonotonicTime now);
  absl::Status SetFeatures(uint64_t features, MonotonicTime now);
  absl::Status SetMemTable(Message& message, MonotonicTime now);
  absl::Status AddMemReg(Message& message, MonotonicTime now);
  absl::Status RemMemReg(const Message& message, MonotonicTime now);
  absl::Status SetVringNum(const VringState& state, MonotonicTime now);
  absl::Status SetVringAddr(const VringAddress& address, MonotonicTime now);
  absl::Status SetVringBase(const VringState& state, MonotonicTime now);
  absl::Status SetVringEnable(const VringState& state, MonotonicTime now);
  absl::Status SetVringKick(Message& message, MonotonicTime now);
  absl::Status SetVringCall(Message& message);
  absl::Status SetVringErr(Message& message);

  absl::StatusOr<Ring*> RingAt(uint64_t index);
  absl::StatusOr<Ring*> RingOfFd(const Message& message);
  absl::Status SetLayout(Ring& ring, const Virtqueue::Layout& layout,
                         MonotonicTime now);
  void SetMemory(std::vector<MappedRegion> regions, GuestMemory memory,
                 MonotonicTime now);

  // Gives the device every queue that may run, or takes it from it.
  void StartRings(MonotonicTime now);
  absl::Status StartRing(Ring& ring, MonotonicTime now);
  void StopRings(MonotonicTime now);
  void StopRing(Ring& ring, MonotonicTime now);
  void Unwatch(Ring& ring);
  void ResetDevice(MonotonicTime now);
  int IndexOf(const Ring& ring) const;

  VirtioDevice* const device_;
  const WatchKick watch_kick_;
  uint64_t features_ = 0;  // what the driver accepted
  std::vector<MappedRegion> regions_;
  GuestMemory memory_;  // views of regions_
  std::vector<Ring> rings_;
  UniqueFd backend_requests_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_SESSION_H_
