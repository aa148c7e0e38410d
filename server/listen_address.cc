#include "server/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace earshot {
namespace {

constexpr int kMaxPort = 65535;

// Without the brackets of an IPv6 address; empty if they do not match.
std::string Bare(const std::string& host) {
  const bool opens = host.front() == '[';
  const bool closes = host.back() == ']';
  if (!opens && !closes && host.find(':') == std::string::npos) return host;
  return opens && closes ? host.substr(1, host.size() - 2) : std::string();
}

absl::StatusOr<ListenAddress> Parse(absl::string_view text) {
  ListenAddress address;
  address.text = std::string(text);
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix:")) {
    if (path.empty() || path[0] != '/' ||
        path.size() >= sizeof(sockaddr_un::sun_path)) {
      return absl::InvalidArgumentError(
          absl::StrCat("unix:/path needs an absolute path of at most ",
                       sizeof(sockaddr_un::sun_path) - 1, " bytes, not \"",
                       std::string(text), "\""));
    }
    address.unix_path = std::string(path);
    return address;
  }
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > kMaxPort) {
    return absl::InvalidArgumentError(
        absl::StrCat("allowed are host:port and unix:/path, not \"",
                     std::string(text), "\""));
  }
  address.host = std::string(text.substr(0, colon));
  in6_addr ipv6;
  if (address.host.find_first_of("[]:") != std::string::npos &&
      inet_pton(AF_INET6, Bare(address.host).c_str(), &ipv6) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("an IPv6 address is written [address]:port, not \"",
                     std::string(text), "\""));
  }
  return address;
}

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

}  // namespace

absl::StatusOr<std::vector<ListenAddress>> ParseListenAddresses(
    absl::string_view text) {
  std::vector<ListenAddress> addresses;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    absl::StatusOr<ListenAddress> address = Parse(part);
    if (!address.ok()) return address.status();
    addresses.push_back(*std::move(address));
  }
  return addresses;
}

bool StaysOnThisMachine(const ListenAddress& address) {
  if (!address.unix_path.empty() || address.host == "localhost") return true;
  const std::string host = Bare(address.host);
  in_addr ipv4;
  if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    return ntohl(ipv4.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  in6_addr ipv6;
  return inet_pton(AF_INET6, host.c_str(), &ipv6) == 1 &&
         IN6_IS_ADDR_LOOPBACK(&ipv6);
}

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " exists and is no socket"));
  }
  const sockaddr_un address = UnixAddress(path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Anything but a refusal: it is somebody's, though perhaps no server's.
  const bool stale = fd >= 0 &&
                     connect(fd, reinterpret_cast<const sockaddr*>(&address),
                             sizeof(address)) != 0 &&
                     errno == ECONNREFUSED;
  if (fd >= 0) close(fd);
  if (!stale) {
    return absl::AlreadyExistsError(
        absl::StrCat("another process listens at ", path));
  }
  if (unlink(path.c_str()) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot remove ", path, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace earshot
