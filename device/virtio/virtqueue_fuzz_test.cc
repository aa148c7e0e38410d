// Bytes as a ring in a guest's memory, and what happens to it.
//
// The first bytes are the layout (size, where the three parts are, where to go
// on, EVENT_IDX), then come operations, and the rest is the memory: so a
// mutation of a descriptor or an index is one of a few bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "device/virtio/guest_memory.h"
#include "device/virtio/virtqueue.h"

namespace earshot {
namespace {

constexpr size_t kMemorySize = 8192;  // bytes
constexpr uint64_t kGuestAddress = 0x10000;
constexpr uint64_t kUserAddress = 0x7f0000000000;
constexpr int kOperations = 16;

struct Setup {
  uint8_t log2_size;
  uint8_t event_idx;
  uint16_t next_avail;
  uint16_t descriptor_table;
  uint16_t avail_ring;
  uint16_t used_ring;
  uint8_t operations[kOperations];
};

// What was handed out lies within memory: reading and writing all of it finds
// out, under a sanitizer.
void Touch(DescriptorChain& chain, uint8_t operation) {
  std::vector<uint8_t> bytes(std::min<size_t>(chain.readable_size(), 1 << 16));
  const size_t offset = chain.readable_size() * (operation & 3) / 4;
  const size_t n = chain.Read(offset, absl::MakeSpan(bytes));
  if (n != std::min(bytes.size(), chain.readable_size() - offset)) abort();
  bytes.assign(std::min<size_t>(chain.writable_size(), 1 << 16), operation);
  if (chain.Write(0, bytes) != bytes.size()) abort();
}

void Run(const Setup& setup, absl::Span<uint8_t> memory) {
  // Two regions, so that a range may end between them.
  const uint64_t half = kMemorySize / 2;
  const GuestMemory guest_memory =
      *GuestMemory::Create({{kGuestAddress, half, kUserAddress, memory.data()},
                            {kGuestAddress + half, half, kUserAddress + half,
                             memory.data() + half}});
  const Virtqueue::Layout layout = {
      .size = static_cast<uint16_t>(1u << (setup.log2_size % 17)),
      .descriptor_table = kUserAddress + setup.descriptor_table,
      .avail_ring = kUserAddress + setup.avail_ring,
      .used_ring = kUserAddress + setup.used_ring};
  int notifications = 0;
  Virtqueue::ReadUsedIndex(guest_memory, layout).status().IgnoreError();
  absl::StatusOr<Virtqueue> queue =
      Virtqueue::Create(&guest_memory, layout, setup.next_avail,
                        setup.event_idx & 1, [&] { ++notifications; });
  if (!queue.ok()) return;
  std::deque<DescriptorChain> held;
  for (uint8_t operation : setup.operations) {
    for (int i = 0; i < 4; ++i) {
      absl::StatusOr<std::optional<DescriptorChain>> popped = queue->Pop();
      if (!popped.ok()) continue;
      if (!popped->has_value()) break;
      if ((*popped)->head() >= queue->size()) abort();
      Touch(**popped, operation);
      held.push_back(**std::move(popped));
    }
    if ((operation & 4) && !held.empty()) {
      queue->PushUsed(held.front(), operation);
      held.pop_front();
    }
    if (operation & 8) queue->Notify();
    if (operation & 16) queue->EnableKicks();
    if (operation & 32) queue->DisableKicks();
    // The driver goes on.
    if (operation & 64) {
      memory[(setup.avail_ring + 2) % kMemorySize] += operation & 3;
    }
  }
  if (queue->broken() && queue->EnableKicks()) abort();
}

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  earshot::Setup setup = {};
  const size_t head = std::min(size, sizeof(setup));
  std::memcpy(&setup, data, head);
  // On the heap: a sanitizer watches both ends. Aligned as pages are.
  void* memory = std::aligned_alloc(4096, earshot::kMemorySize);
  std::memset(memory, 0, earshot::kMemorySize);
  std::memcpy(memory, data + head, std::min(size - head, earshot::kMemorySize));
  earshot::Run(setup, absl::MakeSpan(static_cast<uint8_t*>(memory),
                                     earshot::kMemorySize));
  std::free(memory);
  return 0;
}
