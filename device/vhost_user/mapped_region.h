#ifndef EARSHOT_DEVICE_VHOST_USER_MAPPED_REGION_H_
#define EARSHOT_DEVICE_VHOST_USER_MAPPED_REGION_H_

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/guest_memory.h"

namespace earshot::vhost_user {

// A region of the guest's memory, mapped as long as this object lives.
//
// A file that is too short is refused, since touching what is behind its end
// would kill the process (SIGBUS). A VMM that shrinks it later still can; it
// is trusted not to, unlike the guest.
class MappedRegion {
 public:
  static absl::StatusOr<MappedRegion> Map(const MemoryRegion& region, int fd);

  MappedRegion(MappedRegion&& other) noexcept
      : view_(other.view_),
        base_(std::exchange(other.base_, nullptr)),
        length_(other.length_) {}
  MappedRegion& operator=(MappedRegion&& other) noexcept {
    std::swap(view_, other.view_);
    std::swap(base_, other.base_);
    std::swap(length_, other.length_);
    return *this;
  }
  ~MappedRegion();

  const GuestMemory::Region& view() const { return view_; }

 private:
  MappedRegion(const GuestMemory::Region& view, void* base, size_t length)
      : view_(view), base_(base), length_(length) {}

  GuestMemory::Region view_;
  void* base_;
  size_t length_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_MAPPED_REGION_H_
