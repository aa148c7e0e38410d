#ifndef EARSHOT_SERVER_LISTEN_ADDRESS_H_
#define EARSHOT_SERVER_LISTEN_ADDRESS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace earshot {

// Where a server listens: host:port, or unix:/path.
struct ListenAddress {
  std::string text;       // as it was written
  std::string host;       // empty for a UNIX socket
  std::string unix_path;  // empty for TCP
};

// Parses host:port and unix:/path, separated by commas.
absl::StatusOr<std::vector<ListenAddress>> ParseListenAddresses(
    absl::string_view text);

// Whether nobody from another machine can connect: loopback, a UNIX socket.
bool StaysOnThisMachine(const ListenAddress& address);

// Removes a UNIX socket that nobody listens at any more. An error if somebody
// does, or if the path is something else.
absl::Status RemoveStaleSocket(const std::string& path);

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_ADDRESS_H_
