#ifndef EARSHOT_TESTS_INTEGRATION_CHILD_PROCESS_H_
#define EARSHOT_TESTS_INTEGRATION_CHILD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace earshot {

// One of our programs as a process of its own, whose log (stderr) is read here.
// Ends with this object. Aborts the test where it cannot be started.
class ChildProcess {
 public:
  // `command[0]` is the program's path.
  explicit ChildProcess(const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Waits for a line that holds `words` and was not seen by an earlier call;
  // false if the process ends, or at the timeout, before that.
  bool WaitForLine(const std::string& words, std::chrono::milliseconds timeout =
                                                 std::chrono::seconds(10));
  // Takes in what it says for so long: one that says much is held up when
  // nobody does. False once it has ended.
  bool Listen(std::chrono::milliseconds time);
  // All that it was heard to say.
  const std::string& log() const { return log_; }

  // Sends the signal.
  void Signal(int signal);
  // Waits for its end and returns the exit code, or minus the signal.
  int Wait();
  bool running();
  pid_t pid() const { return pid_; }

 private:
  // Takes in what can be read within `timeout`; false at the end.
  bool Read(std::chrono::milliseconds timeout);

  pid_t pid_ = -1;
  int stderr_ = -1;
  std::string log_;
  size_t seen_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_CHILD_PROCESS_H_
