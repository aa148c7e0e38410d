#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_VM_NAME_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_VM_NAME_H_

#include <string>

#include "absl/status/statusor.h"

namespace earshot {

// What a VM of KubeVirt is called at the playback service: NAMESPACE.NAME, out
// of the VirtualMachineInstance's JSON. No two are the same, as a namespace has
// no dot. The contract has room for 63 bytes: a longer name is cut, and ends
// with a hash of all of it, which stays the same whenever the VM starts.
// INVALID_ARGUMENT if that is no JSON, or has no such names.
absl::StatusOr<std::string> VmName(const std::string& vmi_json);

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_VM_NAME_H_
