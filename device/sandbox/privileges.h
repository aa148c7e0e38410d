#ifndef EARSHOT_DEVICE_SANDBOX_PRIVILEGES_H_
#define EARSHOT_DEVICE_SANDBOX_PRIVILEGES_H_

#include <optional>

#include "absl/status/status.h"
#include "device/sandbox/account.h"

namespace earshot {

// Gives up, for good, what lets a process do more than its user may: it gets
// no new privileges from any program, and has no capability in any set. With an
// account (PERMISSION_DENIED unless root), it is that user with that one group,
// in no supplementary one.
//
// Capabilities belong to a thread: to be called while there is one.
absl::Status DropPrivileges(const std::optional<Account>& account);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_PRIVILEGES_H_
