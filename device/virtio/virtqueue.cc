#include "device/virtio/virtqueue.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "device/virtio/ring_memory.h"
#include "device/virtio/split_ring.h"

namespace earshot {
namespace {

// 2.7: a queue has at most this many entries.
constexpr int kMaxQueueSize = 32768;
// 2.7.5: a driver must not add chains of more than 2^32 bytes.
constexpr uint64_t kMaxChainBytes = uint64_t{1} << 32;

bool Overlap(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size) {
  return a < b + b_size && b < a + a_size;
}

absl::StatusOr<uint8_t*> RingPart(const GuestMemory& memory, const char* name,
                                  uint64_t address, uint64_t size,
                                  size_t alignment) {
  absl::StatusOr<absl::Span<uint8_t>> part = memory.FromUser(address, size);
  if (!part.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", name, part.status().message()));
  }
  if (reinterpret_cast<uintptr_t>(part->data()) % alignment != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s at 0x%x is not aligned to %u bytes", name, address, alignment));
  }
  return part->data();
}

// Reads it once: whatever the guest does to it later, the copy stays.
SplitDescriptor CopyDescriptor(const uint8_t* table, size_t index) {
  SplitDescriptor copy;
  CopyOnce(reinterpret_cast<uint8_t*>(&copy), table + index * sizeof(copy),
           sizeof(copy));
  return copy;
}

absl::Status Malformed(uint16_t head, const char* what) {
  return absl::InvalidArgumentError(
      absl::StrFormat("descriptor chain %u: %s", head, what));
}

// The parts of a chain, gathered descriptor by descriptor.
class ChainBuilder {
 public:
  ChainBuilder(const GuestMemory& memory, uint16_t head)
      : memory_(memory), head_(head) {}

  // Walks a table from `index` to the end of the chain, or to a descriptor
  // that refers to an indirect table, which it returns.
  absl::StatusOr<std::optional<SplitDescriptor>> Walk(const uint8_t* table,
                                                      size_t table_size,
                                                      size_t index,
                                                      bool indirect) {
    for (size_t steps = 0;; ++steps) {
      if (index >= table_size) return Malformed(head_, "index out of range");
      if (steps == table_size) return Malformed(head_, "loop");
      const SplitDescriptor descriptor = CopyDescriptor(table, index);
      if (descriptor.flags & kDescriptorIndirect) {
        // 2.7.5.3.1
        if (indirect) return Malformed(head_, "indirect within indirect");
        if (descriptor.flags & kDescriptorNext) {
          return Malformed(head_, "indirect with a next");
        }
        return std::optional<SplitDescriptor>(descriptor);
      }
      if (absl::Status added = Add(descriptor); !added.ok()) return added;
      if (!(descriptor.flags & kDescriptorNext)) {
        return std::optional<SplitDescriptor>();
      }
      index = descriptor.next;
    }
  }

  DescriptorChain Build() {
    return DescriptorChain(head_, std::move(readable_), std::move(writable_));
  }

 private:
  absl::Status Add(const SplitDescriptor& descriptor) {
    if (++length_ > Virtqueue::kMaxChainLength) {
      return Malformed(head_, "too long");
    }
    absl::StatusOr<absl::Span<uint8_t>> part =
        memory_.FromGuest(descriptor.address, descriptor.length);
    if (!part.ok()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "descriptor chain %u: %s", head_, part.status().message()));
    }
    bytes_ += part->size();
    if (bytes_ > kMaxChainBytes) return Malformed(head_, "too many bytes");
    if (descriptor.flags & kDescriptorWrite) {
      writable_.push_back(*part);
    } else if (writable_.empty()) {
      readable_.push_back(*part);
    } else {
      return Malformed(head_, "readable part behind a writable one");
    }
    return absl::OkStatus();
  }

  const GuestMemory& memory_;
  const uint16_t head_;
  int length_ = 0;
  uint64_t bytes_ = 0;
  DescriptorChain::Readable readable_;
  DescriptorChain::Writable writable_;
};

}  // namespace

