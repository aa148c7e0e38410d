#include "device/vhost_user/mapped_region.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace earshot::vhost_user {
namespace {

absl::Status Refused(const MemoryRegion& region, const char* why) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "memory region at 0x%x, size 0x%x, file offset 0x%x: %s",
      region.guest_address, region.size, region.file_offset, why));
}

// What a mapping of this file is a multiple of.
uint64_t PageSize(int fd) {
  struct statfs file_system;
  if (fstatfs(fd, &file_system) == 0 && file_system.f_type == HUGETLBFS_MAGIC &&
      file_system.f_bsize > 0) {
    return file_system.f_bsize;
  }
  return sysconf(_SC_PAGESIZE);
}

}  // namespace

absl::StatusOr<MappedRegion> MappedRegion::Map(const MemoryRegion& region,
                                               int fd) {
  // Half of what fits into 64 bits, so that no sum below wraps.
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max() / 2;
  if (region.size == 0 || region.size > kMax || region.file_offset > kMax) {
    return Refused(region, "bad size or offset");
  }
  if (region.file_offset % sysconf(_SC_PAGESIZE) != 0) {
    return Refused(region, "the offset is not aligned to pages");
  }
  struct stat file;
  if (fstat(fd, &file) != 0) return Refused(region, std::strerror(errno));
  if (!S_ISREG(file.st_mode)) return Refused(region, "not a memory file");
  if (region.file_offset + region.size > static_cast<uint64_t>(file.st_size)) {
    return Refused(region, "the file is too short");
  }

  // Huge pages are mapped whole.
  const uint64_t page = PageSize(fd);
  const uint64_t before = region.file_offset % page;
  const uint64_t length = (before + region.size + page - 1) / page * page;
  absl::StatusOr<GuardedMapping> mapping =
      GuardedMapping::Map(fd, region.file_offset - before, length);
  if (!mapping.ok()) {
    return Refused(region, std::string(mapping.status().message()).c_str());
  }
  const GuestMemory::Region view = {.guest_address = region.guest_address,
                                    .size = region.size,
                                    .user_address = region.user_address,
                                    .host = mapping->base() + before};
  MappedRegion mapped(*std::move(mapping), view);
  mapped.device_ = file.st_dev;
  mapped.inode_ = file.st_ino;
  mapped.file_offset_ = region.file_offset;
  return mapped;
}

bool MappedRegion::IsOf(const MemoryRegion& region, int fd) const {
  struct stat file;
  return !lost() && fstat(fd, &file) == 0 && file.st_dev == device_ &&
         file.st_ino == inode_ && region.file_offset == file_offset_ &&
         region.guest_address == view_.guest_address &&
         region.user_address == view_.user_address && region.size == view_.size;
}

}  // namespace earshot::vhost_user
