#ifndef EARSHOT_DEVICE_VHOST_USER_MEMORY_TABLE_H_
#define EARSHOT_DEVICE_VHOST_USER_MEMORY_TABLE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/vhost_user/connection.h"
#include "device/vhost_user/mapped_region.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/guest_memory.h"

namespace earshot::vhost_user {

// The guest's memory as the VMM has told of it: the regions, mapped. A value:
// a change makes another table, mapped and checked as a whole, that shares the
// regions which stay; whoever has the old one decides when it goes.
//
// Thread: the device's loop.
class MemoryTable {
 public:
  // More than any VMM's memory has holes; hot-plugged memory included.
  static constexpr size_t kMaxRegions = 64;

  MemoryTable() = default;

  // What SET_MEM_TABLE says. Regions that this table has already are not
  // mapped anew.
  absl::StatusOr<MemoryTable> Replace(const Message& message) const;
  // What ADD_MEM_REG and REM_MEM_REG say.
  absl::StatusOr<MemoryTable> Add(const Message& message) const;
  absl::StatusOr<MemoryTable> Remove(const Message& message) const;

  // Whether every mapping of `other` is one of this table: what points into
  // that memory is good in this one too.
  bool Keeps(const MemoryTable& other) const;

  // kDataLoss if the VMM has taken a region's memory away.
  absl::Status Check() const;

  const GuestMemory& memory() const { return memory_; }

 private:
  using Region = std::shared_ptr<const MappedRegion>;

  static absl::StatusOr<MemoryTable> Of(std::vector<Region> regions);
  // The one that is mapped already, or a new mapping.
  absl::StatusOr<Region> Map(const MemoryRegion& region, int fd) const;

  std::vector<Region> regions_;
  GuestMemory memory_;  // views of regions_
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_MEMORY_TABLE_H_
