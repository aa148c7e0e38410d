#include "device/vhost_user/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

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
