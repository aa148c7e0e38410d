#include "device/vhost_user/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace earshot::vhost_user {
namespace {

// Takes over the file descriptors that came with `message`.
void TakeFds(msghdr* message, std::vector<UniqueFd>* fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr;
       part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
      fds->emplace_back(fd);
    }
  }
}

}  // namespace

absl::StatusOr<size_t> Connection::Receive(uint8_t* out, size_t size) {
  iovec data = {out, size};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t n;
  do {
    n = recvmsg(socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return size_t{0};
    return absl::UnavailableError(std::strerror(errno));
  }
  TakeFds(&message, &message_.fds);
  if (n == 0) return absl::UnavailableError("closed by the VMM");
  if ((message.msg_flags & MSG_CTRUNC) || message_.fds.size() > kMaxFds) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a message with more than %d file descriptors, or none left to take "
        "them",
        kMaxFds));
  }
  return static_cast<size_t>(n);
}

absl::Status Connection::CheckHeader() const {
  const Header& header = message_.header;
  if ((header.flags & kVersionMask) != kVersion ||
      (header.flags & kReplyFlag) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("not a vhost-user request: request %u, flags 0x%x",
                        header.request, header.flags));
  }
  if (header.size > kMaxPayloadSize) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "request %u with %u bytes", header.request, header.size));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Message>> Connection::Read() {
  while (header_bytes_ < sizeof(Header)) {
    absl::StatusOr<size_t> n =
        Receive(reinterpret_cast<uint8_t*>(&message_.header) + header_bytes_,
                sizeof(Header) - header_bytes_);
    if (!n.ok()) {
      if (header_bytes_ > 0 && absl::IsUnavailable(n.status())) {
        return absl::InvalidArgumentError("truncated message");
      }
      return n.status();
    }
    if (*n == 0) return std::optional<Message>();
    header_bytes_ += *n;
    if (header_bytes_ < sizeof(Header)) continue;
    if (absl::Status ok = CheckHeader(); !ok.ok()) return ok;
    message_.payload.resize(message_.header.size);
  }
  while (payload_bytes_ < message_.payload.size()) {
    absl::StatusOr<size_t> n =
        Receive(message_.payload.data() + payload_bytes_,
                message_.payload.size() - payload_bytes_);
    if (!n.ok()) {
      if (absl::IsUnavailable(n.status())) {
        return absl::InvalidArgumentError("truncated message");
      }
      return n.status();
    }
    if (*n == 0) return std::optional<Message>();
    payload_bytes_ += *n;
  }
  header_bytes_ = 0;
  payload_bytes_ = 0;
  return std::optional<Message>(std::exchange(message_, Message()));
}

absl::Status Connection::Reply(uint32_t request,
                               absl::Span<const uint8_t> payload, int fd) {
  const Header header = {request, kVersion | kReplyFlag,
                         static_cast<uint32_t>(payload.size())};
  std::vector<uint8_t> bytes(sizeof(header) + payload.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  if (!payload.empty()) {
    std::memcpy(bytes.data() + sizeof(header), payload.data(), payload.size());
  }
  iovec data = {bytes.data(), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(fd));
    std::memcpy(CMSG_DATA(part), &fd, sizeof(fd));
  }
  ssize_t n;
  do {
    n = sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(bytes.size())) return absl::OkStatus();
  return absl::UnavailableError(n < 0 ? std::strerror(errno)
                                      : "the VMM does not read its replies");
}

bool Connection::PeerHasGone() const {
  pollfd waiting = {socket_, POLLRDHUP, 0};
  return poll(&waiting, 1, 0) > 0 &&
         (waiting.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace earshot::vhost_user
