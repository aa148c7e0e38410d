#include "device/vhost_user/session.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "device/virtio/features.h"

namespace earshot::vhost_user {
namespace {

constexpr uint64_t kTransportFeatures =
    kFeatureIndirect | kFeatureEventIdx | kFeatureVersion1;
// What is listed here works. Not STATUS: some VMMs that see it send only half
// of the states, and nobody needs it to start.
constexpr uint64_t kProtocolFeatures = kProtocolMq | kProtocolReplyAck |
                                       kProtocolConfig | kProtocolResetDevice |
                                       kProtocolConfigureMemSlots;
// More than any VMM's memory has holes; hot-plugged memory included.
constexpr uint64_t kMaxMemSlots = 64;
constexpr int kControlQueue = 0;

using Payload = std::vector<uint8_t>;

Payload U64(uint64_t value) {
  Payload payload(sizeof(value));
  std::memcpy(payload.data(), &value, sizeof(value));
  return payload;
}

// The payload as a T, which it must be exactly.
template <typename T>
absl::StatusOr<T> As(const Message& message) {
  T value;
  if (message.payload.size() != sizeof(T)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%u bytes instead of %u", message.payload.size(), sizeof(T)));
  }
  std::memcpy(&value, message.payload.data(), sizeof(T));
  return value;
}

// Runs handler(the payload as a T).
template <typename T, typename Handler>
absl::Status With(const Message& message, Handler handler) {
  absl::StatusOr<T> value = As<T>(message);
  if (!value.ok()) return value.status();
  return handler(*value);
}

bool Ready(int fd, short events) {
  pollfd waiting = {fd, events, 0};
  return poll(&waiting, 1, 0) > 0 && (waiting.revents & events) != 0;
}

// An eventfd has no file type; pipes and sockets can be waited for, too.
bool CanBeWaitedFor(const UniqueFd& fd) {
  struct stat file;
  if (fstat(fd.get(), &file) != 0) return false;
  const mode_t type = file.st_mode & S_IFMT;
  return type == 0 || type == S_IFIFO || type == S_IFSOCK;
}

// Interrupts the guest. Never blocks: a counter that is full says it already.
// A pipe that nobody reads any more would answer with a SIGPIPE.
void Signal(const UniqueFd& fd) {
  if (!fd.valid() || !Ready(fd.get(), POLLOUT) || Ready(fd.get(), POLLERR)) {
    return;
  }
  const uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(fd.get(), &one, sizeof(one));
}

std::vector<GuestMemory::Region> Views(
    const std::vector<MappedRegion>& regions) {
  std::vector<GuestMemory::Region> views;
  for (const MappedRegion& region : regions) views.push_back(region.view());
  return views;
}

bool SameLayout(const Virtqueue::Layout& a, const Virtqueue::Layout& b) {
  return a.size == b.size && a.descriptor_table == b.descriptor_table &&
         a.avail_ring == b.avail_ring && a.used_ring == b.used_ring;
}

}  // namespace

Session::Session(VirtioDevice* device, WatchKick watch_kick, MonotonicTime now)
    : device_(device),
      watch_kick_(std::move(watch_kick)),
      rings_(device->queue_count()) {
  device_->Reset(now);
}

void Session::Close(MonotonicTime now) {
  StopRings(now);
  for (Ring& ring : rings_) {
    Unwatch(ring);
    ring = Ring();
  }
  device_->Reset(now);
  memory_ = GuestMemory();
  regions_.clear();
}

Session::Reply Session::Handle(Message message, MonotonicTime now) {
  switch (static_cast<Request>(message.header.request)) {
    case Request::kGetFeatures:
      return {U64((device_->device_features() & kDeviceFeatureMask) |
                  kTransportFeatures | kFeatureProtocolFeatures)};
    case Request::kGetProtocolFeatures:
      return {U64(kProtocolFeatures)};
    case Request::kGetQueueNum:
      return {U64(rings_.size())};
    case Request::kGetMaxMemSlots:
      return {U64(kMaxMemSlots)};
    case Request::kGetVringBase:
      return GetVringBase(message, now);
    case Request::kGetConfig:
      return GetConfig(message);
    default:
      break;
  }
  const absl::Status done = Set(message, now);
  if (!done.ok()) {
    spdlog::warn("vhost-user request refused request={} reason=\"{}\"",
                 message.header.request, std::string(done.message()));
  }
  if (!(message.header.flags & kNeedReplyFlag)) {
    return std::optional<Payload>();
  }
  return {U64(done.ok() ? 0 : 1)};
}

absl::Status Session::Set(Message& message, MonotonicTime now) {
  switch (static_cast<Request>(message.header.request)) {
    case Request::kSetFeatures:
      return With<uint64_t>(message, [&](uint64_t features) {
        return SetFeatures(features, now);
      });
    case Request::kSetProtocolFeatures:
      // What matters of them shows in the messages that follow.
      return As<uint64_t>(message).status();
    case Request::kSetOwner:
    case Request::kResetOwner:
      return absl::OkStatus();
    case Request::kSetMemTable:
      return SetMemTable(message, now);
    case Request::kAddMemReg:
      return AddMemReg(message, now);
    case Request::kRemMemReg:
      return RemMemReg(message, now);
    case Request::kSetVringNum:
      return With<VringState>(message, [&](const VringState& state) {
        return SetVringNum(state, now);
      });
    case Request::kSetVringAddr:
      return With<VringAddress>(message, [&](const VringAddress& address) {
        return SetVringAddr(address, now);
      });
    case Request::kSetVringBase:
      return With<VringState>(message, [&](const VringState& state) {
        return SetVringBase(state, now);
      });
    case Request::kSetVringEnable:
      return With<VringState>(message, [&](const VringState& state) {
        return SetVringEnable(state, now);
      });
    case Request::kSetVringKick:
      return SetVringKick(message, now);
    case Request::kSetVringCall:
      return SetVringCall(message);
    case Request::kSetVringErr:
      return SetVringErr(message);
    case Request::kSetBackendReqFd:
      if (message.fds.empty()) return absl::InvalidArgumentError("no fd");
      backend_requests_ = std::move(message.fds.front());
      return absl::OkStatus();
    case Request::kSetConfig:
      return absl::PermissionDeniedError(
          "nothing in the configuration can be written");
    case Request::kResetDevice:
      for (Ring& ring : rings_) {
        StopRing(ring, now);
        Unwatch(ring);
        ring.started = ring.enabled = false;
        ring.base = 0;
      }
      ResetDevice(now);
      return absl::OkStatus();
    default:
      return absl::UnimplementedError("unknown request");
  }
}

// --- Features and configuration ---

absl::Status Session::SetFeatures(uint64_t features, MonotonicTime now) {
  const uint64_t offered = device_->device_features() | kTransportFeatures |
                           kFeatureProtocolFeatures;
  const uint64_t surplus = features & ~offered;
  features &= offered;
  // Rings run without being enabled for a VMM that cannot enable them.
  const bool enabled = !(features & kFeatureProtocolFeatures);
  if (features != features_) {
    StopRings(now);
    features_ = features;
    device_->SetDriverFeatures(features & kDeviceFeatureMask);
  }
  for (Ring& ring : rings_) ring.enabled = ring.enabled || enabled;
  StartRings(now);
  if (surplus == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("features 0x%x were not offered", surplus));
}

Session::Reply Session::GetConfig(const Message& message) const {
  ConfigHeader header;
  if (message.payload.size() < sizeof(header)) {
    return absl::InvalidArgumentError("GET_CONFIG is too short");
  }
  std::memcpy(&header, message.payload.data(), sizeof(header));
  // An empty reply means failure.
  if (header.size > kMaxConfigSize) return std::optional<Payload>(Payload());
  Payload reply(sizeof(header) + header.size);
  std::memcpy(reply.data(), &header, sizeof(header));
  device_->ReadConfig(header.offset,
                      absl::MakeSpan(reply).subspan(sizeof(header)));
  return {std::move(reply)};
}

// --- Memory ---

void Session::SetMemory(std::vector<MappedRegion> regions, GuestMemory memory,
                        MonotonicTime now) {
  // Nothing may point into the old memory when it is unmapped.
  StopRings(now);
  memory_ = std::move(memory);
  regions_ = std::move(regions);
  StartRings(now);
}

absl::Status Session::SetMemTable(Message& message, MonotonicTime now) {
  MemoryTableHeader header;
  const Payload& payload = message.payload;
  if (payload.size() < sizeof(header)) {
    return absl::InvalidArgumentError("too short");
  }
  std::memcpy(&header, payload.data(), sizeof(header));
  if (header.region_count > message.fds.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%u regions with %u file descriptors",
                        header.region_count, message.fds.size()));
  }
  // Some VMMs send the whole table, whatever it holds.
  if (payload.size() <
      sizeof(header) + header.region_count * sizeof(MemoryRegion)) {
    return absl::InvalidArgumentError("too short for its regions");
  }
  std::vector<MappedRegion> regions;
  for (size_t i = 0; i < header.region_count; ++i) {
    MemoryRegion region;
    std::memcpy(&region, payload.data() + sizeof(header) + i * sizeof(region),
                sizeof(region));
    absl::StatusOr<MappedRegion> mapped =
        MappedRegion::Map(region, message.fds[i].get());
    if (!mapped.ok()) return mapped.status();
    regions.push_back(*std::move(mapped));
  }
  absl::StatusOr<GuestMemory> memory = GuestMemory::Create(Views(regions));
  if (!memory.ok()) return memory.status();
  SetMemory(std::move(regions), *std::move(memory), now);
  return absl::OkStatus();
}

