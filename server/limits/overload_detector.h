#ifndef EARSHOT_SERVER_LIMITS_OVERLOAD_DETECTOR_H_
#define EARSHOT_SERVER_LIMITS_OVERLOAD_DETECTOR_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "server/limits/tick_load.h"

namespace earshot {

// Whether the play-out threads cannot keep up, or soon will not: then new
// streams are refused, so that those that run do not suffer. One thread is
// enough, for a stream stays with its thread. Thread-safe; each play-out thread
// tells of its own.
class OverloadDetector {
 public:
  // `changed` is called, on a play-out thread, after the answer has changed.
  OverloadDetector(size_t threads, std::function<void()> changed,
                   const LoadLimits& limits = {});

  // A tick of that thread began so late and took so long.
  void OnTick(size_t thread, std::chrono::nanoseconds late,
              std::chrono::nanoseconds took, MonotonicTime now);
  // That thread has nothing to play.
  void OnIdle(size_t thread);

  bool overloaded() const { return overloaded_threads_ > 0; }

 private:
  void Tell(bool was, bool is);

  const std::function<void()> changed_;
  std::vector<TickLoad> loads_;  // each its thread's own
  std::atomic<int> overloaded_threads_{0};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_OVERLOAD_DETECTOR_H_
