#include "server/limits/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace earshot {

TokenBucket::TokenBucket(int64_t per_second, int seconds, MonotonicTime now)
    : per_second_(static_cast<double>(std::max<int64_t>(per_second, 0))),
      seconds_(seconds),
      tokens_(capacity()),
      filled_(now) {}

bool TokenBucket::Take(int64_t tokens, MonotonicTime now) {
  if (per_second_ == 0) return true;
  Fill(now);
  const auto wanted = static_cast<double>(tokens);
  if (wanted > tokens_) return false;
  tokens_ -= wanted;
  return true;
}

void TokenBucket::TakeAnyway(int64_t tokens, MonotonicTime now) {
  if (per_second_ == 0) return;
  Fill(now);
  tokens_ = std::max(tokens_ - static_cast<double>(tokens), -capacity());
}

void TokenBucket::SetRate(int64_t per_second, MonotonicTime now) {
  const auto rate = static_cast<double>(std::max<int64_t>(per_second, 0));
  if (rate == per_second_) return;
  Fill(now);
  // Where there was no bound there was nothing to be used up.
  const bool was_unbounded = per_second_ == 0;
  per_second_ = rate;
  tokens_ = was_unbounded ? capacity() : std::min(tokens_, capacity());
}

std::chrono::milliseconds TokenBucket::WaitFor(int64_t tokens,
                                               MonotonicTime now) const {
  if (per_second_ == 0) return std::chrono::milliseconds(0);
  const double missing = static_cast<double>(tokens) - TokensAt(now);
  if (missing <= 0) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(
      static_cast<int64_t>(std::ceil(missing / per_second_ * 1000)));
}

bool TokenBucket::full(MonotonicTime now) const {
  return TokensAt(now) >= capacity();
}

double TokenBucket::TokensAt(MonotonicTime now) const {
  if (now <= filled_) return tokens_;
  const std::chrono::duration<double> passed = now - filled_;
  return std::min(tokens_ + passed.count() * per_second_, capacity());
}

void TokenBucket::Fill(MonotonicTime now) {
  tokens_ = TokensAt(now);
  filled_ = std::max(filled_, now);
}

}  // namespace earshot
