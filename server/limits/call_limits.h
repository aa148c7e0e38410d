#ifndef EARSHOT_SERVER_LIMITS_CALL_LIMITS_H_
#define EARSHOT_SERVER_LIMITS_CALL_LIMITS_H_

#include <cstddef>

#include "server/access/quotas.h"
#include "server/limits/token_bucket.h"
#include "server/refusal.h"

namespace earshot {

// What one call of Play may say: messages and bytes within a second, on average
// over four, and how long one message may be. Thread: the call's.
class CallLimits {
 public:
  // The longest request that says something: a payload of the largest size, and
  // twice that for what else there may ever be.
  static constexpr size_t kMaxMessageBytes = 128 << 10;

  // The policy of the call's begin counts until its end.
  CallLimits(const Quotas& quotas, MonotonicTime now);

  // A message has come.
  Refusal OnMessage(size_t bytes, MonotonicTime now);

 private:
  Quotas quotas_;
  TokenBucket messages_;
  TokenBucket bytes_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_CALL_LIMITS_H_
