#ifndef EARSHOT_DEVICE_HEALTH_HEALTH_LISTENER_H_
#define EARSHOT_DEVICE_HEALTH_HEALTH_LISTENER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "device/vhost_user/unique_fd.h"

namespace earshot {

// The sockets where HealthEndpoint takes connections: opened before the sandbox
// closes, which lets nobody listen.
struct HealthListener {
  // "HOST:PORT", where port 0 has one chosen, or "unix:/path", where a socket
  // that a process left behind is replaced. The errors are for people.
  static absl::StatusOr<HealthListener> Open(const std::string& address);

  std::vector<vhost_user::UniqueFd> sockets;
  std::string text;  // the address, with the port that was chosen
  std::string path;  // of the unix socket, which its owner removes
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_HEALTH_HEALTH_LISTENER_H_
