#include "deploy/kubevirt/hook/restart_delay.h"

#include <algorithm>

namespace earshot {

std::chrono::milliseconds RestartDelay::Ended(MonotonicTime started,
                                              MonotonicTime ended) {
  if (ended - started >= options_.well) next_ = options_.first;
  const std::chrono::milliseconds delay = next_;
  next_ = std::min(next_ * 2, options_.cap);
  return delay;
}

}  // namespace earshot
