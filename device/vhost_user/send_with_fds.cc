#include "device/vhost_user/send_with_fds.h"

#include <sys/socket.h>

#include <cstring>

namespace earshot::vhost_user {

ssize_t SendWithFds(int socket, absl::Span<const uint8_t> bytes,
                    const std::vector<int>& fds, int flags) {
  iovec data = {const_cast<uint8_t*>(bytes.data()), bytes.size()};
  std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size() * sizeof(int));
  }
  return sendmsg(socket, &message, flags);
}

}  // namespace earshot::vhost_user
