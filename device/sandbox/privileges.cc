#include "device/sandbox/privileges.h"

#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

absl::Status Failed(const char* what) {
  return absl::PermissionDeniedError(
      absl::StrCat("cannot ", what, ": ", std::strerror(errno)));
}

// The bounding set needs CAP_SETPCAP. Who does not have it gains nothing from
// the set either, as no program that is executed gives new privileges.
absl::Status ClearBoundingSet() {
  for (cap_value_t capability = 0; capability < cap_max_bits(); ++capability) {
    if (cap_get_bound(capability) != 1) continue;
    if (cap_drop_bound(capability) != 0 && errno != EPERM) {
      return Failed("drop a capability from the bounding set");
    }
  }
  return absl::OkStatus();
}

absl::Status Become(const Account& account) {
  if (geteuid() != 0) {
    return absl::PermissionDeniedError("only root can become another user");
  }
  if (setgroups(1, &account.group) != 0) return Failed("leave the groups");
  if (setresgid(account.group, account.group, account.group) != 0) {
    return Failed("change the group");
  }
  if (setresuid(account.user, account.user, account.user) != 0) {
    return Failed("change the user");
  }
  return absl::OkStatus();
}

absl::Status ClearCapabilities() {
  const std::unique_ptr<_cap_struct, int (*)(void*)> none(cap_init(), cap_free);
  // An ambient capability goes when it is not permitted any more.
  if (none == nullptr || cap_set_proc(none.get()) != 0) {
    return Failed("drop the capabilities");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DropPrivileges(const std::optional<Account>& account) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Failed("give up new privileges");
  }
  if (absl::Status ok = ClearBoundingSet(); !ok.ok()) return ok;
  if (account.has_value()) {
    if (absl::Status ok = Become(*account); !ok.ok()) return ok;
  }
  return ClearCapabilities();
}

}  // namespace earshot
