#include "device/vhost_user/frontend_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "device/vhost_user/send_with_fds.h"

namespace earshot::vhost_user {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollSlice(20);

absl::Status Errno(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

FrontendSocket::FrontendSocket(std::function<void()> pump,
                               std::chrono::milliseconds timeout)
    : pump_(std::move(pump)), timeout_(timeout) {}

absl::Status FrontendSocket::ConnectTo(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  socket_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) != 0) {
    absl::Status status = Errno("connect");
    Hangup();
    return status;
  }
  return absl::OkStatus();
}

absl::Status FrontendSocket::SendMessage(uint32_t request, uint32_t flags,
                                         absl::Span<const uint8_t> payload,
                                         const std::vector<int>& fds) {
  const Header header = {request, kVersion | flags,
                         static_cast<uint32_t>(payload.size())};
  std::vector<uint8_t> bytes(sizeof(header) + payload.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  if (!payload.empty()) {
    std::memcpy(bytes.data() + sizeof(header), payload.data(), payload.size());
  }
  return SendRaw(bytes, fds);
}

absl::Status FrontendSocket::SendRaw(absl::Span<const uint8_t> bytes,
                                     const std::vector<int>& fds) {
  if (SendWithFds(socket_.get(), bytes, fds, MSG_NOSIGNAL) !=
      static_cast<ssize_t>(bytes.size())) {
    return Errno("sendmsg");
  }
  return absl::OkStatus();
}

absl::Status FrontendSocket::Command(Request request,
                                     absl::Span<const uint8_t> payload,
                                     const std::vector<int>& fds) {
  const uint32_t id = static_cast<uint32_t>(request);
  absl::Status status = SendMessage(id, kNeedReplyFlag, payload, fds);
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<uint8_t>> reply = ReceiveReply(id);
  if (!reply.ok()) return reply.status();
  if (*reply != std::vector<uint8_t>(8, 0)) {
    return absl::AbortedError(absl::StrCat("request ", id, " was refused"));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FrontendSocket::GetU64(Request request) {
  const uint32_t id = static_cast<uint32_t>(request);
  absl::Status status = SendMessage(id, 0, {});
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<uint8_t>> reply = ReceiveReply(id);
  if (!reply.ok()) return reply.status();
  uint64_t value;
  if (reply->size() != sizeof(value)) {
    return absl::InternalError("not a reply of 8 bytes");
  }
  std::memcpy(&value, reply->data(), sizeof(value));
  return value;
}

absl::StatusOr<std::vector<uint8_t>> FrontendSocket::ReceiveReply(
    uint32_t request, UniqueFd* fd) {
  Header header;
  absl::Status status =
      ReceiveExactly(reinterpret_cast<uint8_t*>(&header), sizeof(header), fd);
  if (!status.ok()) return status;
  if (header.request != request || header.flags != (kVersion | kReplyFlag)) {
    return absl::InternalError(
        absl::StrCat("reply to ", header.request, " instead of ", request));
  }
  std::vector<uint8_t> payload(header.size);
  status = ReceiveExactly(payload.data(), payload.size());
  if (!status.ok()) return status;
  return payload;
}

absl::Status FrontendSocket::ReceiveExactly(uint8_t* out, size_t size,
                                            UniqueFd* fd) {
  const Clock::time_point deadline = Clock::now() + timeout_;
  while (size > 0) {
    iovec data = {out, size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (fd != nullptr) {
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
    }
    const ssize_t n =
        recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (const cmsghdr* part = CMSG_FIRSTHDR(&message);
        n > 0 && fd != nullptr && part != nullptr &&
        part->cmsg_type == SCM_RIGHTS) {
      int received;
      std::memcpy(&received, CMSG_DATA(part), sizeof(received));
      *fd = UniqueFd(received);
    }
    if (n == 0) return absl::UnavailableError("closed by the back-end");
    if (n < 0 && errno != EAGAIN) return Errno("recv");
    if (n > 0) {
      out += n;
      size -= n;
    } else if (!Wait(socket_.get(), deadline)) {
      return absl::DeadlineExceededError("no reply");
    }
  }
  return absl::OkStatus();
}

bool FrontendSocket::WaitForClose() {
  const Clock::time_point deadline = Clock::now() + timeout_;
  do {
    uint8_t byte;
    const ssize_t n = recv(socket_.get(), &byte, 1, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return true;
  } while (Wait(socket_.get(), deadline));
  return false;
}

bool FrontendSocket::Wait(int fd, Clock::time_point deadline) {
  if (Clock::now() >= deadline) return false;
  if (pump_) {
    pump_();
    return true;
  }
  pollfd waiting = {fd, POLLIN, 0};
  const std::chrono::milliseconds slice =
      fd < 0 ? std::chrono::milliseconds(1) : kPollSlice;
  poll(&waiting, fd < 0 ? 0 : 1, slice.count());
  return true;
}

}  // namespace earshot::vhost_user
