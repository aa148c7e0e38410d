#ifndef EARSHOT_DEVICE_VIRTIO_FAKE_RAM_H_
#define EARSHOT_DEVICE_VIRTIO_FAKE_RAM_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "device/virtio/guest_memory.h"

namespace earshot {

// A guest's memory for tests: a memfd in several regions, as a VMM has it,
// with guest physical and user addresses that differ from each other and from
// where it is mapped here. Around each region nothing is mapped. A test that
// misuses it aborts.
class FakeRam {
 public:
  static constexpr size_t kRegionSize = 8 << 20;  // bytes

  explicit FakeRam(int region_count = 2, size_t region_size = kRegionSize);
  ~FakeRam();
  FakeRam(const FakeRam&) = delete;
  FakeRam& operator=(const FakeRam&) = delete;

  int fd() const { return fd_; }
  // Region i lies at i * region_size() in the file.
  const std::vector<GuestMemory::Region>& regions() const { return regions_; }
  size_t region_size() const { return region_size_; }
  GuestMemory memory() const;

  // Zeroed memory within one region; returns its guest physical address.
  uint64_t Allocate(size_t size, size_t alignment = 16);
  void Free(uint64_t address);
  size_t allocated_bytes() const;

  // Where a guest physical address is in this process, and for the VMM.
  uint8_t* At(uint64_t address) const;
  uint64_t UserAddress(uint64_t address) const;

 private:
  const GuestMemory::Region& RegionOf(uint64_t address) const;

  size_t MappedSize() const;

  size_t region_count_;
  size_t region_size_;
  int fd_ = -1;
  uint8_t* host_ = nullptr;
  std::vector<GuestMemory::Region> regions_;
  std::map<uint64_t, size_t> used_;  // guest address -> size
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_FAKE_RAM_H_
