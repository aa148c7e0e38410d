#ifndef EARSHOT_DEVICE_SANDBOX_SANDBOX_H_
#define EARSHOT_DEVICE_SANDBOX_SANDBOX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "device/sandbox/account.h"

namespace earshot {

// What the process keeps once it is locked up, besides what every device needs.
struct SandboxOptions {
  std::optional<Account> account;  // whom it runs as; if none, as before
  // Its own sockets, which it removes in the end.
  std::vector<std::string> sockets;
  // The service: "A[,B...]", each host:port, dns:///host:port or unix:/path.
  std::string servers;
  // Which it reads again when they change: certificates, keys, a token. The
  // folders that they and the files behind links are in stay readable, for a
  // file that is replaced is another one; so keep nothing else there.
  std::vector<std::string> files;
};

// Locks the process up, for good, against whatever a guest or a VMM makes of
// it, layer by layer: privileges, files and ports (Landlock), system calls
// (seccomp). A layer that this kernel does not have is named in the log and
// passed over; one that it has and refuses is an error.
//
// To be called when the socket listens, before a byte of it is read and before
// a second thread starts (FAILED_PRECONDITION): some of it counts for one
// thread and those that it starts. In a build with sanitizers, which need more,
// it does nothing but say so.
absl::Status EnterSandbox(const SandboxOptions& options);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_SANDBOX_H_
