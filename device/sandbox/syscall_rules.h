#ifndef EARSHOT_DEVICE_SANDBOX_SYSCALL_RULES_H_
#define EARSHOT_DEVICE_SANDBOX_SYSCALL_RULES_H_

#include <seccomp.h>

#include <cstdint>
#include <vector>

namespace earshot {

// What becomes of a system call of this name, if its arguments are so. Without
// conditions, whatever they are. Names are libseccomp's, the same on every
// architecture; one that an architecture does not have is none there.
struct SyscallRule {
  uint32_t action = SCMP_ACT_ALLOW;
  const char* name = nullptr;
  std::vector<scmp_arg_cmp> when = {};
  // The kernel's audit log does not hear of it. Then it counts for every call
  // of that name.
  bool quiet = false;
};

// What happens to every call that no rule names.
inline constexpr uint32_t kUnknownSyscall = SCMP_ACT_ERRNO(/*EPERM*/ 1);

// All that earshot-device does once its socket listens: its loop, the guest's
// memory, gRPC with its threads, the resolution of names, the log. `self` is
// the process.
std::vector<SyscallRule> DeviceSyscallRules(int64_t self);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_SYSCALL_RULES_H_
