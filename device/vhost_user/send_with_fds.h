#ifndef EARSHOT_DEVICE_VHOST_USER_SEND_WITH_FDS_H_
#define EARSHOT_DEVICE_VHOST_USER_SEND_WITH_FDS_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace earshot::vhost_user {

// Sends bytes and file descriptors together over a unix socket, as a VMM does.
// Returns and sets errno as sendmsg() does; `flags` are its flags. For tests.
ssize_t SendWithFds(int socket, absl::Span<const uint8_t> bytes,
                    const std::vector<int>& fds, int flags);

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_SEND_WITH_FDS_H_
