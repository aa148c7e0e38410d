#ifndef EARSHOT_DEVICE_VIRTIO_SPLIT_RING_H_
#define EARSHOT_DEVICE_VIRTIO_SPLIT_RING_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace earshot {

// The split virtqueue in memory (virtio 2.7): the parts that both sides need.
// Little-endian, as is this host.
static_assert(std::endian::native == std::endian::little);

// 2.7.5
struct SplitDescriptor {
  uint64_t address = 0;  // guest physical
  uint32_t length = 0;   // bytes
  uint16_t flags = 0;
  uint16_t next = 0;
};
static_assert(sizeof(SplitDescriptor) == 16);

constexpr uint16_t kDescriptorNext = 1;
constexpr uint16_t kDescriptorWrite = 2;
constexpr uint16_t kDescriptorIndirect = 4;

// 2.7.8
struct UsedElement {
  uint32_t id = 0;
  uint32_t length = 0;  // bytes written
};
static_assert(sizeof(UsedElement) == 8);

constexpr uint16_t kAvailNoInterrupt = 1;  // 2.7.6, avail ring's flags
constexpr uint16_t kUsedNoNotify = 1;      // 2.7.8, used ring's flags

// The avail ring: flags, idx, ring[size], used_event.
constexpr size_t kAvailIndexOffset = 2;
constexpr size_t kAvailRingOffset = 4;
constexpr size_t UsedEventOffset(uint16_t size) {
  return kAvailRingOffset + 2 * size_t{size};
}
// The used ring: flags, idx, ring[size], avail_event.
constexpr size_t kUsedIndexOffset = 2;
constexpr size_t kUsedRingOffset = 4;
constexpr size_t AvailEventOffset(uint16_t size) {
  return kUsedRingOffset + sizeof(UsedElement) * size_t{size};
}

// The events are there only with EVENT_IDX.
constexpr size_t AvailRingSize(uint16_t size, bool event_idx) {
  return UsedEventOffset(size) + (event_idx ? 2 : 0);
}
constexpr size_t UsedRingSize(uint16_t size, bool event_idx) {
  return AvailEventOffset(size) + (event_idx ? 2 : 0);
}

constexpr size_t kDescriptorTableAlignment = 16;  // 2.7
constexpr size_t kAvailRingAlignment = 2;
constexpr size_t kUsedRingAlignment = 4;

// 2.7.7.1, 2.7.10.1: whether the step from `old_index` to `new_index` crosses
// the entry at which the other side wants to hear of it.
constexpr bool CrossesEvent(uint16_t event, uint16_t new_index,
                            uint16_t old_index) {
  return static_cast<uint16_t>(new_index - event - 1) <
         static_cast<uint16_t>(new_index - old_index);
}

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_SPLIT_RING_H_
