#include "device/sandbox/account.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

constexpr mode_t kSocketMode = 0660;

}  // namespace

absl::StatusOr<Account> FindAccount(const std::string& name) {
  const size_t colon = name.find(':');
  const std::string user = name.substr(0, colon);
  // Not thread-safe, which is no matter: there is one thread yet.
  const passwd* const known = getpwnam(user.c_str());
  if (known == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no user \"", user, "\""));
  }
  Account account{known->pw_uid, known->pw_gid};
  if (colon != std::string::npos) {
    const std::string group = name.substr(colon + 1);
    const ::group* const entry = getgrnam(group.c_str());
    if (entry == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("there is no group \"", group, "\""));
    }
    account.group = entry->gr_gid;
  }
  return account;
}

absl::Status GiveSocket(const std::string& path, const Account& account) {
  // The mode first: there is no moment at which others may connect.
  if (chmod(path.c_str(), kSocketMode) != 0 ||
      lchown(path.c_str(), account.user, account.group) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot give ", path, " to user ", account.user, ": ",
                     std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace earshot