absl::Status Session::AddMemReg(Message& message, MonotonicTime now) {
  absl::StatusOr<SingleMemoryRegion> single = As<SingleMemoryRegion>(message);
  if (!single.ok()) return single.status();
  if (message.fds.empty()) return absl::InvalidArgumentError("no fd");
  if (regions_.size() >= kMaxMemSlots) {
    return absl::ResourceExhaustedError("too many memory regions");
  }
  absl::StatusOr<MappedRegion> mapped =
      MappedRegion::Map(single->region, message.fds.front().get());
  if (!mapped.ok()) return mapped.status();
  std::vector<GuestMemory::Region> views = Views(regions_);
  views.push_back(mapped->view());
  absl::StatusOr<GuestMemory> memory = GuestMemory::Create(std::move(views));
  if (!memory.ok()) return memory.status();
  StopRings(now);
  regions_.push_back(*std::move(mapped));
  memory_ = *std::move(memory);
  StartRings(now);
  return absl::OkStatus();
}

absl::Status Session::RemMemReg(const Message& message, MonotonicTime now) {
  absl::StatusOr<SingleMemoryRegion> single = As<SingleMemoryRegion>(message);
  if (!single.ok()) return single.status();
  const MemoryRegion& wanted = single->region;
  auto found = std::find_if(
      regions_.begin(), regions_.end(), [&](const MappedRegion& region) {
        return region.view().guest_address == wanted.guest_address &&
               region.view().user_address == wanted.user_address &&
               region.view().size == wanted.size;
      });
  if (found == regions_.end()) {
    return absl::NotFoundError("no such memory region");
  }
  std::vector<GuestMemory::Region> views = Views(regions_);
  views.erase(views.begin() + (found - regions_.begin()));
  absl::StatusOr<GuestMemory> memory = GuestMemory::Create(std::move(views));
  if (!memory.ok()) return memory.status();
  StopRings(now);
  memory_ = *std::move(memory);
  regions_.erase(found);
  StartRings(now);
  return absl::OkStatus();
}

