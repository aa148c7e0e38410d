#include "server/limits/listening_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// What was sent and is not acknowledged for so long ends a connection, as where
// gRPC listens itself and pings are not answered.
constexpr unsigned kUserTimeoutMs = 10000;
// A port that the system chose for one address may be taken at another.
constexpr int kTries = 8;

using Found = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::Status Error(const char* text) {
  std::string reason = text;
  if (!reason.empty()) reason[0] = absl::ascii_tolower(reason[0]);
  return absl::UnavailableError(reason);
}

void Set(int descriptor, int level, int name, int value) {
  setsockopt(descriptor, level, name, &value, sizeof(value));
}

// Binds and listens. The descriptor, or -errno.
int Listen(const sockaddr* address, socklen_t size) {
  const int descriptor =
      socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  if (address->sa_family != AF_UNIX) {
    Set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    // Connections inherit these.
    Set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    Set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  }
  if (address->sa_family == AF_INET6) {
    Set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
  if (bind(descriptor, address, size) == 0 &&
      listen(descriptor, SOMAXCONN) == 0) {
    return descriptor;
  }
  const int error = errno;
  close(descriptor);
  return -error;
}

int PortOf(int descriptor) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) !=
      0) {
    return 0;
  }
  // It stands at the same place for IPv4 and IPv6.
  sockaddr_in ipv4;
  std::memcpy(&ipv4, &address, sizeof(ipv4));
  return ntohs(ipv4.sin_port);
}

// What a machine without IPv6, or without that address, says.
bool IsNotHere(int error) {
  return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

Found Resolve(const std::string& host, const std::string& port, int* error) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  *error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  return {*error == 0 ? found : nullptr, &freeaddrinfo};
}

}  // namespace

absl::StatusOr<ListeningSockets> ListeningSockets::Open(
    const ListenAddress& address) {
  ListeningSockets sockets;
  const absl::Status status = address.unix_path.empty()
                                  ? sockets.OpenTcp(address)
                                  : sockets.OpenUnix(address.unix_path);
  if (!status.ok()) return status;
  if (!address.unix_path.empty()) sockets.text_ = address.text;
  return sockets;
}

ListeningSockets::ListeningSockets(ListeningSockets&& other) noexcept
    : descriptors_(std::exchange(other.descriptors_, {})),
      text_(std::move(other.text_)) {}

ListeningSockets& ListeningSockets::operator=(
    ListeningSockets&& other) noexcept {
  std::swap(descriptors_, other.descriptors_);
  std::swap(text_, other.text_);
  return *this;
}

ListeningSockets::~ListeningSockets() { Close(); }

void ListeningSockets::Close() {
  for (const int descriptor : std::exchange(descriptors_, {})) {
    close(descriptor);
  }
}

absl::Status ListeningSockets::OpenUnix(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int descriptor =
      Listen(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (descriptor < 0) return Error(std::strerror(-descriptor));
  descriptors_.push_back(descriptor);
  return absl::OkStatus();
}

absl::Status ListeningSockets::OpenTcp(const ListenAddress& address) {
  std::string host = address.host;
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const std::string port = address.text.substr(address.text.rfind(':') + 1);
  int unknown = 0;
  // Where there is IPv6 its socket takes both.
  const bool any = host == "0.0.0.0" || host == "::";
  const Found both = Resolve(any ? "::" : host, port, &unknown);
  if (both == nullptr && !any) return Error(gai_strerror(unknown));
  const Found ipv4 = Resolve(any ? "0.0.0.0" : host, port, &unknown);
  int error = EADDRINUSE;
  int chosen = 0;
  for (int i = 0; i < kTries && error == EADDRINUSE; ++i) {
    error = both != nullptr ? OpenEach(both.get(), &chosen) : EAFNOSUPPORT;
    if (any && IsNotHere(error)) error = OpenEach(ipv4.get(), &chosen);
    if (port != "0") break;
  }
  if (error != 0) return Error(std::strerror(error));
  text_ = absl::StrCat(address.host, ":", chosen);
  return absl::OkStatus();
}

int ListeningSockets::OpenEach(const addrinfo* addresses, int* port) {
  int not_here = EADDRNOTAVAIL;
  *port = 0;
  for (const addrinfo* one = addresses; one != nullptr; one = one->ai_next) {
    sockaddr_storage address = {};
    std::memcpy(&address, one->ai_addr, one->ai_addrlen);
    if (*port != 0) {
      sockaddr_in ipv4;
      std::memcpy(&ipv4, &address, sizeof(ipv4));
      ipv4.sin_port = htons(static_cast<uint16_t>(*port));
      std::memcpy(&address, &ipv4, sizeof(ipv4));
    }
    const int descriptor =
        Listen(reinterpret_cast<const sockaddr*>(&address), one->ai_addrlen);
    if (descriptor >= 0) {
      descriptors_.push_back(descriptor);
      *port = PortOf(descriptor);
    } else if (IsNotHere(-descriptor)) {
      not_here = -descriptor;
    } else {
      Close();
      return -descriptor;
    }
  }
  return descriptors_.empty() ? not_here : 0;
}

}  // namespace earshot
