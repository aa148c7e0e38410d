// Bytes as a VMM's messages, with file descriptors, to a session with a device
// that touches everything.
//
// The input is a sequence of messages: a byte that says how many and which
// file descriptors come with it, a byte for what happens then (a kick, a write
// of the guest, memory that is taken away), and a header with its payload as on
// the wire (but with the version already right).
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
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

// What a VMM may send over a socket: memory files of usual and odd sizes, and
// what is no memory at all.
class Files {
 public:
  Files() {
    memory_ = Memory(kFileSize);
    event_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Add(memory_.get());
    Add(event_.get());
    for (const off_t size : {off_t{0}, off_t{1}, off_t{4097}, off_t{12345},
                             off_t{1} << 40, off_t{kFileSize}}) {
      Keep(Memory(size));
    }
    // One that nobody may resize, one that nobody may write to.
    fcntl(fds_.back(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    const std::string path = "/proc/self/fd/" + std::to_string(memory_.get());
    Keep(UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC)));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) abort();
    Keep(UniqueFd(ends[0]));
    Keep(UniqueFd(ends[1]));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) abort();
    Keep(UniqueFd(ends[0]));
    Keep(UniqueFd(ends[1]));
    Keep(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)));
    Keep(UniqueFd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    Keep(UniqueFd(epoll_create1(EPOLL_CLOEXEC)));
  }
  // `choice` modulo 10 says how many, its high half which: the memory, the
  // event, or a row of all kinds.
  std::vector<int> Choose(uint8_t choice) const {
    std::vector<int> chosen;
    const size_t first = choice >> 4;
    for (int i = 0; i < choice % 10; ++i) {
      chosen.push_back(fds_[(first < 2 ? first : first + i) % fds_.size()]);
    }
    return chosen;
  }
  int memory() const { return memory_.get(); }
  int event() const { return event_.get(); }

 private:
  static UniqueFd Memory(off_t size) {
    UniqueFd file(memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (ftruncate(file.get(), size) != 0) abort();
    return file;
  }
  void Add(int fd) { fds_.push_back(fd); }
  void Keep(UniqueFd fd) {
    if (!fd.valid()) return;  // not every machine lets one have everything
    Add(fd.get());
    kept_.push_back(std::move(fd));
  }

  UniqueFd memory_;
  UniqueFd event_;
  std::vector<int> fds_;
  std::vector<UniqueFd> kept_;
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
    if (!session.Check().ok()) return false;
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
    // Whole, or in two parts, of which the first brings the descriptors.
    const size_t part = after & 64 ? 1 + after % 12 : bytes.size();
    SendWithFds(vmm.get(), absl::MakeSpan(bytes).first(part), fds,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (part < bytes.size()) {
      if (!HandleAll(connection, session, now)) break;
      send(vmm.get(), bytes.data() + part, bytes.size() - part,
           MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (!HandleAll(connection, session, now)) break;
    // The VMM takes its memory away, or gives some of it back.
    if (after & 128) {
      const off_t size = off_t{input.Byte()} << 9;
      if (ftruncate(files.memory(), size) != 0) abort();
    }
    if (after & 2) {
      eventfd_write(files.event(), 1);
      session.OnKick((after >> 4) % FakeDevice::kQueues, now);
    }
    if (!session.Check().ok()) break;
    if (after & 4) device.hold = !device.hold;
    if (after & 8) {
      // The guest writes to its memory.
      uint8_t bytes_of_guest[64];
      const size_t n = input.Take(bytes_of_guest, sizeof(bytes_of_guest));
      const off_t where = (off_t{input.Byte()} << 8 | input.Byte()) & ~1;
      if (pwrite(files.memory(), bytes_of_guest, n, where) < 0) abort();
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