absl::StatusOr<Virtqueue> Virtqueue::Create(const GuestMemory* memory,
                                            const Layout& layout,
                                            uint16_t next_avail, bool event_idx,
                                            std::function<void()> notify,
                                            InflightLog* inflight) {
  const uint16_t size = layout.size;
  if (size == 0 || size > kMaxQueueSize || (size & (size - 1)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%u entries are not a queue's size", size));
  }
  absl::StatusOr<uint8_t*> descriptors = RingPart(
      *memory, "descriptor table", layout.descriptor_table,
      sizeof(SplitDescriptor) * size_t{size}, kDescriptorTableAlignment);
  if (!descriptors.ok()) return descriptors.status();
  absl::StatusOr<uint8_t*> avail =
      RingPart(*memory, "avail ring", layout.avail_ring,
               AvailRingSize(size, event_idx), kAvailRingAlignment);
  if (!avail.ok()) return avail.status();
  absl::StatusOr<uint8_t*> used =
      RingPart(*memory, "used ring", layout.used_ring,
               UsedRingSize(size, event_idx), kUsedRingAlignment);
  if (!used.ok()) return used.status();
  // What the device writes there must not make more buffers available.
  const size_t used_size = UsedRingSize(size, event_idx);
  if (Overlap(*used, used_size, *avail, AvailRingSize(size, event_idx)) ||
      Overlap(*used, used_size, *descriptors, sizeof(SplitDescriptor) * size)) {
    return absl::InvalidArgumentError("the used ring overlaps other parts");
  }

  Virtqueue queue;
  queue.memory_ = memory;
  queue.notify_ = std::move(notify);
  queue.descriptors_ = *descriptors;
  queue.avail_ = *avail;
  queue.used_ = *used;
  queue.size_ = size;
  queue.event_idx_ = event_idx;
  queue.next_avail_ = next_avail;
  queue.used_index_ = LoadRelaxed(*used, kUsedIndexOffset);
  if (inflight != nullptr) {
    queue.inflight_ = inflight;
    const std::vector<uint16_t> again = inflight->Resume(
        queue.used_index_, LoadAcquire(*avail, kAvailIndexOffset));
    queue.again_.assign(again.begin(), again.end());
    // Every buffer that was taken is either used or in flight.
    queue.next_avail_ = queue.used_index_ + again.size();
  }
  return queue;
}

absl::StatusOr<uint16_t> Virtqueue::ReadUsedIndex(const GuestMemory& memory,
                                                  const Layout& layout) {
  absl::StatusOr<uint8_t*> used =
      RingPart(memory, "used ring", layout.used_ring, kUsedRingOffset,
               kUsedRingAlignment);
  if (!used.ok()) return used.status();
  return LoadRelaxed(*used, kUsedIndexOffset);
}

absl::StatusOr<std::optional<uint16_t>> Virtqueue::NextHead() {
  uint16_t head;
  const bool again = !again_.empty();
  if (again) {
    head = again_.front();
    again_.pop_front();
  } else {
    const uint16_t avail_index = LoadAcquire(avail_, kAvailIndexOffset);
    const uint16_t pending = avail_index - next_avail_;
    if (pending == 0) return std::optional<uint16_t>();
    if (pending > size_) {
      broken_ = true;
      return absl::InvalidArgumentError(absl::StrFormat(
          "avail index %u is %u entries ahead of %u in a ring of %u",
          avail_index, pending, next_avail_, size_));
    }
    head = LoadRelaxed(avail_, kAvailRingOffset + 2 * (next_avail_ % size_));
    ++next_avail_;
  }
  if (head >= size_) {
    return absl::InvalidArgumentError(
        absl::StrFormat("head %u in a ring of %u", head, size_));
  }
  if (!again && inflight_ != nullptr) inflight_->Take(head);
  return std::optional<uint16_t>(head);
}

absl::StatusOr<std::optional<DescriptorChain>> Virtqueue::Pop() {
  if (broken_) return std::optional<DescriptorChain>();
  absl::StatusOr<std::optional<uint16_t>> head = NextHead();
  if (!head.ok()) return head.status();
  if (!head->has_value()) return std::optional<DescriptorChain>();
  absl::StatusOr<DescriptorChain> chain = Walk(**head);
  if (!chain.ok()) {
    PushUsed(**head, 0);
    return chain.status();
  }
  return std::optional<DescriptorChain>(*std::move(chain));
}

absl::StatusOr<DescriptorChain> Virtqueue::Walk(uint16_t head) const {
  ChainBuilder builder(*memory_, head);
  absl::StatusOr<std::optional<SplitDescriptor>> end =
      builder.Walk(descriptors_, size_, head, /*indirect=*/false);
  if (!end.ok()) return end.status();
  if (end->has_value()) {
    const SplitDescriptor& table = **end;
    // 2.7.5.3.1; the write flag is to be ignored (2.7.5.3.2).
    if (table.length % sizeof(SplitDescriptor) != 0) {
      return Malformed(head, "size of the indirect table");
    }
    absl::StatusOr<absl::Span<uint8_t>> bytes =
        memory_->FromGuest(table.address, table.length);
    if (!bytes.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("descriptor chain %u: indirect table: %s", head,
                          bytes.status().message()));
    }
    end = builder.Walk(bytes->data(), bytes->size() / sizeof(SplitDescriptor),
                       0, /*indirect=*/true);
    if (!end.ok()) return end.status();
  }
  return builder.Build();
}

void Virtqueue::PushUsed(const DescriptorChain& chain, uint32_t written) {
  PushUsed(chain.head(), written);
}

void Virtqueue::PushUsed(uint16_t head, uint32_t written) {
  if (inflight_ != nullptr) inflight_->BeginUse(head);
  const UsedElement element = {head, written};
  std::memcpy(used_ + kUsedRingOffset + sizeof(element) * (used_index_ % size_),
              &element, sizeof(element));
  ++used_index_;
  StoreRelease(used_, kUsedIndexOffset, used_index_);
  if (inflight_ != nullptr) inflight_->EndUse(head, used_index_);
  pushed_ = true;
}

void Virtqueue::Notify() {
  if (!pushed_) return;
  pushed_ = false;
  PublishThenCheck();
  bool wanted = true;
  if (event_idx_) {
    const uint16_t event = LoadRelaxed(avail_, UsedEventOffset(size_));
    wanted = !notified_index_.has_value() ||
             CrossesEvent(event, used_index_, *notified_index_);
    notified_index_ = used_index_;
  } else {
    wanted = !(LoadRelaxed(avail_, 0) & kAvailNoInterrupt);
  }
  if (wanted) notify_();
}

bool Virtqueue::DriverHasLooked() const {
  return !event_idx_ ||
         LoadAcquire(avail_, UsedEventOffset(size_)) == used_index_;
}

bool Virtqueue::EnableKicks() {
  if (event_idx_) {
    StoreRelaxed(used_, AvailEventOffset(size_), next_avail_);
  } else {
    StoreRelaxed(used_, 0, 0);
  }
  PublishThenCheck();
  if (broken_) return false;
  return !again_.empty() ||
         LoadAcquire(avail_, kAvailIndexOffset) != next_avail_;
}

void Virtqueue::DisableKicks() {
  // With EVENT_IDX there is nothing to do: the event lies behind.
  if (!event_idx_) StoreRelaxed(used_, 0, kUsedNoNotify);
}

}  // namespace earshot
