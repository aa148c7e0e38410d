#include "device/vhost_user/ring_set.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "device/vhost_user/event_fd.h"
#include "device/vhost_user/payload.h"
#include "device/virtio/features.h"

namespace earshot::vhost_user {
namespace {

constexpr int kControlQueue = 0;
constexpr uint32_t kMaxRingSize = 32768;  // 2.7

bool SameLayout(const Virtqueue::Layout& a, const Virtqueue::Layout& b) {
  return a.size == b.size && a.descriptor_table == b.descriptor_table &&
         a.avail_ring == b.avail_ring && a.used_ring == b.used_ring;
}

UniqueFd FirstFd(Message& message) {
  return message.fds.empty() ? UniqueFd() : std::move(message.fds.front());
}

}  // namespace

RingSet::RingSet(VirtioDevice* device, const GuestMemory* memory,
                 WatchKick watch_kick)
    : device_(device),
      memory_(memory),
      watch_kick_(std::move(watch_kick)),
      rings_(device->queue_count()) {}

// --- Set-up ---

void RingSet::SetFeatures(uint64_t features, bool enable_all,
                          MonotonicTime now) {
  if (features != features_) {
    Stop(now);
    features_ = features;
    device_->SetDriverFeatures(features & kDeviceFeatureMask);
  }
  for (Ring& ring : rings_) ring.enabled = ring.enabled || enable_all;
  Start(now);
}

absl::StatusOr<RingSet::Ring*> RingSet::At(uint64_t index) {
  if (index >= rings_.size()) {
    return absl::OutOfRangeError(
        absl::StrFormat("ring %u of %u", index, rings_.size()));
  }
  return &rings_[index];
}

absl::StatusOr<RingSet::Ring*> RingSet::OfFd(const Message& message) {
  absl::StatusOr<uint64_t> value = As<uint64_t>(message);
  if (!value.ok()) return value.status();
  if (!(*value & kVringNoFd) && message.fds.empty()) {
    return absl::InvalidArgumentError("no fd");
  }
  return At(*value & kVringIndexMask);
}

int RingSet::IndexOf(const Ring& ring) const {
  return static_cast<int>(&ring - rings_.data());
}

absl::Status RingSet::SetLayout(Ring& ring, const Virtqueue::Layout& layout,
                                MonotonicTime now) {
  if (SameLayout(ring.layout, layout)) return absl::OkStatus();
  StopRing(ring, now);
  if (ring.layout.size != layout.size) ring.own_log.clear();
  ring.layout = layout;
  // The rest may be still to come: only a kick or ENABLE tells the reason.
  if (absl::Status started = StartRing(ring, now); !started.ok()) {
    spdlog::debug("ring not ready ring={} reason=\"{}\"", IndexOf(ring),
                  std::string(started.message()));
  }
  return absl::OkStatus();
}

absl::Status RingSet::SetNum(const VringState& state, MonotonicTime now) {
  absl::StatusOr<Ring*> ring = At(state.index);
  if (!ring.ok()) return ring.status();
  if (state.num == 0 || state.num > kMaxRingSize ||
      (state.num & (state.num - 1)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a ring of %u entries", state.num));
  }
  Virtqueue::Layout layout = (*ring)->layout;
  layout.size = state.num;
  return SetLayout(**ring, layout, now);
}

absl::Status RingSet::SetAddress(const VringAddress& address,
                                 MonotonicTime now) {
  absl::StatusOr<Ring*> ring = At(address.index);
  if (!ring.ok()) return ring.status();
  Virtqueue::Layout layout = (*ring)->layout;
  layout.descriptor_table = address.descriptor_table;
  layout.avail_ring = address.avail_ring;
  layout.used_ring = address.used_ring;
  return SetLayout(**ring, layout, now);
}

absl::Status RingSet::SetBase(const VringState& state, MonotonicTime now) {
  absl::StatusOr<Ring*> ring = At(state.index);
  if (!ring.ok()) return ring.status();
  StopRing(**ring, now);
  (*ring)->base = state.num;
  if (state.index == kControlQueue && state.num == 0) ResetDevice(now);
  Start(now);
  return absl::OkStatus();
}

absl::StatusOr<VringState> RingSet::GetBase(const VringState& state,
                                            MonotonicTime now) {
  absl::StatusOr<Ring*> ring = At(state.index);
  if (!ring.ok()) return ring.status();
  StopRing(**ring, now);
  Unwatch(**ring);
  (*ring)->started = false;
  return VringState{state.index, (*ring)->base};
}

absl::Status RingSet::SetEnable(const VringState& state, MonotonicTime now) {
  absl::StatusOr<Ring*> ring = At(state.index);
  if (!ring.ok()) return ring.status();
  (*ring)->enabled = state.num != 0;
  if ((*ring)->enabled) return StartRing(**ring, now);
  StopRing(**ring, now);
  return absl::OkStatus();
}

absl::Status RingSet::SetKick(Message& message, MonotonicTime now) {
  absl::StatusOr<Ring*> found = OfFd(message);
  if (!found.ok()) return found.status();
  Ring& ring = **found;
  if (message.fds.empty()) {
    return absl::UnimplementedError("a ring without kicks cannot be polled");
  }
  if (!CanBeWaitedFor(message.fds.front())) {
    return absl::InvalidArgumentError("the kick fd is no eventfd");
  }
  Unwatch(ring);
  ring.kick = FirstFd(message);
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

absl::Status RingSet::SetCall(Message& message) {
  absl::StatusOr<Ring*> ring = OfFd(message);
  if (!ring.ok()) return ring.status();
  (*ring)->call = FirstFd(message);
  // What was signaled into the old one may not have arrived.
  if ((*ring)->queue.has_value()) Signal((*ring)->call);
  return absl::OkStatus();
}

absl::Status RingSet::SetErr(Message& message) {
  absl::StatusOr<Ring*> ring = OfFd(message);
  if (!ring.ok()) return ring.status();
  (*ring)->error = FirstFd(message);
  return absl::OkStatus();
}

void RingSet::SetInflight(InflightBuffer buffer, MonotonicTime now) {
  Stop(now);
  inflight_ = std::move(buffer);
  Start(now);
}

void RingSet::OnKick(int index, MonotonicTime now) {
  Ring& ring = rings_[index];
  absl::StatusOr<bool> kicked = TakeSignal(ring.kick);
  if (!kicked.ok()) {
    spdlog::warn("kick cannot be read ring={} error=\"{}\"", index,
                 std::string(kicked.status().message()));
    Unwatch(ring);
    return;
  }
  // A ring that does not run is scanned when it starts.
  if (*kicked && ring.queue.has_value()) device_->OnKick(index, now);
}

void RingSet::ReportBroken() {
  for (Ring& ring : rings_) {
    if (!ring.queue.has_value() || !ring.queue->broken()) continue;
    if (std::exchange(ring.broken_reported, true)) continue;
    spdlog::error(
        "ring broken by the driver, and stopped until it is set up again "
        "ring={}",
        IndexOf(ring));
    Signal(ring.error);
  }
}

// --- Running ---

void RingSet::Start(MonotonicTime now) {
  for (Ring& ring : rings_) {
    if (absl::Status started = StartRing(ring, now); !started.ok()) {
      spdlog::warn("ring cannot start ring={} reason=\"{}\"", IndexOf(ring),
                   std::string(started.message()));
    }
  }
}

absl::Status RingSet::StartRing(Ring& ring, MonotonicTime now) {
  if (ring.queue.has_value() || !ring.started || !ring.enabled) {
    return absl::OkStatus();
  }
  // A log without its ring would begin at no index.
  absl::StatusOr<uint16_t> used =
      Virtqueue::ReadUsedIndex(*memory_, ring.layout);
  if (!used.ok()) return used.status();
  OpenLog(ring);
  absl::StatusOr<Virtqueue> queue = Virtqueue::Create(
      memory_, ring.layout, *used, (features_ & kFeatureEventIdx) != 0,
      [&ring] { Signal(ring.call); }, &*ring.inflight);
  if (!queue.ok()) return queue.status();
  ring.queue = *std::move(queue);
  ring.broken_reported = false;
  device_->StartQueue(IndexOf(ring), &*ring.queue, now);
  return absl::OkStatus();
}

void RingSet::OpenLog(Ring& ring) {
  const uint16_t entries = ring.layout.size;
  const int index = IndexOf(ring);
  if (inflight_.has_value() && index < inflight_->queue_count()) {
    if (entries <= inflight_->queue_size()) {
      ring.inflight.emplace(inflight_->region(index), entries);
      return;
    }
    spdlog::warn(
        "the VMM's inflight buffer is too small for a ring and not used "
        "ring={} entries={} buffer_entries={}",
        index, entries, inflight_->queue_size());
  }
  const size_t bytes = InflightLog::SizeFor(entries);
  ring.own_log.resize(bytes / sizeof(uint64_t));
  ring.inflight.emplace(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(ring.own_log.data()), bytes),
      entries);
}

void RingSet::Stop(MonotonicTime now) {
  for (Ring& ring : rings_) StopRing(ring, now);
}

void RingSet::StopRing(Ring& ring, MonotonicTime now) {
  if (!ring.queue.has_value()) return;
  device_->StopQueue(IndexOf(ring), now);
  // As many as were used: a VMM that adds what is in flight comes to what was
  // taken.
  ring.base = ring.queue->used_index();
  ring.queue.reset();
}

void RingSet::Unwatch(Ring& ring) {
  if (!ring.kick.valid()) return;
  watch_kick_(IndexOf(ring), -1).IgnoreError();
  ring.kick = UniqueFd();
}

void RingSet::ResetDevice(MonotonicTime now) {
  Stop(now);
  // The driver forgets its buffers. A VMM's log is its own to renew: it may be
  // a new connection's, for rings that go on.
  for (Ring& ring : rings_) ring.own_log.clear();
  device_->Reset(now);
  device_->SetDriverFeatures(features_ & kDeviceFeatureMask);
}

void RingSet::DisableAndReset(MonotonicTime now) {
  Stop(now);
  for (Ring& ring : rings_) {
    Unwatch(ring);
    ring.started = ring.enabled = false;
    ring.base = 0;
  }
  ResetDevice(now);
}

void RingSet::Clear(MonotonicTime now) {
  Stop(now);
  for (Ring& ring : rings_) {
    Unwatch(ring);
    ring = Ring();
  }
  inflight_.reset();
  device_->Reset(now);
}

absl::Status RingSet::CheckMemory() const {
  if (!inflight_.has_value() || !inflight_->lost()) return absl::OkStatus();
  return absl::DataLossError("the VMM has truncated its inflight buffer");
}

}  // namespace earshot::vhost_user
