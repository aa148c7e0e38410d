#ifndef EARSHOT_DEVICE_VHOST_USER_CONNECTION_H_
#define EARSHOT_DEVICE_VHOST_USER_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"

namespace earshot::vhost_user {

// A message with the file descriptors that came with it. Those that nobody
// takes are closed with it.
struct Message {
  Header header;
  std::vector<uint8_t> payload;
  std::vector<UniqueFd> fds;
};

// A reply, with the file descriptor that goes with it, if any.
struct Answer {
  std::vector<uint8_t> payload;
  UniqueFd fd = {};
};

// Cuts what a VMM sends into messages, and sends replies; it does not know
// what they mean. Never blocks: whoever owns the socket waits for it.
// Thread: the device's loop.
class Connection {
 public:
  // `socket` stays the caller's, and open as long as this object.
  explicit Connection(int socket) : socket_(socket) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The next message, none if it has not come whole yet. kUnavailable: the VMM
  // has gone. kInvalidArgument: what it sends is no vhost-user message. After
  // an error there is nothing more to read.
  absl::StatusOr<std::optional<Message>> Read();

  // Sends `payload` as the reply to `request`. An error if the VMM does not
  // read its replies, or has gone.
  absl::Status Reply(uint32_t request, absl::Span<const uint8_t> payload,
                     int fd = -1);
  absl::Status Reply(uint32_t request, const Answer& answer) {
    return Reply(request, answer.payload, answer.fd.get());
  }

  // Whether the VMM has closed its end; there may still be messages.
  bool PeerHasGone() const;

 private:
  // Reads up to `size` bytes; 0 if there are none now.
  absl::StatusOr<size_t> Receive(uint8_t* out, size_t size);
  absl::Status CheckHeader() const;

  const int socket_;
  Message message_;  // what has come of the next one
  size_t header_bytes_ = 0;
  size_t payload_bytes_ = 0;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_CONNECTION_H_
