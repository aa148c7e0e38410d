#ifndef EARSHOT_DEVICE_VIRTIO_GUEST_MEMORY_H_
#define EARSHOT_DEVICE_VIRTIO_GUEST_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace earshot {

// The guest's memory as the VMM has shared it: a few regions, each mapped into
// this process. Translates addresses, checked against the regions and safe
// against overflow; it reads and writes nothing itself.
//
// Holds plain views: whoever maps the regions keeps them mapped for as long as
// this object, and what was translated through it, is in use.
// Thread: the device's loop.
class GuestMemory {
 public:
  struct Region {
    uint64_t guest_address = 0;  // guest physical
    uint64_t size = 0;           // bytes
    uint64_t user_address = 0;   // in the VMM's address space
    uint8_t* host = nullptr;     // mapped here
  };

  GuestMemory() = default;
  // Fails on empty, wrapping or overlapping regions.
  static absl::StatusOr<GuestMemory> Create(std::vector<Region> regions);

  // `size` bytes at a guest physical address (descriptors carry those).
  // The range must lie within one region; size 0 is an error.
  absl::StatusOr<absl::Span<uint8_t>> FromGuest(uint64_t address,
                                                uint64_t size) const;
  // The same at an address of the VMM (vhost-user's vring addresses are those).
  absl::StatusOr<absl::Span<uint8_t>> FromUser(uint64_t address,
                                               uint64_t size) const;

  const std::vector<Region>& regions() const { return regions_; }

 private:
  explicit GuestMemory(std::vector<Region> regions);

  std::vector<Region> regions_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_GUEST_MEMORY_H_
