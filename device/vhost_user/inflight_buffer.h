#ifndef EARSHOT_DEVICE_VHOST_USER_INFLIGHT_BUFFER_H_
#define EARSHOT_DEVICE_VHOST_USER_INFLIGHT_BUFFER_H_

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "device/vhost_user/guarded_mapping.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"

namespace earshot::vhost_user {

// The memory that a VMM keeps for its back-end ("Inflight I/O tracking"), for
// the next one to know which buffers this one had taken: a file with an
// InflightLog for each ring. Thread: the device's loop.
class InflightBuffer {
 public:
  // A new one of zeros, for GET_INFLIGHT_FD: the file, and what it is. Only the
  // numbers of `wanted` matter. It cannot be shrunk.
  struct File {
    UniqueFd fd;
    Inflight description;
  };
  static absl::StatusOr<File> NewFile(const Inflight& wanted, int max_queues);

  // What SET_INFLIGHT_FD brings back.
  static absl::StatusOr<InflightBuffer> Map(const Inflight& description,
                                            int fd);

  int queue_count() const { return description_.queue_count; }
  uint16_t queue_size() const { return description_.queue_size; }
  // The memory of a ring's log.
  absl::Span<uint8_t> region(int queue) const;
  // See GuardedMapping.
  bool lost() const { return mapping_.lost(); }

 private:
  InflightBuffer(GuardedMapping mapping, const Inflight& description)
      : mapping_(std::move(mapping)), description_(description) {}

  GuardedMapping mapping_;
  Inflight description_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_INFLIGHT_BUFFER_H_