// --- Rings ---

absl::StatusOr<Session::Ring*> Session::RingAt(uint64_t index) {
  if (index >= rings_.size()) {
    return absl::OutOfRangeError(
        absl::StrFormat("ring %u of %u", index, rings_.size()));
  }
  return &rings_[index];
}

absl::StatusOr<Session::Ring*> Session::RingOfFd(const Message& message) {
  absl::StatusOr<uint64_t> value = As<uint64_t>(message);
  if (!value.ok()) return value.status();
  if (!(*value & kVringNoFd) && message.fds.empty()) {
    return absl::InvalidArgumentError("no fd");
  }
  return RingAt(*value & kVringIndexMask);
}

int Session::IndexOf(const Ring& ring) const { return &ring - rings_.data(); }

absl::Status Session::SetLayout(Ring& ring, const Virtqueue::Layout& layout,
                                MonotonicTime now) {
  if (SameLayout(ring.layout, layout)) return absl::OkStatus();
  StopRing(ring, now);
  ring.layout = layout;
  // The rest may be still to come: only a kick or ENABLE tells the reason.
  if (absl::Status started = StartRing(ring, now); !started.ok()) {
    spdlog::debug("ring not ready ring={} reason=\"{}\"", IndexOf(ring),
                  std::string(started.message()));
  }
  return absl::OkStatus();
}

