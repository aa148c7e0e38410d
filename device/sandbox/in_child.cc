#include "device/sandbox/in_child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace earshot {

Outcome InChild(const std::function<Outcome()>& what) {
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) _exit(what());
  int status = 0;
  if (waitpid(child, &status, 0) != child) std::abort();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Outcome ErrorOf(long result) { return result < 0 ? errno : 0; }

}  // namespace earshot
