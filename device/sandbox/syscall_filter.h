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
//
// The kernel logs what a filter refuses, or does not, as a whole. So quiet
// rules are a filter of their own, which lets all else pass, before the one
// that lets them pass; the stricter word of the two counts.
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

  SyscallFilter(Context quiet, Context audited)
      : quiet_(std::move(quiet)), audited_(std::move(audited)) {}
  static absl::StatusOr<Context> Make(const std::vector<SyscallRule>& rules,
                                      bool quiet, uint32_t architecture);

  Context quiet_;
  Context audited_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_SYSCALL_FILTER_H_
