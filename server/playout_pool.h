#ifndef EARSHOT_SERVER_PLAYOUT_POOL_H_
#define EARSHOT_SERVER_PLAYOUT_POOL_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/limits/overload_detector.h"
#include "server/metrics/tick_lateness.h"
#include "server/session_playout.h"

namespace earshot {

// The threads that play: each ticks its sessions every 5 ms, at absolute
// times, so that nothing drifts. Those that rest are passed over until they are
// due, or stirred. A session stays with its thread.
class PlayoutPool {
 public:
  static constexpr std::chrono::milliseconds kTick{5};
  // How often it looks who of those that rest is due.
  static constexpr std::chrono::milliseconds kLook{50};

  // `overload`, which may be null, has as many threads, and outlives the pool.
  // `ticked` is called when a thread has ticked its sessions; it may not block.
  explicit PlayoutPool(
      int threads, OverloadDetector* overload = nullptr,
      std::function<void()> ticked = [] {});
  // Stops what still plays.
  ~PlayoutPool();

  PlayoutPool(const PlayoutPool&) = delete;
  PlayoutPool& operator=(const PlayoutPool&) = delete;

  // Any thread. After Stop() the playout is stopped at once.
  void Add(std::unique_ptr<SessionPlayout> playout);
  // Ends all sessions at once and the threads with them. Idempotent.
  void Stop();

  const TickLateness& lateness() const { return lateness_; }

 private:
  using Playouts = std::vector<std::unique_ptr<SessionPlayout>>;

  struct Worker {
    std::mutex incoming_mutex;  // guards all but the thread
    std::condition_variable changed;
    Playouts incoming;
    bool stop = false;
    bool stirred = false;  // one of those that rest was
    size_t load = 0;
    std::thread thread;
  };

  void Run(size_t number, Worker* worker);

  OverloadDetector* const overload_;
  const std::function<void()> ticked_;

  TickLateness lateness_;
  std::vector<std::shared_ptr<Worker>> workers_;  // and of who may stir them
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_PLAYOUT_POOL_H_
