#ifndef EARSHOT_SERVER_LIMITS_TOKEN_BUCKET_H_
#define EARSHOT_SERVER_LIMITS_TOKEN_BUCKET_H_

#include <chrono>
#include <cstdint>

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// Bounds a rate on average over some seconds: it fills with `per_second` tokens
// a second, up to those of `seconds`, and begins full. Thread: none of its own;
// its owner serializes calls.
class TokenBucket {
 public:
  // A rate of 0 is no bound.
  TokenBucket(int64_t per_second, int seconds, MonotonicTime now);

  // Takes them if there are so many.
  bool Take(int64_t tokens, MonotonicTime now);
  // Takes them though there are not: what follows waits for longer. Not beyond
  // as many as it holds when it is full.
  void TakeAnyway(int64_t tokens, MonotonicTime now);
  // The rate has changed; what it holds stays.
  void SetRate(int64_t per_second, MonotonicTime now);

  // How long until there are so many.
  std::chrono::milliseconds WaitFor(int64_t tokens, MonotonicTime now) const;
  bool full(MonotonicTime now) const;

 private:
  double TokensAt(MonotonicTime now) const;
  void Fill(MonotonicTime now);
  double capacity() const { return per_second_ * seconds_; }

  double per_second_;
  double seconds_;
  double tokens_;
  MonotonicTime filled_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_TOKEN_BUCKET_H_
