#ifndef EARSHOT_DEVICE_SANDBOX_ACCOUNT_H_
#define EARSHOT_DEVICE_SANDBOX_ACCOUNT_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace earshot {

// The user and the group that a process runs as.
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

// "NAME[:GROUP]" as this system knows it; without GROUP, the user's own.
// NOT_FOUND says which of them there is not.
absl::StatusOr<Account> FindAccount(const std::string& name);

// Makes `account` own the socket at `path`; its group may connect, too, and
// nobody else but root.
absl::Status GiveSocket(const std::string& path, const Account& account);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_ACCOUNT_H_
