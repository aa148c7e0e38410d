#ifndef EARSHOT_DEVICE_VIRTIO_RING_MEMORY_H_
#define EARSHOT_DEVICE_VIRTIO_RING_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace earshot {

// Memory that the other side reads and writes at the same time.

// Each byte is loaded once, so what is checked in the copy is what is used. (A
// memcpy() may load bytes twice: libraries do so where vectors overlap.)
inline void CopyOnce(uint8_t* out, const uint8_t* from, size_t size) {
  struct __attribute__((packed, may_alias)) Word {
    uint64_t value;
  };
  for (; size >= sizeof(Word); size -= sizeof(Word)) {
    const uint64_t value = reinterpret_cast<const volatile Word*>(from)->value;
    std::memcpy(out, &value, sizeof(value));
    from += sizeof(Word);
    out += sizeof(Word);
  }
  for (; size > 0; --size)
    *out++ = *static_cast<const volatile uint8_t*>(from++);
}

// The 16-bit fields of a ring. `base` is aligned to 2 bytes, and so is
// `offset`.

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
