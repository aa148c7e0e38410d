#ifndef EARSHOT_DEVICE_VHOST_USER_EVENT_FD_H_
#define EARSHOT_DEVICE_VHOST_USER_EVENT_FD_H_

#include "absl/status/statusor.h"
#include "device/vhost_user/unique_fd.h"

namespace earshot::vhost_user {

// The file descriptors by which a ring is kicked, and interrupts the guest:
// eventfds, or pipes where a VMM has none. None of these calls blocks, whatever
// the VMM has sent.

// Whether a loop can wait for it: an eventfd, a pipe or a socket.
bool CanBeWaitedFor(const UniqueFd& fd);

// Adds one; nothing happens if there is no fd, or nobody reads it.
void Signal(const UniqueFd& fd);

// Takes what was signaled; false if there was nothing. An error: there will be
// nothing any more.
absl::StatusOr<bool> TakeSignal(const UniqueFd& fd);

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_EVENT_FD_H_
