#include "device/vhost_user/mapped_region.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

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
  void* base =
      mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
           fd, static_cast<off_t>(region.file_offset - before));
  if (base == MAP_FAILED) return Refused(region, std::strerror(errno));
  // A core dump of ours is not to hold the guest's memory.
  madvise(base, length, MADV_DONTDUMP);
  const GuestMemory::Region view = {
      .guest_address = region.guest_address,
      .size = region.size,
      .user_address = region.user_address,
      .host = static_cast<uint8_t*>(base) + before};
  return MappedRegion(view, base, length);
}

MappedRegion::~MappedRegion() {
  if (base_ != nullptr) munmap(base_, length_);
}

}  // namespace earshot::vhost_user
