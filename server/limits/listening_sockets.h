#ifndef EARSHOT_SERVER_LIMITS_LISTENING_SOCKETS_H_
#define EARSHOT_SERVER_LIMITS_LISTENING_SOCKETS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/listen_address.h"

struct addrinfo;

namespace earshot {

// The sockets that listen at one address: a name may stand for several, such as
// localhost for 127.0.0.1 and ::1, which then have the same port. As gRPC would
// listen: for IPv4 and IPv6 at both 0.0.0.0 and [::].
class ListeningSockets {
 public:
  // Non-blocking ones. An error says in the system's words why not.
  static absl::StatusOr<ListeningSockets> Open(const ListenAddress& address);

  ListeningSockets(ListeningSockets&& other) noexcept;
  ListeningSockets& operator=(ListeningSockets&& other) noexcept;
  ~ListeningSockets();

  const std::vector<int>& descriptors() const { return descriptors_; }
  // The address, with the port that the system chose.
  const std::string& text() const { return text_; }

 private:
  ListeningSockets() = default;

  absl::Status OpenUnix(const std::string& path);
  absl::Status OpenTcp(const ListenAddress& address);
  // At each of them, with one port; 0 or errno.
  int OpenEach(const addrinfo* addresses, int* port);
  void Close();

  std::vector<int> descriptors_;
  std::string text_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_LISTENING_SOCKETS_H_
