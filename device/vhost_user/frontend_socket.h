#ifndef EARSHOT_DEVICE_VHOST_USER_FRONTEND_SOCKET_H_
#define EARSHOT_DEVICE_VHOST_USER_FRONTEND_SOCKET_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"

namespace earshot::vhost_user {

// The VMM's end of the socket, for tests: single messages with their file
// descriptors, and the replies. The back-end may be another process, or run in
// this thread: then `pump` runs its loop for a moment, without blocking, while
// a reply is waited for.
class FrontendSocket {
 public:
  // `timeout` is for replies.
  FrontendSocket(std::function<void()> pump, std::chrono::milliseconds timeout);
  FrontendSocket(const FrontendSocket&) = delete;
  FrontendSocket& operator=(const FrontendSocket&) = delete;

  bool connected() const { return socket_.valid(); }

  absl::Status SendMessage(uint32_t request, uint32_t flags,
                           absl::Span<const uint8_t> payload,
                           const std::vector<int>& fds = {});
  absl::Status SendRaw(absl::Span<const uint8_t> bytes,
                       const std::vector<int>& fds = {});
  // `fd`, if it is not null, takes the one that comes with it.
  absl::StatusOr<std::vector<uint8_t>> ReceiveReply(uint32_t request,
                                                    UniqueFd* fd = nullptr);
  // With need_reply; an error if the back-end refuses.
  absl::Status Command(Request request, absl::Span<const uint8_t> payload,
                       const std::vector<int>& fds = {});
  absl::StatusOr<uint64_t> GetU64(Request request);
  // Whether the back-end closes the connection within the timeout.
  bool WaitForClose();

 protected:
  absl::Status ConnectTo(const std::string& path);
  void Hangup() { socket_ = UniqueFd(); }
  // A struct of wire.h, as Command() if it is to be replied to.
  template <typename T>
  absl::Status SendStruct(Request request, const T& payload,
                          const std::vector<int>& fds = {},
                          bool need_reply = false) {
    if (need_reply) return Command(request, BytesOf(payload), fds);
    return SendMessage(static_cast<uint32_t>(request), 0, BytesOf(payload),
                       fds);
  }
  template <typename T>
  static absl::Span<const uint8_t> BytesOf(const T& value) {
    return {reinterpret_cast<const uint8_t*>(&value), sizeof(value)};
  }
  // Lets the back-end work; false when `deadline` has passed.
  bool Wait(int fd, std::chrono::steady_clock::time_point deadline);

 private:
  absl::Status ReceiveExactly(uint8_t* out, size_t size,
                              UniqueFd* fd = nullptr);

  const std::function<void()> pump_;
  const std::chrono::milliseconds timeout_;
  UniqueFd socket_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_FRONTEND_SOCKET_H_
