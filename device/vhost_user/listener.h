#ifndef EARSHOT_DEVICE_VHOST_USER_LISTENER_H_
#define EARSHOT_DEVICE_VHOST_USER_LISTENER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/vhost_user/unique_fd.h"

namespace earshot::vhost_user {

// A unix socket that listens already, which the process has inherited as `fd`,
// e.g. of systemd's socket activation. It is taken over if it is one, and not
// inherited further.
absl::StatusOr<UniqueFd> AdoptListener(int fd);

// The descriptor of the one socket that systemd's socket activation has passed
// (LISTEN_PID, LISTEN_FDS; see sd_listen_fds(3)). kNotFound if there is none;
// an error if there are several. Takes the variables out of the environment.
absl::StatusOr<int> TakeActivatedFd();

// A unix socket that listens at `path`. A socket that a process left behind is
// replaced; one where somebody listens is not (kAlreadyExists), nor is
// anything else than a socket.
absl::StatusOr<UniqueFd> ListenAt(const std::string& path);

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_LISTENER_H_
