#include "device/vhost_user/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace earshot::vhost_user {
namespace {

UniqueFd NewSocket() {
  return UniqueFd(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// An option of the socket, -1 if it is no socket.
int SocketOption(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// A number in the environment, -1 if there is none.
int NumberFromEnvironment(const char* name) {
  const char* text = std::getenv(name);
  int value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : -1;
}

absl::Status RemoveStale(const sockaddr_un& address) {
  struct stat file;
  if (lstat(address.sun_path, &file) != 0) return absl::OkStatus();
  if (!S_ISSOCK(file.st_mode)) {
    return absl::AlreadyExistsError(
        absl::StrCat(address.sun_path, " exists and is no socket"));
  }
  const UniqueFd probe = NewSocket();
  if (connect(probe.get(), Generic(address), sizeof(address)) == 0 ||
      errno != ECONNREFUSED) {
    return absl::AlreadyExistsError(
        absl::StrCat("another process listens at ", address.sun_path));
  }
  unlink(address.sun_path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UniqueFd> AdoptListener(int fd) {
  auto refused = [fd](const char* why) {
    return absl::InvalidArgumentError(
        absl::StrCat("descriptor ", fd, " ", why));
  };
  if (fd < 0 || fcntl(fd, F_GETFD) < 0) return refused("is not open");
  if (SocketOption(fd, SO_DOMAIN) != AF_UNIX ||
      SocketOption(fd, SO_TYPE) != SOCK_STREAM) {
    return refused("is no unix stream socket");
  }
  if (SocketOption(fd, SO_ACCEPTCONN) != 1) {
    return refused(
        "is a socket that does not listen: VMMs are to connect to it, one "
        "after another");
  }
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
    return absl::UnavailableError(std::strerror(errno));
  }
  return UniqueFd(fd);
}

absl::StatusOr<int> TakeActivatedFd() {
  constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
  const bool ours = NumberFromEnvironment("LISTEN_PID") == getpid();
  const int count = NumberFromEnvironment("LISTEN_FDS");
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    unsetenv(name);
  }
  if (!ours || count <= 0) {
    return absl::NotFoundError("no socket was passed by socket activation");
  }
  if (count > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        count, " sockets were passed by socket activation instead of one"));
  }
  return kFirst;
}

absl::StatusOr<UniqueFd> ListenAt(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a socket's path has 1 to ", sizeof(address.sun_path) - 1,
                     " characters: \"", path, "\""));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (absl::Status ok = RemoveStale(address); !ok.ok()) return ok;
  UniqueFd listening = NewSocket();
  if (!listening.valid() ||
      bind(listening.get(), Generic(address), sizeof(address)) != 0 ||
      listen(listening.get(), /*backlog=*/4) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen at ", path, ": ", std::strerror(errno)));
  }
  return listening;
}

}  // namespace earshot::vhost_user
