#ifndef EARSHOT_DEVICE_VIRTIO_LOAD_HOOK_H_
#define EARSHOT_DEVICE_VIRTIO_LOAD_HOOK_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/types/span.h"

namespace earshot {

// Sees each load from a range of memory before it happens, so that a test can
// be the guest that changes its memory between two of them. Sees those of code
// that clang compiled with -fsanitize-coverage=trace-loads, as --config=fuzz
// does with the device, and none elsewhere; what a library copies (memcpy) is
// not seen either. For tests; one at a time, one thread.
class LoadHook {
 public:
  using BeforeLoad = std::function<void(uint8_t* address, size_t size)>;

  LoadHook(absl::Span<uint8_t> range, BeforeLoad before);
  ~LoadHook();
  LoadHook(const LoadHook&) = delete;
  LoadHook& operator=(const LoadHook&) = delete;

 private:
  const BeforeLoad before_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_LOAD_HOOK_H_
