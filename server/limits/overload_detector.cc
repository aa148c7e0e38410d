#include "server/limits/overload_detector.h"

#include <utility>

namespace earshot {

OverloadDetector::OverloadDetector(size_t threads,
                                   std::function<void()> changed,
                                   const LoadLimits& limits)
    : changed_(std::move(changed)), loads_(threads, TickLoad(limits)) {}

void OverloadDetector::OnTick(size_t thread, std::chrono::nanoseconds late,
                              std::chrono::nanoseconds took,
                              MonotonicTime now) {
  TickLoad& load = loads_[thread];
  const bool was = load.overloaded();
  load.OnTick(late, took, now);
  Tell(was, load.overloaded());
}

void OverloadDetector::OnIdle(size_t thread) {
  TickLoad& load = loads_[thread];
  const bool was = load.overloaded();
  load.OnIdle();
  Tell(was, load.overloaded());
}

void OverloadDetector::Tell(bool was, bool is) {
  if (was == is) return;
  const int before = overloaded_threads_.fetch_add(is ? 1 : -1);
  if (before == (is ? 0 : 1)) changed_();
}

}  // namespace earshot
