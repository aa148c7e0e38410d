#ifndef EARSHOT_DEVICE_VHOST_USER_SESSION_H_
#define EARSHOT_DEVICE_VHOST_USER_SESSION_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "device/vhost_user/connection.h"
#include "device/vhost_user/memory_table.h"
#include "device/vhost_user/ring_set.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/virtio_device.h"

namespace earshot::vhost_user {

// What one VMM has set up: features, memory and rings. Answers its messages;
// the rings are the RingSet's. It knows no socket and no loop.
//
// Not offered, since half of it would be worse than nothing: dirty logging
// (LOG_ALL) and the device's state (DEVICE_STATE), without which a VMM does not
// try to migrate; STATUS, of which some VMMs send only half and nobody needs
// it; requests of the back-end (BACKEND_REQ), for there is nothing to ask.
//
// Thread: the device's loop.
class Session {
 public:
  // The loop is to call OnKick() whenever `fd` is readable, until the next
  // call for this ring; -1: no more. An error: `fd` cannot be waited for.
  using WatchKick = RingSet::WatchKick;

  // Resets the device. `device` outlives the session.
  Session(VirtioDevice* device, WatchKick watch_kick, MonotonicTime now);
  // Close() comes first.
  ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Carries out a message; returns the reply, none if the VMM does not expect
  // one. An error: the connection is to be closed. What is well-formed and
  // cannot be done is no error: it is refused and logged.
  absl::StatusOr<std::optional<Answer>> Handle(Message message,
                                               MonotonicTime now);

  // The kick fd of a ring is readable.
  void OnKick(int ring, MonotonicTime now) { rings_.OnKick(ring, now); }

  // To be called after the device has worked, whoever called it: reports rings
  // that were broken. kDataLoss: the VMM has taken memory away that it had
  // shared; the connection is to be closed.
  absl::Status Check();

  // Takes everything from the device, resets it, and forgets the memory.
  void Close(MonotonicTime now);

 private:
  using Reply = absl::StatusOr<Answer>;
  // A request that is known: either it asks, and an error closes the
  // connection; or it sets something, and an error refuses it.
  struct Known {
    Request request;
    const char* name;
    Reply (*ask)(Session&, Message&, MonotonicTime) = nullptr;
    absl::Status (*set)(Session&, Message&, MonotonicTime) = nullptr;
  };
  static absl::Span<const Known> KnownRequests();
  static const Known* Find(uint32_t request);

  uint64_t OfferedFeatures() const;
  Reply GetConfig(const Message& message) const;
  Reply GetInflightFd(const Message& message) const;
  absl::Status SetOwner(MonotonicTime now);
  absl::Status SetFeatures(uint64_t features, MonotonicTime now);
  absl::Status SetInflightFd(const Message& message, MonotonicTime now);
  // Takes over what memory there is from now on, if it is good.
  absl::Status UseMemory(absl::StatusOr<MemoryTable> next, MonotonicTime now);

  VirtioDevice* const device_;
  MemoryTable table_;
  GuestMemory memory_;  // table_'s, where the rings look for it
  RingSet rings_;
  UniqueFd backend_requests_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_SESSION_H_
