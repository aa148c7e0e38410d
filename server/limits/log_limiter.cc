#include "server/limits/log_limiter.h"

#include <utility>

namespace earshot {
namespace {

constexpr int kLinesPerSecond = 1;
constexpr int kAtOnce = 20;

}  // namespace

std::optional<uint64_t> LogLimiter::Admit(Reason reason, MonotonicTime now) {
  const std::lock_guard lock(kinds_mutex_);
  Kind& kind = kinds_.try_emplace(reason, Kind{{kLinesPerSecond, kAtOnce, now}})
                   .first->second;
  if (kind.lines.Take(1, now)) return std::exchange(kind.left_out, 0);
  ++kind.left_out;
  return std::nullopt;
}

}  // namespace earshot
