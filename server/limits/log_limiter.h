#ifndef EARSHOT_SERVER_LIMITS_LOG_LIMITER_H_
#define EARSHOT_SERVER_LIMITS_LOG_LIMITER_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "server/limits/token_bucket.h"
#include "server/refusal.h"

namespace earshot {

// What clients can bring about as often as they like is logged once a second,
// and 20 times at once, for each reason. Thread-safe.
class LogLimiter {
 public:
  // Nothing if it is not to be logged; else how many were not since the last
  // one that was.
  std::optional<uint64_t> Admit(Reason reason, MonotonicTime now);

 private:
  struct Kind {
    TokenBucket lines;
    uint64_t left_out = 0;
  };

  std::mutex kinds_mutex_;  // guards kinds_
  std::map<Reason, Kind> kinds_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_LOG_LIMITER_H_
