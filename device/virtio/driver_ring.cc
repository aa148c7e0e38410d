#include "device/virtio/driver_ring.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "device/virtio/ring_memory.h"

namespace earshot {
namespace {

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "DriverRing: %s\n", what);
  std::abort();
}

size_t PartCount(const FakeChain& chain) {
  return chain.readable.size() + chain.writable.size();
}

}  // namespace

DriverRing::DriverRing(FakeRam* ram, uint16_t size, bool event_idx)
    : ram_(ram), size_(size), event_idx_(event_idx) {
  descriptor_address_ = ram_->Allocate(sizeof(SplitDescriptor) * size_);
  // With room for the events, whether they are used or not.
  avail_address_ = ram_->Allocate(AvailRingSize(size_, true));
  used_address_ = ram_->Allocate(UsedRingSize(size_, true));
  layout_ = {.size = size_,
             .descriptor_table = ram_->UserAddress(descriptor_address_),
             .avail_ring = ram_->UserAddress(avail_address_),
             .used_ring = ram_->UserAddress(used_address_)};
  Reset(event_idx);
}

void DriverRing::Reset(bool event_idx) {
  for (const auto& [head, chain] : chains_) Release(chain);
  chains_.clear();
  event_idx_ = event_idx;
  avail_index_ = kicked_index_ = used_index_ = 0;
  std::memset(ram_->At(descriptor_address_), 0,
              sizeof(SplitDescriptor) * size_);
  std::memset(avail(), 0, AvailRingSize(size_, true));
  std::memset(used(), 0, UsedRingSize(size_, true));
  free_.clear();
  for (int i = size_ - 1; i >= 0; --i) free_.push_back(i);
  SetInterrupts(true);
}

bool DriverRing::HasRoomFor(const FakeChain& chain) const {
  return free_.size() >= (chain.indirect ? 1 : PartCount(chain));
}

uint64_t DriverRing::Add(const FakeChain& chain) {
  Require(PartCount(chain) > 0, "a chain has at least one part");
  Require(HasRoomFor(chain), "the ring is full");
  Chain added;
  added.token = next_token_++;
  added.readable_count = chain.readable.size();
  std::vector<SplitDescriptor> table;
  for (const std::vector<uint8_t>& part : chain.readable) {
    const uint64_t address = ram_->Allocate(part.size());
    if (!part.empty()) {
      std::memcpy(ram_->At(address), part.data(), part.size());
    }
    table.push_back({address, static_cast<uint32_t>(part.size()), 0, 0});
  }
  for (uint32_t size : chain.writable) {
    table.push_back({ram_->Allocate(size), size, kDescriptorWrite, 0});
  }
  for (const SplitDescriptor& part : table) {
    added.buffers.push_back(part.address);
    added.sizes.push_back(part.length);
  }

  const size_t needed = chain.indirect ? 1 : table.size();
  for (size_t i = 0; i < needed; ++i) {
    added.descriptors.push_back(free_.back());
    free_.pop_back();
  }
  const uint16_t head = added.descriptors.front();
  for (size_t i = 0; i + 1 < table.size(); ++i) {
    table[i].flags |= kDescriptorNext;
    table[i].next = chain.indirect ? i + 1 : added.descriptors[i + 1];
  }
  if (chain.indirect) {
    const size_t bytes = table.size() * sizeof(SplitDescriptor);
    added.table = ram_->Allocate(bytes);
    std::memcpy(ram_->At(added.table), table.data(), bytes);
    *descriptor(head) = {added.table, static_cast<uint32_t>(bytes),
                         kDescriptorIndirect, 0};
  } else {
    for (size_t i = 0; i < table.size(); ++i) {
      *descriptor(added.descriptors[i]) = table[i];
    }
  }
  const uint64_t token = added.token;
  chains_[head] = std::move(added);
  PublishHead(head);
  return token;
}

absl::Span<uint8_t> DriverRing::Readable(uint64_t token, size_t part) {
  for (const auto& [head, chain] : chains_) {
    if (chain.token != token) continue;
    Require(part < chain.readable_count, "no such part");
    return absl::MakeSpan(ram_->At(chain.buffers[part]), chain.sizes[part]);
  }
  Require(false, "the chain is not in flight");
  return {};
}

bool DriverRing::NeedsKick() {
  if (kicked_index_ == avail_index_) return false;
  PublishThenCheck();
  const uint16_t old_index = std::exchange(kicked_index_, avail_index_);
  if (!event_idx_) return !(LoadRelaxed(used(), 0) & kUsedNoNotify);
  return CrossesEvent(LoadRelaxed(used(), AvailEventOffset(size_)),
                      avail_index_, old_index);
}

std::vector<UsedChain> DriverRing::Collect() {
  std::vector<UsedChain> collected;
  for (;;) {
    while (LoadAcquire(used(), kUsedIndexOffset) != used_index_) {
      UsedElement element;
      std::memcpy(
          &element,
          used() + kUsedRingOffset + sizeof(element) * (used_index_ % size_),
          sizeof(element));
      ++used_index_;
      auto found = chains_.find(element.id);
      if (found == chains_.end()) {
        // Made with PublishHead, if not the device's mistake.
        collected.push_back({0, element.length, {}});
        continue;
      }
      const Chain& chain = found->second;
      UsedChain used_chain = {chain.token, element.length, {}};
      for (size_t i = chain.readable_count; i < chain.buffers.size(); ++i) {
        const uint8_t* bytes = ram_->At(chain.buffers[i]);
        used_chain.bytes.insert(used_chain.bytes.end(), bytes,
                                bytes + chain.sizes[i]);
      }
      collected.push_back(std::move(used_chain));
      Release(chain);
      chains_.erase(found);
    }
    ArmInterrupt();
    PublishThenCheck();
    if (LoadAcquire(used(), kUsedIndexOffset) == used_index_) return collected;
  }
}

void DriverRing::SetInterrupts(bool on) {
  interrupts_ = on;
  StoreRelaxed(avail(), 0, on || event_idx_ ? 0 : kAvailNoInterrupt);
  ArmInterrupt();
}

void DriverRing::ArmInterrupt() {
  if (!event_idx_) return;
  // Off: an event that has just been passed is 2^16 entries away.
  StoreRelaxed(avail(), UsedEventOffset(size_),
               interrupts_ ? used_index_ : used_index_ - 1);
}

SplitDescriptor* DriverRing::descriptor(uint16_t index) {
  Require(index < size_, "no such descriptor");
  return reinterpret_cast<SplitDescriptor*>(ram_->At(descriptor_address_)) +
         index;
}

void DriverRing::PublishHead(uint16_t head) {
  StoreRelaxed(avail(), kAvailRingOffset + 2 * (avail_index_ % size_), head);
  SetAvailIndex(avail_index_ + 1);
}

void DriverRing::SetAvailIndex(uint16_t index) {
  avail_index_ = index;
  StoreRelease(avail(), kAvailIndexOffset, index);
}

void DriverRing::Release(const Chain& chain) {
  for (uint64_t buffer : chain.buffers) ram_->Free(buffer);
  if (chain.table != 0) ram_->Free(chain.table);
  for (uint16_t index : chain.descriptors) free_.push_back(index);
}

}  // namespace earshot
