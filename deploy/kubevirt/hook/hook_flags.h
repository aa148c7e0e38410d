#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_FLAGS_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flags/program_flags.h"

namespace earshot {

// What the command line of earshot-kubevirt-hook says.
struct HookFlags {
  std::string socket;  // where virt-launcher calls
  std::string vm;      // empty: as the VirtualMachineInstance says
  std::string device;  // the program; empty: earshot-device beside this one
  bool fail = false;   // a VM that cannot have its card shall not start
  std::vector<std::string> device_arguments;  // what stands behind --
  ProgramFlags program;
};

// INVALID_ARGUMENT names the flag and says what is allowed, in one line.
absl::StatusOr<HookFlags> ParseHookFlags(int argc, const char* const* argv);

// What --help prints.
std::string HookUsage();

// Where the sockets are, all below the folder of the one that virt-launcher
// calls. It takes every file there for such a socket, so the others are in a
// folder of their own.
struct HookPaths {
  std::string folder;   // of the others
  std::string staging;  // where virt-launcher's is made
  std::string device;   // the device's vhost-user socket
  // The same, as QEMU sees it: a sidecar called `container` (KubeVirt's
  // CONTAINER_NAME) has only its own part of the hooks' folder. Empty: a
  // plugin's, which sees what QEMU sees.
  std::string device_for_qemu;
};
HookPaths PathsOf(const std::string& socket, const std::string& container);

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_FLAGS_H_
