#ifndef EARSHOT_CLIENT_BACKOFF_H_
#define EARSHOT_CLIENT_BACKOFF_H_

#include <chrono>
#include <random>

namespace earshot {

// How long to wait before the next attempt: longer each time up to a cap, and
// by chance more or less, so that many clients of one server that comes back do
// not come at once. Thread: the loop of its owner.
//
// The cap and the jitter, and the third of a second for which PlaybackStream
// waits for a connection, find a server half a second after it came back on
// average, and 1.2 s at most; a thousand clients that lost it together come
// spread over all of that, 1250 a second. Where nobody waits for sound the
// attempts become fewer: each costs 1.5 ms of a processor.
class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds initial{150};
    std::chrono::milliseconds cap{600};
    std::chrono::milliseconds idle_cap{4000};  // while nobody waits
    double factor = 1.6;
    double jitter = 0.5;  // of the delay, either way
  };
  Backoff(const Options& options, uint32_t seed)
      : options_(options), random_(seed), next_(options.initial) {}

  // `wanted`: somebody waits for it.
  std::chrono::microseconds Next(bool wanted = true);
  // Spread alike, but no less than this: what a server wants us to wait.
  std::chrono::microseconds AtLeast(std::chrono::milliseconds least);
  void Reset() { next_ = options_.initial; }

 private:
  const Options options_;
  std::minstd_rand random_;
  std::chrono::microseconds next_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_BACKOFF_H_
