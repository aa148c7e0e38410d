#ifndef EARSHOT_SERVER_LIMITS_PEER_ADDRESS_H_
#define EARSHOT_SERVER_LIMITS_PEER_ADDRESS_H_

#include <sys/socket.h>

#include <string>

#include "absl/strings/string_view.h"

namespace earshot {

// The address of a peer, without its port, from what gRPC calls it, such as
// "ipv4:192.0.2.1:4711" or "ipv6:%5B2001:db8::1%5D:4711"; "unix" for all those
// of UNIX sockets. What it does not know it leaves as it is.
std::string AddressOfPeer(absl::string_view peer);

// With its port, such as "192.0.2.1:4711": what tells one connection from the
// others. "unix" for all those of UNIX sockets.
std::string EndpointOfPeer(absl::string_view peer);

// Who is at the other end of a connection.
struct ConnectionPeer {
  std::string address;  // in numbers, without the port; "unix"
  bool same_machine = false;
  std::string endpoint = {};  // as EndpointOfPeer() has it
};
ConnectionPeer PeerOf(const sockaddr_storage& remote,
                      const sockaddr_storage& local);

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_PEER_ADDRESS_H_
