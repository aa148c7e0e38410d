#ifndef EARSHOT_DEVICE_VHOST_USER_LISTENER_H_
#define EARSHOT_DEVICE_VHOST_USER_LISTENER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/vhost_user/unique_fd.h"

namespace earshot::vhost_user {

// A unix socket that listens at `path`. A socket that a process left behind is
// replaced; one where somebody listens is not (kAlreadyExists), nor is
// anything else than a socket.
absl::StatusOr<UniqueFd> ListenAt(const std::string& path);

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_LISTENER_H_
