#include "tests/integration/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

extern char** environ;

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const std::string& what) {
  std::perror(what.c_str());
  std::abort();
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) Die("pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& word : command) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  if (posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ) !=
      0) {
    Die("cannot start " + command[0]);
  }
  posix_spawn_file_actions_destroy(&actions);
  close(fds[1]);
  stderr_ = fds[0];
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  close(stderr_);
}

bool ChildProcess::Read(std::chrono::milliseconds timeout) {
  pollfd ready = {.fd = stderr_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) return true;
  char buffer[4096];
  const ssize_t count = read(stderr_, buffer, sizeof(buffer));
  if (count <= 0) return false;
  log_.append(buffer, count);
  return true;
}

bool ChildProcess::WaitForLine(const std::string& words,
                               std::chrono::milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  bool more = true;
  while (true) {
    const size_t found = log_.find(words, seen_);
    const size_t end =
        found == std::string::npos ? found : log_.find('\n', found);
    if (end != std::string::npos) {
      seen_ = end + 1;
      return true;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - Clock::now());
    if (!more || left.count() <= 0) return false;
    more = Read(left);
  }
}

bool ChildProcess::Listen(std::chrono::milliseconds time) {
  const Clock::time_point deadline = Clock::now() + time;
  while (Read(time)) {
    if (time.count() <= 0) return true;
    time = std::max(std::chrono::milliseconds(0),
                    std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - Clock::now()));
  }
  return false;
}

void ChildProcess::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

bool ChildProcess::running() {
  if (pid_ <= 0) return false;
  siginfo_t info = {};
  return waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

int ChildProcess::Wait() {
  if (pid_ <= 0) return 0;
  while (Read(std::chrono::hours(1))) {  // until it closes its end
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace earshot
