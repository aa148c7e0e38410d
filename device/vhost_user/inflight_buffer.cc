#include "device/vhost_user/inflight_buffer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "device/virtio/inflight_log.h"

namespace earshot::vhost_user {
namespace {

// 2.7: a queue has at most this many entries.
constexpr uint16_t kMaxQueueSize = 32768;

absl::Status CheckNumbers(const Inflight& description) {
  if (description.queue_count == 0 || description.queue_size == 0 ||
      description.queue_size > kMaxQueueSize) {
    return absl::InvalidArgumentError(
        absl::StrFormat("inflight buffer of %u queues of %u entries",
                        description.queue_count, description.queue_size));
  }
  return absl::OkStatus();
}

// At most 32 GiB: does not wrap.
uint64_t SizeOf(const Inflight& description) {
  return uint64_t{description.queue_count} *
         InflightLog::SizeFor(description.queue_size);
}

}  // namespace

absl::StatusOr<InflightBuffer::File> InflightBuffer::NewFile(
    const Inflight& wanted, int max_queues) {
  if (absl::Status ok = CheckNumbers(wanted); !ok.ok()) return ok;
  if (wanted.queue_count > max_queues) {
    return absl::InvalidArgumentError(
        absl::StrFormat("inflight buffer of %u queues", wanted.queue_count));
  }
  File file;
  file.description = {.size = SizeOf(wanted),
                      .offset = 0,
                      .queue_count = wanted.queue_count,
                      .queue_size = wanted.queue_size};
  file.fd = UniqueFd(
      memfd_create("earshot-inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.fd.valid() ||
      ftruncate(file.fd.get(), static_cast<off_t>(file.description.size)) !=
          0 ||
      fcntl(file.fd.get(), F_ADD_SEALS,
            F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return absl::UnavailableError(
        absl::StrCat("no inflight buffer: ", std::strerror(errno)));
  }
  return file;
}

absl::StatusOr<InflightBuffer> InflightBuffer::Map(const Inflight& description,
                                                   int fd) {
  if (absl::Status ok = CheckNumbers(description); !ok.ok()) return ok;
  const uint64_t size = SizeOf(description);
  const uint64_t page = sysconf(_SC_PAGESIZE);
  struct stat file;
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) {
    return absl::InvalidArgumentError("the inflight buffer is no memory file");
  }
  const uint64_t file_size = file.st_size;
  if (description.size < size || description.offset % page != 0 ||
      description.offset > file_size || file_size - description.offset < size) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "inflight buffer of %u bytes at %u, which needs %u, in a file of %u",
        description.size, description.offset, size, file_size));
  }
  absl::StatusOr<GuardedMapping> mapping = GuardedMapping::Map(
      fd, description.offset, (size + page - 1) / page * page);
  if (!mapping.ok()) return mapping.status();
  return InflightBuffer(*std::move(mapping), description);
}

absl::Span<uint8_t> InflightBuffer::region(int queue) const {
  const size_t size = InflightLog::SizeFor(description_.queue_size);
  return {mapping_.base() + queue * size, size};
}

}  // namespace earshot::vhost_user
