#ifndef EARSHOT_SERVER_LIMITS_OPEN_LIMITS_H_
#define EARSHOT_SERVER_LIMITS_OPEN_LIMITS_H_

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "server/limits/token_bucket.h"
#include "server/refusal.h"

namespace earshot {

// How many calls of Play one principal may begin within a second, on average
// over ten; anonymous ones by address. A call that goes on with its stream
// counts, but is refused only where calls are begun for no other purpose.
// Thread-safe.
class OpenLimits {
 public:
  // Whose calls count together.
  static std::string KeyOf(const std::string& principal,
                           const std::string& peer);

  // A call begins; `per_second` of 0 is no bound. If it is taken, Settle()
  // follows, once: when its Open was answered, or when it is over without.
  Refusal OnCall(const std::string& key, int per_second, MonotonicTime now);
  // It wants to open a stream anew.
  Refusal OnOpen(const std::string& key, int per_second, MonotonicTime now);
  // It goes on with its stream, or is over and has opened none.
  void Charge(const std::string& key, int per_second, MonotonicTime now);
  void Settle(const std::string& key);

  // Whether so many were refused that more come than are worth an answer: five
  // for each that may be begun.
  bool Floods(const std::string& key, MonotonicTime now) const;

  // Of how many it remembers something.
  size_t size() const;

 private:
  // From so many on it looks for some to forget.
  static constexpr size_t kForgetAt = 1000;

  struct Opener {
    TokenBucket opens;
    TokenBucket refused;
    int unsettled = 0;
  };

  Opener& Find(const std::string& key, int per_second, MonotonicTime now);
  void Forget(MonotonicTime now);

  mutable std::mutex openers_mutex_;  // guards everything
  std::map<std::string, Opener> openers_;
  size_t forget_at_ = kForgetAt;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_OPEN_LIMITS_H_
