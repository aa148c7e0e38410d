#include "server/limits/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace earshot {
namespace {

// A file for each of 1000 streams, and some more.
constexpr int kReserve = 1200;

}  // namespace

int RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<int>(
      std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

int DescriptorsForConnections(int limit) {
  return std::max(limit - kReserve, limit / 2);
}

}  // namespace earshot
