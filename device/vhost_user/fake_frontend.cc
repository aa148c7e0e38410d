#include "device/vhost_user/fake_frontend.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "device/vhost_user/send_with_fds.h"
#include "device/virtio/features.h"

namespace earshot::vhost_user {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollSlice(20);

template <typename T>
absl::Span<const uint8_t> Bytes(const T& value) {
  return absl::MakeSpan(reinterpret_cast<const uint8_t*>(&value),
                        sizeof(value));
}

absl::Status Errno(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

UniqueFd NewEventFd() {
  return UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

}  // namespace

FakeFrontend::FakeFrontend(FakeGuest* guest, Options options)
    : guest_(guest), options_(std::move(options)) {}

// --- The connection ---

absl::Status FakeFrontend::Open() {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, options_.socket_path.c_str(),
               sizeof(address.sun_path) - 1);
  socket_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) != 0) {
    absl::Status status = Errno("connect");
    socket_ = UniqueFd();
    return status;
  }
  memory_sent_ = false;
  queues_.clear();
  queues_.resize(guest_->queue_count());
  return absl::OkStatus();
}

absl::Status FakeFrontend::Connect() {
  if (absl::Status opened = Open(); !opened.ok()) return opened;
  absl::StatusOr<uint64_t> offered = GetU64(Request::kGetFeatures);
  if (!offered.ok()) return offered.status();
  offered_ = *offered;
  absl::StatusOr<uint64_t> protocol = GetU64(Request::kGetProtocolFeatures);
  if (!protocol.ok()) return protocol.status();
  protocol_features_ = *protocol;
  absl::Status status =
      SendStruct(Request::kSetProtocolFeatures, protocol_features_);
  if (!status.ok()) return status;
  absl::StatusOr<uint64_t> queues = GetU64(Request::kGetQueueNum);
  if (!queues.ok()) return queues.status();
  if (*queues < queues_.size()) {
    return absl::FailedPreconditionError("too few queues");
  }
  if (protocol_features_ & kProtocolConfigureMemSlots) {
    absl::StatusOr<uint64_t> slots = GetU64(Request::kGetMaxMemSlots);
    if (!slots.ok()) return slots.status();
  }
  status = SendMessage(static_cast<uint32_t>(Request::kSetOwner), 0, {});
  if (!status.ok()) return status;
  if (offered = GetU64(Request::kGetFeatures); !offered.ok()) {
    return offered.status();
  }
  for (size_t i = 0; i < queues_.size(); ++i) {
    status = SendStruct(Request::kSetVringCall, uint64_t{i}, {CallFd(i)});
    if (!status.ok()) return status;
    status = SendStruct(Request::kSetVringErr, uint64_t{i}, {ErrFd(i)});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int FakeFrontend::NewKickFd(int queue) {
  queues_.at(queue).kick = NewEventFd();
  return queues_.at(queue).kick.get();
}

int FakeFrontend::CallFd(int queue) {
  UniqueFd& call = queues_.at(queue).call;
  if (!call.valid()) call = NewEventFd();
  return call.get();
}

int FakeFrontend::ErrFd(int queue) {
  UniqueFd& error = queues_.at(queue).error;
  if (!error.valid()) error = NewEventFd();
  return error.get();
}

void FakeFrontend::Disconnect() {
  socket_ = UniqueFd();
  queues_.clear();
  memory_sent_ = false;
}

// --- The guest's life ---

absl::Status FakeFrontend::Start(uint64_t features) {
  uint64_t wanted = features;
  if (!guest_->options().event_idx) wanted &= ~kFeatureEventIdx;
  if (!guest_->options().indirect) wanted &= ~kFeatureIndirect;
  features_ = offered_ & wanted;
  guest_->ResetRings((features_ & kFeatureEventIdx) != 0);
  for (Queue& queue : queues_) queue.base = 0;
  inflight_fd_ = UniqueFd();  // of the rings' last life
  return StartRings();
}

absl::Status FakeFrontend::Reconnect() {
  if (absl::Status status = Connect(); !status.ok()) return status;
  for (size_t i = 0; i < queues_.size(); ++i) {
    queues_[i].base = guest_->ring(i).avail_index();
  }
  return StartRings();
}

absl::Status FakeFrontend::Resume() { return StartRings(); }

absl::Status FakeFrontend::Reset() { return Stop(); }

absl::Status FakeFrontend::StartRings() {
  absl::Status status = SendStruct(Request::kSetFeatures, features_);
  if (status.ok()) status = SendMemory();
  if (status.ok() && options_.inflight) status = SendInflight();
  for (size_t i = 0; status.ok() && i < queues_.size(); ++i) {
    status = SetUpRing(i);
  }
  for (uint32_t i = 0; status.ok() && i < queues_.size(); ++i) {
    status = SendStruct(Request::kSetVringEnable, VringState{i, 1}, {},
                        /*need_reply=*/true);
  }
  for (size_t i = 0; status.ok() && i < queues_.size(); ++i) {
    status = SendStruct(Request::kSetVringCall, uint64_t{i},
                        {queues_[i].call.get()});
  }
  return status;
}

absl::Status FakeFrontend::SetUpRing(int index) {
  Queue& queue = queues_[index];
  const uint32_t i = index;
  const Virtqueue::Layout& layout = guest_->ring(index).layout();
  absl::Status status =
      SendStruct(Request::kSetVringNum, VringState{i, layout.size});
  if (!status.ok()) return status;
  status = SendStruct(Request::kSetVringBase, VringState{i, queue.base});
  if (!status.ok()) return status;
  status = SendStruct(Request::kSetVringAddr,
                      VringAddress{.index = i,
                                   .descriptor_table = layout.descriptor_table,
                                   .used_ring = layout.used_ring,
                                   .avail_ring = layout.avail_ring});
  if (!status.ok()) return status;
  status = SendStruct(Request::kSetVringKick, uint64_t{i}, {NewKickFd(index)});
  if (!status.ok()) return status;
  status = SendStruct(Request::kSetVringCall, uint64_t{i}, {queue.call.get()});
  if (!status.ok()) return status;
  // QEMU kicks each ring here, before it is enabled.
  KickAnyway(index);
  return absl::OkStatus();
}

absl::Status FakeFrontend::SendMemory() {
  const std::vector<GuestMemory::Region>& regions = guest_->ram().regions();
  std::vector<MemoryRegion> table;
  for (size_t i = 0; i < regions.size(); ++i) {
    table.push_back({regions[i].guest_address, regions[i].size,
                     regions[i].user_address, i * guest_->ram().region_size()});
  }
  if (options_.memory_slots) {
    for (const MemoryRegion& region : table) {
      if (memory_sent_) break;
      absl::Status status =
          SendStruct(Request::kAddMemReg, SingleMemoryRegion{0, region},
                     {guest_->ram().fd()}, true);
      if (!status.ok()) return status;
    }
    memory_sent_ = true;
    return absl::OkStatus();
  }
  const MemoryTableHeader header = {static_cast<uint32_t>(table.size()), 0};
  std::vector<uint8_t> payload(sizeof(header) +
                               table.size() * sizeof(MemoryRegion));
  std::memcpy(payload.data(), &header, sizeof(header));
  std::memcpy(payload.data() + sizeof(header), table.data(),
              payload.size() - sizeof(header));
  return Command(Request::kSetMemTable, payload,
                 std::vector<int>(table.size(), guest_->ram().fd()));
}

absl::Status FakeFrontend::SendInflight() {
  if (!inflight_fd_.valid()) {
    const Inflight wanted = {
        .queue_count = static_cast<uint16_t>(guest_->queue_count()),
        .queue_size = guest_->options().queue_size};
    const uint32_t request = static_cast<uint32_t>(Request::kGetInflightFd);
    absl::Status status = SendMessage(request, 0, Bytes(wanted));
    if (!status.ok()) return status;
    absl::StatusOr<std::vector<uint8_t>> reply =
        ReceiveReply(request, &inflight_fd_);
    if (!reply.ok()) return reply.status();
    if (reply->size() != sizeof(inflight_) || !inflight_fd_.valid()) {
      return absl::InternalError("GET_INFLIGHT_FD: no buffer");
    }
    std::memcpy(&inflight_, reply->data(), sizeof(inflight_));
  }
  return SendStruct(Request::kSetInflightFd, inflight_, {inflight_fd_.get()},
                    /*need_reply=*/true);
}

absl::Status FakeFrontend::Stop() {
  for (uint32_t i = 0; i < queues_.size(); ++i) {
    absl::Status status = SendStruct(Request::kSetVringEnable, VringState{i, 0},
                                     {}, /*need_reply=*/true);
    if (!status.ok()) return status;
  }
  for (uint32_t i = 0; i < queues_.size(); ++i) {
    absl::Status status = SendStruct(Request::kGetVringBase, VringState{i, 0});
    if (!status.ok()) return status;
    absl::StatusOr<std::vector<uint8_t>> reply =
        ReceiveReply(static_cast<uint32_t>(Request::kGetVringBase));
    if (!reply.ok()) return reply.status();
    VringState state;
    if (reply->size() != sizeof(state)) {
      return absl::InternalError("GET_VRING_BASE: size of the reply");
    }
    std::memcpy(&state, reply->data(), sizeof(state));
    queues_[i].base = state.num;
  }
  return absl::OkStatus();
}

// --- The driver ---

uint64_t FakeFrontend::Add(int queue, const FakeChain& chain) {
  return guest_->ring(queue).Add(chain);
}

uint64_t FakeFrontend::Send(int queue, const FakeChain& chain) {
  const uint64_t token = Add(queue, chain);
  Kick(queue);
  return token;
}

bool FakeFrontend::Kick(int queue) {
  if (!guest_->ring(queue).NeedsKick()) return false;
  KickAnyway(queue);
  return true;
}

void FakeFrontend::KickAnyway(int queue) {
  eventfd_write(queues_.at(queue).kick.get(), 1);
}

std::vector<UsedChain> FakeFrontend::Collect(int queue) {
  return guest_->ring(queue).Collect();
}

std::vector<UsedChain> FakeFrontend::WaitForUsed(int queue, size_t count) {
  const Clock::time_point deadline = Clock::now() + options_.timeout;
  std::vector<UsedChain> used = Collect(queue);
  // Interrupts are left for TakeInterrupts, so the ring itself is looked at.
  while (used.size() < count && Wait(-1, deadline)) {
    std::vector<UsedChain> more = Collect(queue);
    used.insert(used.end(), more.begin(), more.end());
  }
  return used;
}

void FakeFrontend::WaitForInterrupt(int queue,
                                    std::chrono::microseconds timeout) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timespec limit = {seconds.count(),
                          std::chrono::nanoseconds(timeout - seconds).count()};
  pollfd waiting = {queues_.at(queue).call.get(), POLLIN, 0};
  if (ppoll(&waiting, 1, &limit, nullptr) > 0) TakeInterrupts(queue);
}

uint64_t FakeFrontend::TakeInterrupts(int queue) {
  eventfd_t count = 0;
  return eventfd_read(queues_.at(queue).call.get(), &count) == 0 ? count : 0;
}

absl::StatusOr<std::vector<uint8_t>> FakeFrontend::GetConfig(uint32_t offset,
                                                             uint32_t size) {
  const ConfigHeader header = {offset, size, 0};
  std::vector<uint8_t> payload(sizeof(header) + size);
  std::memcpy(payload.data(), &header, sizeof(header));
  const uint32_t request = static_cast<uint32_t>(Request::kGetConfig);
  absl::Status status = SendMessage(request, 0, payload);
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<uint8_t>> reply = ReceiveReply(request);
  if (!reply.ok()) return reply.status();
  if (reply->size() != payload.size()) {
    return absl::InternalError(
        absl::StrCat("GET_CONFIG: a reply of ", reply->size(), " bytes"));
  }
  return std::vector<uint8_t>(reply->begin() + sizeof(header), reply->end());
}

// --- Messages ---

absl::Status FakeFrontend::SendMessage(uint32_t request, uint32_t flags,
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

absl::Status FakeFrontend::SendRaw(absl::Span<const uint8_t> bytes,
                                   const std::vector<int>& fds) {
  if (SendWithFds(socket_.get(), bytes, fds, MSG_NOSIGNAL) !=
      static_cast<ssize_t>(bytes.size())) {
    return Errno("sendmsg");
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status FakeFrontend::SendStruct(Request request, const T& payload,
                                      const std::vector<int>& fds,
                                      bool need_reply) {
  if (need_reply) return Command(request, Bytes(payload), fds);
  return SendMessage(static_cast<uint32_t>(request), 0, Bytes(payload), fds);
}

absl::Status FakeFrontend::Command(Request request,
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

absl::StatusOr<uint64_t> FakeFrontend::GetU64(Request request) {
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

absl::StatusOr<std::vector<uint8_t>> FakeFrontend::ReceiveReply(
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

absl::Status FakeFrontend::ReceiveExactly(uint8_t* out, size_t size,
                                          UniqueFd* fd) {
  const Clock::time_point deadline = Clock::now() + options_.timeout;
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

bool FakeFrontend::WaitForClose() {
  const Clock::time_point deadline = Clock::now() + options_.timeout;
  do {
    uint8_t byte;
    const ssize_t n = recv(socket_.get(), &byte, 1, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return true;
  } while (Wait(socket_.get(), deadline));
  return false;
}

bool FakeFrontend::Wait(int fd, Clock::time_point deadline) {
  if (Clock::now() >= deadline) return false;
  if (options_.pump) {
    options_.pump();
    return true;
  }
  pollfd waiting = {fd, POLLIN, 0};
  const std::chrono::milliseconds slice =
      fd < 0 ? std::chrono::milliseconds(1) : kPollSlice;
  poll(&waiting, fd < 0 ? 0 : 1, slice.count());
  return true;
}

}  // namespace earshot::vhost_user
