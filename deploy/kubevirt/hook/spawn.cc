#include "deploy/kubevirt/hook/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"

namespace earshot {
namespace {

constexpr int kCannotRun = 127;

// In the child: nothing but what is safe after a fork among threads.
[[noreturn]] void Become(char* const* words, int fd, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kCannotRun);  // it has ended just now
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (fd == kGivenFd) {
    fcntl(fd, F_SETFD, 0);
  } else {
    dup2(fd, kGivenFd);
  }
  close_range(kGivenFd + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execv(words[0], words);
  _exit(kCannotRun);
}

}  // namespace

absl::StatusOr<pid_t> Spawn(const std::string& program,
                            const std::vector<std::string>& arguments, int fd) {
  std::vector<char*> words = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return absl::ErrnoToStatus(errno, "cannot start " + program);
  if (child == 0) Become(words.data(), fd, parent);
  return child;
}

}  // namespace earshot
