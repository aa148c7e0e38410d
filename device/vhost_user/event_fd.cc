#include "device/vhost_user/event_fd.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/status/status.h"

namespace earshot::vhost_user {
namespace {

// Which of the events there are; POLLERR and POLLHUP without being asked for.
short EventsOf(int fd, short events) {
  pollfd waiting = {fd, events, 0};
  return poll(&waiting, 1, 0) > 0 ? waiting.revents : 0;
}

}  // namespace

bool CanBeWaitedFor(const UniqueFd& fd) {
  struct stat file;
  if (fstat(fd.get(), &file) != 0) return false;
  // An eventfd has no file type.
  const mode_t type = file.st_mode & S_IFMT;
  return type == 0 || type == S_IFIFO || type == S_IFSOCK;
}

void Signal(const UniqueFd& fd) {
  // A counter that is full says it already; a pipe that nobody reads any more
  // would answer with a SIGPIPE.
  if (!fd.valid()) return;
  const short events = EventsOf(fd.get(), POLLOUT);
  if ((events & POLLOUT) == 0 || (events & POLLERR) != 0) return;
  const uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(fd.get(), &one, sizeof(one));
}

absl::StatusOr<bool> TakeSignal(const UniqueFd& fd) {
  if (!fd.valid()) return false;
  if ((EventsOf(fd.get(), POLLIN) & (POLLIN | POLLHUP)) == 0) return false;
  uint64_t count;
  const ssize_t n = read(fd.get(), &count, sizeof(count));
  if (n > 0) return true;
  return absl::UnavailableError(n < 0 ? std::strerror(errno) : "at its end");
}

}  // namespace earshot::vhost_user
