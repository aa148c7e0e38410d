#ifndef EARSHOT_DEVICE_VHOST_USER_MAPPED_REGION_H_
#define EARSHOT_DEVICE_VHOST_USER_MAPPED_REGION_H_

#include <sys/types.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "device/vhost_user/guarded_mapping.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/guest_memory.h"

namespace earshot::vhost_user {

// A region of the guest's memory, mapped as long as this object lives. A file
// that is too short is refused; if a VMM shrinks it later, the region is lost.
class MappedRegion {
 public:
  static absl::StatusOr<MappedRegion> Map(const MemoryRegion& region, int fd);

  const GuestMemory::Region& view() const { return view_; }
  // Whether it is `region` of the file `fd`, and not lost.
  bool IsOf(const MemoryRegion& region, int fd) const;
  // See GuardedMapping.
  bool lost() const { return mapping_.lost(); }

 private:
  MappedRegion(GuardedMapping mapping, const GuestMemory::Region& view)
      : mapping_(std::move(mapping)), view_(view) {}

  GuardedMapping mapping_;
  GuestMemory::Region view_;
  // Which file it is of: the mapping keeps its inode.
  dev_t device_ = 0;
  ino_t inode_ = 0;
  uint64_t file_offset_ = 0;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_MAPPED_REGION_H_
