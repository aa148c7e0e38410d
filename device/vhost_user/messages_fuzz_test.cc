// Bytes as a VMM's messages, with file descriptors, to a session with a device
// that touches everything.
//
// The input is a sequence of messages: a byte that says how many and which
// file descriptors come with it, a byte for what happens then, and a header
// with its payload as on the wire (but with the version already right).
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "device/vhost_user/connection.h"
#include "device/vhost_user/fake_device.h"
#include "device/vhost_user/send_with_fds.h"
#include "device/vhost_user/session.h"

namespace earshot::vhost_user {
namespace {

constexpr size_t kFileSize = 64 << 10;  // bytes

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  size_t left() const { return size_; }
  uint8_t Byte() {
    uint8_t byte = 0;
    Take(&byte, 1);
    return byte;
  }
  size_t Take(void* out, size_t size) {
    size = std::min(size, size_);
    std::memcpy(out, data_, size);
    data_ += size;
    size_ -= size;
    return size;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

// A memory file and eventfds, as a VMM has them.
struct Files {
  Files() {
    memory = UniqueFd(memfd_create("fuzz", MFD_CLOEXEC));
    if (ftruncate(memory.get(), kFileSize) != 0) abort();
    event = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }
  // Low half: how many; high half: which.
  std::vector<int> Choose(uint8_t choice) const {
    const int fds[] = {memory.get(), event.get()};
    return std::vector<int>(choice % 10, fds[(choice >> 4) % 2]);
  }
  UniqueFd memory;
  UniqueFd event;
};

// Returns false when the connection is to be closed.
bool HandleAll(Connection& connection, Session& session, MonotonicTime now) {
  for (;;) {
    auto message = connection.Read();
    if (!message.ok()) return false;
    if (!message->has_value()) return true;
    const uint32_t request = (*message)->header.request;
    auto reply = session.Handle(**std::move(message), now);
    if (!reply.ok()) return false;
    if (!reply->has_value()) continue;
    if (!connection.Reply(request, **reply).ok()) return false;
  }
}

void Run(Input input) {
  const Files files;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) abort();
  const UniqueFd vmm(ends[0]);
  const UniqueFd ours(ends[1]);
  FakeDevice device;
  MonotonicTime now(std::chrono::hours(1));
  Connection connection(ours.get());
  Session session(
      &device, [](int, int) { return absl::OkStatus(); }, now);
  for (int messages = 0; input.left() > 2 && messages < 32; ++messages) {
    const std::vector<int> fds = files.Choose(input.Byte());
    const uint8_t after = input.Byte();
    std::vector<uint8_t> bytes(sizeof(Header));
    input.Take(bytes.data(), bytes.size());
    Header header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (!(after & 1)) header.flags = kVersion | (header.flags & kNeedReplyFlag);
    std::memcpy(bytes.data(), &header, sizeof(header));
    const size_t payload = std::min<size_t>(header.size, kMaxPayloadSize);
    bytes.resize(sizeof(Header) + payload);
    input.Take(bytes.data() + sizeof(Header), payload);
    SendWithFds(vmm.get(), bytes, fds, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (!HandleAll(connection, session, now)) break;
    if (after & 2) {
      eventfd_write(files.event.get(), 1);
      session.OnKick((after >> 4) % FakeDevice::kQueues, now);
    }
    if (after & 4) device.hold = !device.hold;
    if (after & 8) {
      // The guest writes to its memory.
      uint8_t bytes_of_guest[64];
      const size_t n = input.Take(bytes_of_guest, sizeof(bytes_of_guest));
      const off_t where = (off_t{input.Byte()} << 8 | input.Byte()) & ~1;
      if (pwrite(files.memory.get(), bytes_of_guest, n, where) < 0) abort();
    }
    // The VMM reads its replies.
    uint8_t reply[4096];
    while (recv(vmm.get(), reply, sizeof(reply), MSG_DONTWAIT) > 0) {
    }
    now += std::chrono::milliseconds(1);
  }
  session.Close(now);
}

}  // namespace
}  // namespace earshot::vhost_user

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = [] {
    spdlog::set_level(spdlog::level::off);
    return true;
  }();
  (void)quiet;
  earshot::vhost_user::Run({data, size});
  return 0;
}
