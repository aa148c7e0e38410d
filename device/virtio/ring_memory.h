#ifndef EARSHOT_DEVICE_VIRTIO_RING_MEMORY_H_
#define EARSHOT_DEVICE_VIRTIO_RING_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace earshot {

// The 16-bit fields of a ring, which the other side reads and writes at the
// same time. `base` is aligned to 2 bytes, and so is `offset`.

inline uint16_t LoadRelaxed(uint8_t* base, size_t offset) {
  return std::atomic_ref<uint16_t>(*reinterpret_cast<uint16_t*>(base + offset))
      .load(std::memory_order_relaxed);
}

// What the other side wrote before the index is seen behind it.
inline uint16_t LoadAcquire(uint8_t* base, size_t offset) {
  return std::atomic_ref<uint16_t>(*reinterpret_cast<uint16_t*>(base + offset))
      .load(std::memory_order_acquire);
}

inline void StoreRelaxed(uint8_t* base, size_t offset, uint16_t value) {
  std::atomic_ref<uint16_t>(*reinterpret_cast<uint16_t*>(base + offset))
      .store(value, std::memory_order_relaxed);
}

// The other side sees what was written before the index.
inline void StoreRelease(uint8_t* base, size_t offset, uint16_t value) {
  std::atomic_ref<uint16_t>(*reinterpret_cast<uint16_t*>(base + offset))
      .store(value, std::memory_order_release);
}

// Between a store and a load of another field: "I have published mine, is
// there something new of yours?" Each side asks so, hence one of them sees it.
inline void PublishThenCheck() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_RING_MEMORY_H_