absl::Status Session::SetVringNum(const VringState& state, MonotonicTime now) {
  absl::StatusOr<Ring*> ring = RingAt(state.index);
  if (!ring.ok()) return ring.status();
  if (state.num == 0 || state.num > 32768 ||
      (state.num & (state.num - 1)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a ring of %u entries", state.num));
  }
  Virtqueue::Layout layout = (*ring)->layout;
  layout.size = state.num;
  return SetLayout(**ring, layout, now);
}

absl::Status Session::SetVringAddr(const VringAddress& address,
                                   MonotonicTime now) {
  absl::StatusOr<Ring*> ring = RingAt(address.index);
  if (!ring.ok()) return ring.status();
  Virtqueue::Layout layout = (*ring)->layout;
  layout.descriptor_table = address.descriptor_table;
  layout.avail_ring = address.avail_ring;
  layout.used_ring = address.used_ring;
  return SetLayout(**ring, layout, now);
}

absl::Status Session::SetVringBase(const VringState& state, MonotonicTime now) {
  absl::StatusOr<Ring*> ring = RingAt(state.index);
  if (!ring.ok()) return ring.status();
  StopRing(**ring, now);
  (*ring)->base = state.num;
  if (state.index == kControlQueue && state.num == 0) ResetDevice(now);
  StartRings(now);
  return absl::OkStatus();
}

Session::Reply Session::GetVringBase(const Message& message,
                                     MonotonicTime now) {
  absl::StatusOr<VringState> state = As<VringState>(message);
  if (!state.ok()) return state.status();
  absl::StatusOr<Ring*> ring = RingAt(state->index);
  if (!ring.ok()) return ring.status();
  StopRing(**ring, now);
  Unwatch(**ring);
  (*ring)->started = false;
  const VringState base = {state->index, (*ring)->base};
  Payload reply(sizeof(base));
  std::memcpy(reply.data(), &base, sizeof(base));
  return {std::move(reply)};
}

absl::Status Session::SetVringEnable(const VringState& state,
                                     MonotonicTime now) {
  absl::StatusOr<Ring*> ring = RingAt(state.index);
  if (!ring.ok()) return ring.status();
  (*ring)->enabled = state.num != 0;
  if ((*ring)->enabled) return StartRing(**ring, now);
  StopRing(**ring, now);
  return absl::OkStatus();
}

absl::Status Session::SetVringKick(Message& message, MonotonicTime now) {
  absl::StatusOr<Ring*> found = RingOfFd(message);
  if (!found.ok()) return found.status();
  Ring& ring = **found;
  if (message.fds.empty()) {
    return absl::UnimplementedError("a ring without kicks cannot be polled");
  }
  if (!CanBeWaitedFor(message.fds.front())) {
    return absl::InvalidArgumentError("the kick fd is no eventfd");
  }
  Unwatch(ring);
  ring.kick = std::move(message.fds.front());
  if (absl::Status ok = watch_kick_(IndexOf(ring), ring.kick.get()); !ok.ok()) {
    ring.kick = UniqueFd();
    return ok;
  }
  ring.started = true;
  if (!ring.queue.has_value()) return StartRing(ring, now);
  // Perhaps there was a kick that nobody reads any more.
  device_->OnKick(IndexOf(ring), now);
  return absl::OkStatus();
}

absl::Status Session::SetVringCall(Message& message) {
  absl::StatusOr<Ring*> ring = RingOfFd(message);
  if (!ring.ok()) return ring.status();
  (*ring)->call =
      message.fds.empty() ? UniqueFd() : std::move(message.fds.front());
  // What was signaled into the old one may not have arrived.
  if ((*ring)->queue.has_value()) Signal((*ring)->call);
  return absl::OkStatus();
}

absl::Status Session::SetVringErr(Message& message) {
  absl::StatusOr<Ring*> ring = RingOfFd(message);
  if (!ring.ok()) return ring.status();
  (*ring)->error =
      message.fds.empty() ? UniqueFd() : std::move(message.fds.front());
  return absl::OkStatus();
}

void Session::OnKick(int index, MonotonicTime now) {
  Ring& ring = rings_[index];
  if (!ring.kick.valid() || !Ready(ring.kick.get(), POLLIN | POLLHUP)) return;
  uint64_t count;
  if (read(ring.kick.get(), &count, sizeof(count)) <= 0) {
    spdlog::warn("kick cannot be read ring={}", index);
    Unwatch(ring);
    return;
  }
  // A ring that does not run is scanned when it starts.
  if (ring.queue.has_value()) device_->OnKick(index, now);
}

// --- Running ---

void Session::StartRings(MonotonicTime now) {
  for (Ring& ring : rings_) {
    if (absl::Status started = StartRing(ring, now); !started.ok()) {
      spdlog::warn("ring cannot start ring={} reason=\"{}\"", IndexOf(ring),
                   std::string(started.message()));
    }
  }
}

absl::Status Session::StartRing(Ring& ring, MonotonicTime now) {
  if (ring.queue.has_value() || !ring.started || !ring.enabled) {
    return absl::OkStatus();
  }
  absl::StatusOr<uint16_t> used =
      Virtqueue::ReadUsedIndex(memory_, ring.layout);
  if (!used.ok()) return used.status();
  absl::StatusOr<Virtqueue> queue = Virtqueue::Create(
      &memory_, ring.layout, *used, (features_ & kFeatureEventIdx) != 0,
      [&ring] { Signal(ring.call); });
  if (!queue.ok()) return queue.status();
  ring.queue = *std::move(queue);
  device_->StartQueue(IndexOf(ring), &*ring.queue, now);
  return absl::OkStatus();
}

void Session::StopRings(MonotonicTime now) {
  for (Ring& ring : rings_) StopRing(ring, now);
}

void Session::StopRing(Ring& ring, MonotonicTime now) {
  if (!ring.queue.has_value()) return;
  device_->StopQueue(IndexOf(ring), now);
  // The first that was not used: it is offered again.
  ring.base = ring.queue->used_index();
  ring.queue.reset();
}

void Session::Unwatch(Ring& ring) {
  if (!ring.kick.valid()) return;
  watch_kick_(IndexOf(ring), -1).IgnoreError();
  ring.kick = UniqueFd();
}

void Session::ResetDevice(MonotonicTime now) {
  StopRings(now);
  device_->Reset(now);
  device_->SetDriverFeatures(features_ & kDeviceFeatureMask);
}

}  // namespace earshot::vhost_user
