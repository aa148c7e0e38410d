#ifndef EARSHOT_TESTS_SIMULATION_PLAYBACK_LOOP_H_
#define EARSHOT_TESTS_SIMULATION_PLAYBACK_LOOP_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "server/session.h"
#include "tests/simulation/network_path.h"

namespace earshot {

// From when to when something is so, in virtual time.
struct Interval {
  std::chrono::nanoseconds begin;
  std::chrono::nanoseconds end;
};

// What is simulated: a client and a server, each with its own clock and its own
// lateness of threads, and a network between them.
struct LoopSpec {
  std::string name;
  std::chrono::seconds duration{3600};
  std::chrono::milliseconds packet{10};
  bool low_latency = false;
  // By how much the server's clock runs faster.
  double drift_ppm = 0;
  PathSpec forward;
  PathSpec backward;
  std::vector<Blackout> blackouts;  // of both ways
  double lost_progress = 0;         // share
  std::vector<Interval> pauses;     // the guest has stopped its stream
  std::vector<Interval> frozen;     // the client's loop does not run
  // Instants at which the client's clock leaps forward by a second.
  std::vector<std::chrono::nanoseconds> leaps;
  // The sink pulls so much at a time; its usual one pulls what is due.
  std::chrono::milliseconds card_chunk{0};
  PlayoutConfig config;
  uint32_t seed = 1;
};

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

// Runs it to its end. Deterministic.
LoopResult RunLoop(const LoopSpec& spec);

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_PLAYBACK_LOOP_H_
