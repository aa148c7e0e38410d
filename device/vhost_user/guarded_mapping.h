#ifndef EARSHOT_DEVICE_VHOST_USER_GUARDED_MAPPING_H_
#define EARSHOT_DEVICE_VHOST_USER_GUARDED_MAPPING_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"

namespace earshot::vhost_user {

// A shared mapping of a VMM's file, whose loss the process survives. The file
// is the VMM's: it may shrink it at any time, and whoever touches what was
// behind its end then gets a SIGBUS. The handler puts memory of zeros in the
// mapping's place, so that the access goes on, and marks the mapping as lost:
// what is read from it is worth nothing any more, and nobody sees what is
// written. A SIGBUS that comes from elsewhere ends the process as before.
//
// Thread: any one at a time; lost() from any.
class GuardedMapping {
 public:
  // Mappings of the whole process at the same time: some VMs' tables.
  static constexpr int kMaxMappings = 512;

  // Of `length` bytes from `offset` on, both multiples of the file's page size;
  // readable and writable. Installs the handler at the first call.
  static absl::StatusOr<GuardedMapping> Map(int fd, uint64_t offset,
                                            size_t length);
  // Needs to be called only if the process loses the right to do so later.
  static void InstallHandler();

  GuardedMapping() = default;
  GuardedMapping(GuardedMapping&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)),
        length_(std::exchange(other.length_, 0)),
        guard_(std::exchange(other.guard_, -1)) {}
  GuardedMapping& operator=(GuardedMapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(length_, other.length_);
    std::swap(guard_, other.guard_);
    return *this;
  }
  ~GuardedMapping();

  uint8_t* base() const { return base_; }
  size_t length() const { return length_; }
  // Whether the VMM has taken its memory away; stays so.
  bool lost() const;

 private:
  GuardedMapping(uint8_t* base, size_t length, int guard)
      : base_(base), length_(length), guard_(guard) {}

  uint8_t* base_ = nullptr;
  size_t length_ = 0;
  int guard_ = -1;  // index into the table that the handler reads
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_GUARDED_MAPPING_H_
