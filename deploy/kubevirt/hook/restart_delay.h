#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_RESTART_DELAY_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_RESTART_DELAY_H_

#include <chrono>

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// How long to wait before a process that has ended is started again: twice as
// long each time up to a cap, and anew once it has run for long enough.
class RestartDelay {
 public:
  struct Options {
    // A guest that plays notices nothing of the first.
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds cap{10000};
    std::chrono::milliseconds well{30000};
  };
  explicit RestartDelay(const Options& options)
      : options_(options), next_(options.first) {}

  std::chrono::milliseconds Ended(MonotonicTime started, MonotonicTime ended);

 private:
  const Options options_;
  std::chrono::milliseconds next_;
};

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_RESTART_DELAY_H_
