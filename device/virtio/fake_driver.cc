#include "device/virtio/fake_driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace earshot {
namespace {

// A device that wants its timer again and again at one time is stuck.
constexpr int kMaxTimersAtOneTime = 1000;

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "FakeDriver: %s\n", what);
  std::abort();
}

}  // namespace

FakeDriver::FakeDriver(VirtioDevice* device)
    : FakeDriver(device,
                 FakeGuest::Options{.queue_count = device->queue_count()}) {}

FakeDriver::FakeDriver(VirtioDevice* device, FakeGuest::Options options)
    : device_(device),
      guest_(options),
      memory_(guest_.ram().memory()),
      queues_(options.queue_count) {}

FakeDriver::~FakeDriver() { Stop(); }

void FakeDriver::Start(uint64_t device_features) {
  Stop();
  guest_.ResetRings(guest_.options().event_idx);
  device_->Reset(now_);
  device_->SetDriverFeatures(device_->device_features() & device_features);
  for (Queue& queue : queues_) {
    queue.notifications = 0;
    queue.log_memory.clear();
  }
  Resume();
}

void FakeDriver::Stop() {
  for (size_t i = 0; i < queues_.size(); ++i) StopQueue(i);
}

void FakeDriver::Resume() {
  for (size_t i = 0; i < queues_.size(); ++i) StartQueue(i);
}

void FakeDriver::StopQueue(int index) {
  Queue& queue = queues_.at(index);
  if (!queue.device_side.has_value()) return;
  device_->StopQueue(index, now_);
  queue.device_side.reset();
}

void FakeDriver::StartQueue(int index) {
  Queue& queue = queues_.at(index);
  if (queue.device_side.has_value()) return;
  const Virtqueue::Layout& layout = ring(index).layout();
  absl::StatusOr<uint16_t> used = Virtqueue::ReadUsedIndex(memory_, layout);
  Require(used.ok(), "bad layout");
  const size_t log_size = InflightLog::SizeFor(layout.size);
  queue.log_memory.resize(log_size / sizeof(uint64_t));
  queue.log.emplace(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(queue.log_memory.data()),
                     log_size),
      layout.size);
  absl::StatusOr<Virtqueue> created = Virtqueue::Create(
      &memory_, layout, *used, guest_.options().event_idx,
      [this, index] { ++queues_[index].notifications; }, &*queue.log);
  Require(created.ok(), "the queue cannot be created");
  queue.device_side = *std::move(created);
  device_->StartQueue(index, &*queue.device_side, now_);
}

uint64_t FakeDriver::Add(int queue, const FakeChain& chain) {
  Require(!chain.indirect || guest_.options().indirect,
          "indirect descriptors were not negotiated");
  return ring(queue).Add(chain);
}

bool FakeDriver::Kick(int queue) {
  if (!ring(queue).NeedsKick()) return false;
  if (virtqueue(queue) != nullptr) device_->OnKick(queue, now_);
  return true;
}

uint64_t FakeDriver::Send(int queue, const FakeChain& chain) {
  const uint64_t token = Add(queue, chain);
  Kick(queue);
  return token;
}

std::vector<UsedChain> FakeDriver::Collect(int queue) {
  return ring(queue).Collect();
}

void FakeDriver::Advance(MonotonicTime::duration duration) {
  AdvanceTo(now_ + duration);
}

void FakeDriver::AdvanceTo(MonotonicTime time) {
  int timers = 0;
  for (;;) {
    const MonotonicTime deadline = device_->NextDeadline(now_);
    if (deadline > time) break;
    timers = deadline > now_ ? 0 : timers + 1;
    Require(timers < kMaxTimersAtOneTime, "the deadline does not move");
    now_ = std::max(now_, deadline);
    device_->OnTimer(now_);
  }
  now_ = std::max(now_, time);
}

Virtqueue* FakeDriver::virtqueue(int queue) {
  std::optional<Virtqueue>& side = queues_.at(queue).device_side;
  return side.has_value() ? &*side : nullptr;
}

}  // namespace earshot
