#ifndef EARSHOT_CLIENT_BACKOFF_H_
#define EARSHOT_CLIENT_BACKOFF_H_

#include <chrono>
#include <random>

namespace earshot {

// How long to wait before the next attempt: longer each time up to a cap, and
// by chance a little more or less, so that many clients of one server that
// comes back do not come at once. Thread: the loop of its owner.
class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds initial{100};
    // A server that comes back is found again within this.
    std::chrono::milliseconds cap{2000};
    double factor = 1.6;
    double jitter = 0.2;  // of the delay, either way
  };
  Backoff(const Options& options, uint32_t seed)
      : options_(options), random_(seed), next_(options.initial) {}

  std::chrono::microseconds Next();
  void Reset() { next_ = options_.initial; }

 private:
  const Options options_;
  std::minstd_rand random_;
  std::chrono::microseconds next_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_BACKOFF_H_
