#ifndef EARSHOT_DEVICE_SANDBOX_SYSCALL_FILTER_H_
#define EARSHOT_DEVICE_SANDBOX_SYSCALL_FILTER_H_

#include <seccomp.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/sandbox/syscall_rules.h"

namespace earshot {

// A seccomp filter: which system calls the process still makes. A call that no
// rule names fails with EPERM and the kernel's audit log has it; a library that
// asks for too much goes without it, and does not end the process. Calls of
// another architecture's numbering (x32, 32 bits) end it.
class SyscallFilter {
 public:
  // For the architecture with that token of libseccomp, or the machine's own.
  static absl::StatusOr<SyscallFilter> Create(
      const std::vector<SyscallRule>& rules,
      uint32_t architecture = SCMP_ARCH_NATIVE);

  // For all threads of the process, and those to come, for good. UNIMPLEMENTED
  // if the kernel has no seccomp.
  absl::Status Install();

 private:
  using Context = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

  explicit SyscallFilter(Context context) : context_(std::move(context)) {}

  Context context_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_SYSCALL_FILTER_H_
