#include "client/stall_guard.h"

#include <algorithm>
#include <cstdint>

namespace earshot {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kMaxStall{80};

}  // namespace

void StallGuard::Reset(int buffer_frames, int rate_hz) {
  *this = StallGuard();
  budget_ = kMaxStall;
  if (buffer_frames <= 0 || rate_hz <= 0) return;
  const nanoseconds ring(int64_t{buffer_frames} * 1000000000 / rate_hz);
  budget_ = std::min<nanoseconds>(kMaxStall, ring / 2);
}

void StallGuard::Wait(MonotonicTime since) {
  if (!since_) since_ = since;
}

void StallGuard::End(MonotonicTime now) {
  if (!since_) return;
  total_ += std::max<nanoseconds>(now - *since_, nanoseconds(0));
  since_.reset();
}

}  // namespace earshot
