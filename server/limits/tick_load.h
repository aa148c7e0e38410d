#ifndef EARSHOT_SERVER_LIMITS_TICK_LOAD_H_
#define EARSHOT_SERVER_LIMITS_TICK_LOAD_H_

#include <chrono>

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// What is too much for a play-out thread. Shares are of the time and of the
// ticks.
struct LoadLimits {
  // What is judged at once.
  std::chrono::milliseconds span{1000};
  // Ticks that begin so late are late ones: the least margin that packets
  // arrive with.
  std::chrono::milliseconds late{10};
  // Hot: more than one of these. Calm: less than both of those.
  double hot_busy = 0.8;
  double hot_late = 0.5;
  double calm_busy = 0.6;
  double calm_late = 0.1;
  // So many in a row are overload, and its end.
  int hot_spans = 2;
  int calm_spans = 5;
};

// Whether one play-out thread keeps up with its ticks. It judges seconds: one
// is hot if the ticks took most of it, or most of them began later than the
// least margin is long; calm if neither is near. Two hot ones in a row are
// overload, five calm ones in a row its end; LoadLimits say what all that is.
// Thread: the play-out thread.
class TickLoad {
 public:
  explicit TickLoad(const LoadLimits& limits = {}) : limits_(limits) {}

  // A tick began so late, at `now`, and took so long, whoever had the CPU.
  void OnTick(std::chrono::nanoseconds late, std::chrono::nanoseconds took,
              MonotonicTime now);
  // There is nothing to play.
  void OnIdle() { *this = TickLoad(limits_); }

  bool overloaded() const { return overloaded_; }

 private:
  void Judge(std::chrono::nanoseconds time);

  LoadLimits limits_;
  MonotonicTime span_began_{};  // 0: with the next tick
  std::chrono::nanoseconds busy_{0};
  int ticks_ = 0;
  int late_ticks_ = 0;
  int in_a_row_ = 0;  // spans that speak against what it says
  bool overloaded_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_TICK_LOAD_H_
