#include "device/sound/device_queue.h"

#include <algorithm>

namespace earshot {

void DeviceQueue::Start(Virtqueue* queue) {
  Invalidate();
  queue_ = queue;
}

void DeviceQueue::Stop() {
  Invalidate();
  queue_ = nullptr;
}

void DeviceQueue::Invalidate() {
  ++run_;
  in_flight_ = 0;
  used_pending_ = false;
}

bool DeviceQueue::HasRoom() const {
  return queue_ != nullptr &&
         in_flight_ < std::min<int>(kMaxInFlight, queue_->size());
}

absl::StatusOr<std::optional<DescriptorChain>> DeviceQueue::Pop() {
  if (!HasRoom()) return std::optional<DescriptorChain>();
  absl::StatusOr<std::optional<DescriptorChain>> chain = queue_->Pop();
  // A malformed chain went back to the driver already.
  if (!chain.ok()) used_pending_ = true;
  if (chain.ok() && chain->has_value()) ++in_flight_;
  return chain;
}

void DeviceQueue::PushUsed(const DescriptorChain& chain, uint32_t written,
                           Ticket ticket) {
  if (!Holds(ticket)) return;
  queue_->PushUsed(chain, written);
  --in_flight_;
  used_pending_ = true;
}

void DeviceQueue::Notify() {
  if (queue_ == nullptr || !used_pending_) return;
  used_pending_ = false;
  queue_->Notify();
}

bool DeviceQueue::EnableKicks() {
  return queue_ != nullptr && queue_->EnableKicks();
}

void DeviceQueue::DisableKicks() {
  if (queue_ != nullptr) queue_->DisableKicks();
}

}  // namespace earshot
