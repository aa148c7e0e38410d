#ifndef EARSHOT_TESTS_SIMULATION_LOOP_RESULT_H_
#define EARSHOT_TESTS_SIMULATION_LOOP_RESULT_H_

#include <cstdint>
#include <string>

#include "server/session.h"

namespace earshot {

// What a simulated loop came to.
struct LoopResult {
  int64_t underruns_first_minute = 0;
  int64_t underruns_later = 0;
  UnderrunCounts causes;  // of both
  // Of what follows the first minute.
  double lead_p5_ms = 0;
  double lead_p50_ms = 0;
  double lead_p95_ms = 0;
  double worst_error_ms = 0;  // |mean margin - target|, as Progress tells it
  double steering_mean_ppm = 0;
  double steering_sd_ppm = 0;
  double target_ms = 0;  // at the end
  // How long it took until the mean margin was at most 1 ms above the floor.
  double at_floor_after_s = -1;
  int64_t skipped_frames = 0;
  double stalled_ms = 0;
  // produced - played - skipped, after the end was played: nothing else.
  int64_t unaccounted_frames = 0;
  bool refused = false;

  // Adds the underruns of another run, and takes what else is worse there.
  void Merge(const LoopResult& other);
  // A line for programs.
  std::string Line(const std::string& name) const;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_LOOP_RESULT_H_
