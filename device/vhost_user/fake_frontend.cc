#include "device/vhost_user/fake_frontend.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "device/virtio/features.h"

namespace earshot::vhost_user {
namespace {

using Clock = std::chrono::steady_clock;

UniqueFd NewEventFd() {
  return UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

}  // namespace

FakeFrontend::FakeFrontend(FakeGuest* guest, Options options)
    : FrontendSocket(options.pump, options.timeout),
      guest_(guest),
      options_(std::move(options)) {}

// --- The connection ---

absl::Status FakeFrontend::Open() {
  absl::Status status = ConnectTo(options_.socket_path);
  if (!status.ok()) return status;
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
  Hangup();
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
    absl::Status status = SendMessage(request, 0, BytesOf(wanted));
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

}  // namespace earshot::vhost_user
