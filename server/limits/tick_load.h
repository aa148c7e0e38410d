#ifndef EARSHOT_SERVER_LIMITS_TICK_LOAD_H_
#define EARSHOT_SERVER_LIMITS_TICK_LOAD_H_

#include <chrono>

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// Whether one play-out thread keeps up with its ticks. It judges seconds: one
// is hot if the ticks took most of it, or most of them began later than the
// least margin is long; calm if neither is near. Two hot ones in a row are
// overload, five calm ones in a row its end. Thread: the play-out thread.
class TickLoad {
 public:
  // A tick began so late, at `now`, and took so long, whoever had the CPU.
  void OnTick(std::chrono::nanoseconds late, std::chrono::nanoseconds took,
              MonotonicTime now);
  // There is nothing to play.
  void OnIdle() { *this = {}; }

  bool overloaded() const { return overloaded_; }

 private:
  void Judge(std::chrono::nanoseconds time);

  MonotonicTime second_began_{};  // 0: with the next tick
  std::chrono::nanoseconds busy_{0};
  int ticks_ = 0;
  int late_ticks_ = 0;
  int in_a_row_ = 0;  // seconds that speak against what it says
  bool overloaded_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_TICK_LOAD_H_
